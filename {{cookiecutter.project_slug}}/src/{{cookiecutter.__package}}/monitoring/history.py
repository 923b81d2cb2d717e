"""Every judged window in one table of an SQLite file, and the alerts in another.

A window is stored whole or not at all; judging it again replaces it, so a job that runs twice changes
nothing. The columns ``judged`` and ``alert`` are JSON: ``SELECT name, json_extract(value,
'$.subject') FROM history, json_each(judged, '$.findings')`` lists the findings.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from ..errors import DataError
from .finding import Finding

SCHEMA = """
CREATE TABLE IF NOT EXISTS history (
    model TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, judged TEXT NOT NULL,
    PRIMARY KEY (model, version, name)
) STRICT;
CREATE TABLE IF NOT EXISTS alert_history (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, alert TEXT NOT NULL
) STRICT;
"""
BUSY_S = 30.0


@dataclass(frozen=True, kw_only=True)
class JudgedWindow:
    """A window as it was judged last."""

    model: str
    version: int
    first: date
    last: date
    complete: bool
    rows: int
    labelled: int
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """The first day, in ISO 8601."""
        return self.first.isoformat()

    @property
    def days(self) -> int:
        """Its length."""
        return (self.last - self.first).days + 1

    def quality(self, metric: str) -> Finding | None:
        """A metric of all its rows, where enough labels were known."""
        key = ("quality", metric, "")
        return next((finding for finding in self.findings if finding.key == key), None)


JUDGED = TypeAdapter(JudgedWindow)


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, made where there is none; one transaction, committed where nothing was raised.

    Raises:
        DataError: it cannot be opened, or is no SQLite file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=BUSY_S)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
    except (sqlite3.Error, OSError) as error:
        raise DataError(
            f"the history '{path}' cannot be used: {error}; set monitor.history to another file,"
            " or move this one away"
        ) from None


def store_window(path: Path, window: JudgedWindow) -> None:
    """Put a window in, or in the place of what was judged of it before."""
    content = JUDGED.dump_json(window).decode()
    with connected(path) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)",
            (window.model, window.version, window.name, content),
        )


def read_windows(path: Path, model: str, version: int | None = None) -> list[JudgedWindow]:
    """Of a model, or of one version of it, in the order of time."""
    with connected(path) as connection:
        rows = connection.execute(
            "SELECT judged FROM history WHERE model = ? AND version = coalesce(?, version)"
            " ORDER BY name, version",
            (model, version),
        )
        return [JUDGED.validate_json(text) for (text,) in rows]
