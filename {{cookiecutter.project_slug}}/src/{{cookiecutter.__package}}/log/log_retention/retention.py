"""Files of the log to which nobody writes any more: compressed, deleted, or rid of somebody's records.

A server writes to the file of the present day, and may be at yesterday's last record while the day
changes. Older files are changed in one step each, so that a kill leaves every one as it was or done.
"""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from filelock import FileLock
from pydantic_core import to_json

from ...errors import DataError
from ...storage import new_file
from ...terminal import say
from ..live import (
    LABELS,
    MODE,
    PREDICTIONS,
    Record,
    compacted,
    day_of,
    files_of,
    open_file,
    output_of,
    whole,
)

LEVEL = 6
"""Of compression: 9 takes four times as long for a twentieth less."""


def compact(folder: Path, keep_days: int | None = None) -> None:
    """Compress each file of the days before yesterday; delete those older than ``keep_days``.

    Raises:
        DataError: the disk is full, or not ours to write to.
    """
    today, n_compressed, n_deleted = datetime.now(UTC).date(), 0, 0
    oldest = date.min if keep_days is None else today - timedelta(days=keep_days)
    with _alone(folder):
        for path in _files(folder):
            if not _is_closed(path):
                continue
            if day_of(path) < oldest:
                path.unlink()
                n_deleted += 1
            elif path.suffix != ".gz":
                with open_file(path) as lines:
                    _write(compacted(path), lines)
                path.unlink()
                n_compressed += 1
    say(f"compacted {n_compressed:,} files in '{folder}', deleted {n_deleted:,}")


def forget(folder: Path, value: str, column: str | None) -> None:
    """Take the records of an id out of the days before yesterday; count those in later files.

    ``column`` is the contract's id column; without one, the id is a request's. A torn line that
    holds the id goes as well.

    Raises:
        DataError: the disk is full, or not ours to write to.
    """
    n_files = n_records = n_waiting = 0
    with _alone(folder):
        for path in _files(folder):
            with open_file(path) as lines:
                count = sum(_without(line, value, column) != line for line in lines)
            if count and _is_closed(path):
                with open_file(path) as lines:
                    _write(path, (_without(line, value, column) for line in lines))
                n_files, n_records = n_files + 1, n_records + count
            elif count:
                n_waiting += count
    say(f"forgot    {n_records:,} records in {n_files:,} files of '{folder}'")
    if n_waiting:
        say(
            f"waiting   {n_waiting:,} records are of today or yesterday; their files are still"
            " written to, so run it again in two days"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one to change the log, once what a kill left behind is gone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".maintenance.lock"):
            for staging in folder.glob(".*.jsonl*"):
                staging.unlink()
            for done in folder.glob("*.jsonl.gz"):
                done.with_suffix("").unlink(missing_ok=True)
            yield
    except (OSError, EOFError) as error:
        raise DataError(
            f"the log in '{folder}' cannot be changed: {error}; it is whole, so run the command"
            " again with room on the disk, as the user whose servers write it"
        ) from None


def _files(folder: Path) -> list[Path]:
    return [path for stem in (PREDICTIONS, LABELS) for path in files_of(folder, stem)]


def _is_closed(path: Path) -> bool:
    """Whether no server writes to a file any more."""
    return day_of(path) < datetime.now(UTC).date() - timedelta(days=1)


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Put lines in the place of a file, compressed where its name says so."""
    with new_file(path, MODE) as staging:
        compress = path.suffix == ".gz"
        with gzip.open(staging, "wb", LEVEL) if compress else staging.open("wb") as target:
            target.writelines(lines)


def _without(line: bytes, value: str, column: str | None) -> bytes:
    """What is left of a line without the rows or the label of an id."""
    if to_json(value)[1:-1] not in line:
        return line
    record = whole(line)
    if record is None:
        return b""
    output = output_of(record)
    if column is None or output is None:
        key = "request_id" if column is None else "id"
        return b"" if _is(value, record.get(key)) else line
    pairs = zip(record["rows"], record[output], strict=True)
    left = [(row, answer) for row, answer in pairs if not _is(value, row.get(column))]
    if len(left) == len(record["rows"]):
        return line
    rows: Record = {"rows": [row for row, _ in left], output: [answer for _, answer in left]}
    return to_json(record | rows) + b"\n" if left else b""


def _is(value: str, given: object) -> bool:
    return given is not None and str(given) == value
