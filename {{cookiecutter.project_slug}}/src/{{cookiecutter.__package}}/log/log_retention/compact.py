"""The log made smaller: days that are over become Parquet, those beyond retention go.

Nothing is lost or doubled by a kill: a Parquet file gets its name once it is whole, and readers pass
over the segments that it names until these are deleted.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from pathlib import Path

import pyarrow.parquet as pq
from filelock import FileLock

from ...atomic import new_file
from ...errors import DataError
from ...terminal import say
from .. import compacted
from ..live import whole
from ..segments import MODE, SERVICE, STEMS, Segment, close_segment, is_free, listed

LOOK_S = 0.05


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
            for segment in listed(folder, stem):
                if _is_open(segment) and (segment.day < today or is_free(segment.path)):
                    with suppress(OSError):  # in use on Windows; the next run finds it again
                        close_segment(segment.path)
            late = wait_for_writers(folder, stem, wait_s)
            in_use += len(late)
            files = [segment for segment in listed(folder, stem) if segment not in late]
            for segment in (one for one in files if one.day < oldest and not _is_open(one)):
                segment.path.unlink()
                deleted += 1
            left = [one for one in files if one.closed and one.day >= oldest]
            for day, closed in groupby(left, lambda one: one.day):
                paths = [segment.path for segment in closed]
                records += _compact_day(folder, stem, day, paths)
                segments += len(paths)
        for segment in (one for one in listed(folder, SERVICE) if one.day < oldest):
            segment.path.unlink()  # a line a minute is small enough to stay as it is until then
            deleted += 1
    done = Compaction(records=records, segments=segments, deleted=deleted, in_use=in_use)
    _show(done, folder)
    return done


@contextmanager
def maintained(folder: Path) -> Iterator[None]:
    """Be the only one to change files of the log, once what a kill left behind is gone.

    Raises:
        DataError: a file cannot be read or written; what is in the log is as it was.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".maintenance.lock"):
            for stem in STEMS:
                _sweep(folder, stem)
            yield
    except OSError as error:
        raise DataError(
            f"the log in '{folder}' cannot be changed: {error}; it is whole, so run the command"
            " again with room on the disk, as the user whose servers write it"
        ) from None


def _sweep(folder: Path, stem: str) -> None:
    for staging in folder.glob(f".{stem}-*"):
        staging.unlink()
    for segment in [one for one in listed(folder, stem) if one.compacted]:
        with pq.ParquetFile(segment.path) as file:
            names = compacted.absorbed(file)
        for name in names:
            (folder / name).unlink(missing_ok=True)


def wait_for_writers(folder: Path, stem: str, wait_s: float) -> list[Segment]:
    """The closed segments that still have a writer when the time is over."""
    deadline = time.monotonic() + wait_s
    waiting = [segment for segment in listed(folder, stem) if segment.closed]
    while waiting := [segment for segment in waiting if not is_free(segment.path)]:
        if time.monotonic() > deadline:
            break
        time.sleep(LOOK_S)
    return waiting


def lines_of(paths: list[Path]) -> Iterator[bytes]:
    """The whole lines of segments."""
    for path in paths:
        with path.open("rb") as file:
            yield from (line for line in file if whole(line) is not None)


def _compact_day(folder: Path, stem: str, day: date, paths: list[Path]) -> int:
    target = folder / f"{stem}-{day}-{secrets.token_hex(4)}.parquet"
    lines, count = lines_of(paths), 0
    if (first := next(lines, None)) is not None:
        with new_file(target, MODE) as staging:
            names = [path.name for path in paths]
            count = compacted.write(staging, chain([first], lines), names)
    for path in paths:
        path.unlink()
    return count


def _is_open(segment: Segment) -> bool:
    return not segment.closed and not segment.compacted


def _show(done: Compaction, folder: Path) -> None:
    say(f"compacted {done.records:,} records of {done.segments:,} segments in '{folder}'")
    if done.deleted:
        say(f"deleted   {done.deleted:,} files older than serve.log_days")
    if done.in_use:
        say(f"in use    {done.in_use:,} segments; a server still writes to them, so run it again")
