"""The log made smaller: days that are over become Parquet, those beyond retention go.

Nothing is lost or doubled by a kill: a Parquet file gets its name once it is whole, and readers pass
over the segments that it names until these are deleted.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from pathlib import Path

from ...storage import new_file
from ...terminal import say
from ..live import whole
from ..segments import MODE, Segment
from .maintenance import STEMS, close_segments, is_closed, is_free, lines_of, maintained
from .parquet import write


@dataclass(frozen=True, kw_only=True)
class Compaction:
    """What one run did."""

    records: int
    """Records that are in Parquet now and were not before."""
    segments: int
    """Files that they were in."""
    deleted: int
    """Files beyond retention."""
    in_use: int
    """Closed segments that a process has not let go of yet; the next run takes them."""


def compact(folder: Path, keep_days: int | None = None, wait_s: float = 10.0) -> Compaction:
    """Compact the days that are over and what dead processes left; delete what is too old.

    ``wait_s`` is how long running servers have to let go of segments of former days.

    Raises:
        DataError: the disk is full, or not ours to write to.
    """
    today = datetime.now(UTC).date()
    oldest = date.min if keep_days is None else today - timedelta(days=keep_days)
    records = segments = deleted = in_use = 0
    with maintained(folder):
        for stem in STEMS:
            ready, others = close_segments(
                folder, stem, wait_s, lambda one: one.day < today or is_free(one.path)
            )
            in_use += sum(is_closed(segment) for segment in others)
            for segment in (one for one in ready if one.day < oldest):
                segment.path.unlink()
                deleted += 1
            left = [one for one in ready if is_closed(one) and one.day >= oldest]
            segments += len(left)
            for day, closed in groupby(left, lambda one: one.day):
                records += _compact_day(folder, stem, day, list(closed))
    done = Compaction(records=records, segments=segments, deleted=deleted, in_use=in_use)
    _show(done, folder)
    return done


def _compact_day(folder: Path, stem: str, day: date, segments: list[Segment]) -> int:
    target = folder / f"{stem}-{day}-{secrets.token_hex(4)}.parquet"
    lines = (line for one in segments for line in lines_of(one) if whole(line) is not None)
    count = 0
    if (first := next(lines, None)) is not None:
        with new_file(target, MODE) as staging:
            count = write(staging, chain([first], lines), [one.path.name for one in segments])
    for segment in segments:
        segment.path.unlink()
    return count


def _show(done: Compaction, folder: Path) -> None:
    say(f"compacted {done.records:,} records of {done.segments:,} segments in '{folder}'")
    if done.deleted:
        say(f"deleted   {done.deleted:,} files older than log_retention.days")
    if done.in_use:
        say(f"in use    {done.in_use:,} segments; a server still writes to them, so run it again")
