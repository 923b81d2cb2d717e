"""Records of one id or one request, taken out of the whole log."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from ...errors import DataError
from ...storage import new_file
from ...terminal import say
from ..live import OUTPUTS, rows_of, whole
from ..segments import LABELS, MODE, PREDICTIONS, Segment
from .maintenance import STEMS, close_segments, lines_of, maintained, segments_in
from .parquet import write

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Whose:
    """What is to be forgotten: the rows and labels of an id, or all of a request."""

    value: str
    column: str | None
    """The contract's id column; ``None`` where the value is a request's id."""

    def without(self, stem: str, record: Record) -> tuple[Record | None, int]:
        """What is left of a record, and how many of its rows or labels go."""
        if self.column is None or stem == LABELS:
            key = "request_id" if self.column is None else "id"
            gone = record.get(key) is not None and str(record[key]) == self.value
            n_gone = (len(rows_of(record) or ()) if stem == PREDICTIONS else 1) if gone else 0
            return (None, n_gone) if gone else (record, 0)
        return self._without_rows(self.column, record)

    def _without_rows(self, column: str, record: Record) -> tuple[Record | None, int]:
        (output,) = (name for name in OUTPUTS if name in record)
        rows = rows_of(record) or []
        pairs = [
            (row, answer)
            for row, answer in zip(rows, record[output], strict=True)
            if row.get(column) is None or str(row[column]) != self.value
        ]
        if len(pairs) == len(rows):
            return record, 0
        left = {"rows": [row for row, _ in pairs], output: [answer for _, answer in pairs]}
        shared = {name: value for name, value in record.items() if name != "columns"}
        return ({**shared, **left} if pairs else None), len(rows) - len(pairs)


@dataclass(kw_only=True)
class Forgotten:
    """What went."""

    rows: int = 0
    requests: int = 0
    """Requests that rows were of."""
    labels: int = 0
    files: int = 0
    """Files that were written again, or deleted for want of other records."""


def forget(folder: Path, whose: Whose, wait_s: float = 10.0) -> Forgotten:
    """Take records out of every file, each in one step, beside running servers too.

    A line that is torn or no answer goes wherever it is: nobody can tell whose it was.

    Raises:
        DataError: a server holds on to a segment for more than ``wait_s``; all others are done.
    """
    done, late = Forgotten(), 0
    with maintained(folder):
        for stem in STEMS:
            ready, others = close_segments(folder, stem, wait_s)
            late += sum(_holds(segment, whose) for segment in others)
            for segment in ready:
                _forget_in(segment, stem, whose, done)
    say(
        f"forgot    {done.rows:,} rows of {done.requests:,} requests, and {done.labels:,} labels,"
        f" in {done.files:,} files"
    )
    if late:
        raise DataError(
            f"{late} more files hold '{whose.value}', but a server still writes to them;"
            " run it again, or stop the server before"
        )
    return done


def _forget_in(segment: Segment, stem: str, whose: Whose, done: Forgotten) -> None:
    if not _holds(segment, whose):
        return
    done.files += 1
    with new_file(segment.path, MODE) as staging:
        kept = _kept(lines_of(segment), stem, whose, done)
        if segment.compacted:
            left = write(staging, kept, segments_in(segment.path))
        else:
            with staging.open("wb") as target:
                left = sum(target.write(line) > 0 for line in kept)
    if not left:
        segment.path.unlink()


def _kept(lines: Iterable[bytes], stem: str, whose: Whose, done: Forgotten) -> Iterator[bytes]:
    """The lines that are left; the others are counted."""
    for line in lines:
        record = whole(line)
        if record is None or (stem == PREDICTIONS and rows_of(record) is None):
            continue
        left, n_gone = whose.without(stem, record)
        if stem == PREDICTIONS:
            done.rows += n_gone
            done.requests += n_gone > 0
        else:
            done.labels += n_gone
        if left is not None:
            yield (to_json(left) if n_gone else line.rstrip(b"\n")) + b"\n"


def _holds(segment: Segment, whose: Whose) -> bool:
    """Whether a file may have to be written again: it has the text somewhere, or a torn line."""
    text = to_json(whose.value)[1:-1]
    return any(text in line or whole(line) is None for line in lines_of(segment))
