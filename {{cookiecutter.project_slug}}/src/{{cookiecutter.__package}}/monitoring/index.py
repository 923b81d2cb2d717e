"""Which windows each day of the log has rows in: what is unchanged need not be read again."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from sqlite3 import Connection

import numpy as np

from ..log.segments import Segment, listed
from .history import connected
from .served import Hashes
from .windows import Span

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_days (
    model TEXT NOT NULL, version INTEGER NOT NULL, length TEXT NOT NULL, stem TEXT NOT NULL,
    day TEXT NOT NULL, fingerprint TEXT NOT NULL, rows INTEGER NOT NULL, spans TEXT NOT NULL,
    hashes BLOB NOT NULL, PRIMARY KEY (model, version, length, stem, day)
) STRICT;
"""


@dataclass(frozen=True, kw_only=True)
class LogDay:
    """A day of the log as it was read last; its files may be gone since."""

    stem: str
    day: date
    fingerprint: str
    rows: int
    spans: Mapping[int, Span]
    """By number of window; where these go by rows, one of the whole day."""


class Index:
    """Days of a version's log, in the monitoring file, for windows of one length."""

    def __init__(self, path: Path, model: str, version: int, length: str) -> None:
        self._path = path
        self._of = (model, version, length)

    def days(self, stem: str) -> dict[date, LogDay]:
        """Every day that was ever read, oldest first."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT day, fingerprint, rows, spans FROM log_days"
                " WHERE (model, version, length, stem) = (?, ?, ?, ?) ORDER BY day",
                (*self._of, stem),
            ).fetchall()
        return {
            date.fromisoformat(day): LogDay(
                stem=stem,
                day=date.fromisoformat(day),
                fingerprint=mark,
                rows=count,
                spans={
                    int(number): Span(first=first, last=last, rows=held, newest_s=newest)
                    for number, (first, last, held, newest) in json.loads(spans).items()
                },
            )
            for day, mark, count, spans in rows
        }

    def hashes(self, stem: str, days: Iterable[date]) -> Iterator[tuple[date, Hashes]]:
        """The sorted hashes of the keys of days that were read, one day after the other."""
        with self._connected() as connection:
            for day in days:
                row = connection.execute(
                    "SELECT hashes FROM log_days"
                    " WHERE (model, version, length, stem, day) = (?, ?, ?, ?, ?)",
                    (*self._of, stem, day.isoformat()),
                ).fetchone()
                yield day, np.frombuffer(row[0] if row else b"", np.uint64)

    def keep(self, days: Iterable[tuple[LogDay, Hashes]]) -> None:
        """Put days in, or in the place of what was read of them before."""
        rows = [
            (
                *(*self._of, day.stem, day.day.isoformat(), day.fingerprint, day.rows),
                json.dumps({number: astuple(span) for number, span in sorted(day.spans.items())}),
                np.sort(hashes).tobytes(),
            )
            for day, hashes in days
        ]
        with self._connected() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO log_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with connected(self._path) as connection:
            connection.execute(SCHEMA)
            yield connection


def marks(folder: Path, stem: str) -> dict[date, str]:
    """What tells one state of a day's files from another, without reading them."""
    while True:
        with suppress(FileNotFoundError):  # renamed or deleted since they were listed
            return _marks(listed(folder, stem))


def _marks(segments: Iterable[Segment]) -> dict[date, str]:
    files: dict[date, list[str]] = {}
    for segment in segments:
        found = segment.path.stat()
        files.setdefault(segment.day, []).append(
            f"{segment.path.name} {found.st_size} {found.st_mtime_ns}"
        )
    return {
        day: blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
        for day, lines in sorted(files.items())
    }


def overlap(some: Hashes, others: Hashes) -> bool:
    """Whether any of some is among others, which are sorted."""
    if not len(some) or not len(others):
        return False
    at = np.minimum(np.searchsorted(others, some), len(others) - 1)
    return bool((others[at] == some).any())
