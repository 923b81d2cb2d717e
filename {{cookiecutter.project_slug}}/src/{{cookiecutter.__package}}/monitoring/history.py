"""Every judged window in one table of an SQLite file, and the alerts in another.

A window is kept whole or not at all; judging it again replaces it, so a job that runs twice changes
nothing. ``findings`` and ``shapes`` are JSON: ``SELECT name, json_extract(value, '$.subject') FROM
history, json_each(findings)`` lists them.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import DataError
from .drift import Shape
from .finding import Finding

SCHEMA = """
CREATE TABLE IF NOT EXISTS history (
    model TEXT NOT NULL, version INTEGER NOT NULL, length TEXT NOT NULL, name TEXT NOT NULL,
    first TEXT NOT NULL, last TEXT NOT NULL, begin_s INTEGER NOT NULL, rows INTEGER NOT NULL,
    labelled INTEGER NOT NULL, complete INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    judged TEXT NOT NULL, findings TEXT NOT NULL, shapes TEXT NOT NULL,
    PRIMARY KEY (model, version, length, name)
) STRICT;
CREATE TABLE IF NOT EXISTS alert_history (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, state TEXT NOT NULL, alert TEXT NOT NULL
) STRICT;
"""
BUSY_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A window as it was judged last."""

    model: str
    version: int
    length: str
    """Such as ``7 days`` or ``400 rows``."""
    name: str
    """The first day in ISO 8601, or ``row-000001``; in the order of time."""
    first: str
    last: str
    """Its days, in ISO 8601."""
    begin_s: int
    """The time of its first row, UTC seconds."""
    rows: int
    labelled: int
    complete: bool
    fingerprint: str
    """Of what it was judged from: the same again needs no judging."""
    judged: datetime


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, made where there is none; one transaction, kept where nothing was raised.

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


class History:
    """Reads and writes what was judged."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(
        self, window: Judged, findings: Sequence[Finding], shapes: Sequence[Shape] = ()
    ) -> None:
        """Put a window in, or in the place of what was judged of it before."""
        row = asdict(window) | {"judged": window.judged.isoformat(timespec="seconds")}
        row |= {"findings": _json(findings), "shapes": _json(shapes)}
        marks = ", ".join("?" * len(row))
        with connected(self.path) as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO history ({', '.join(row)}) VALUES ({marks})",
                list(row.values()),
            )

    def windows(self, model: str, version: int | None = None) -> list[Judged]:
        """Of a model, or of one version of it, in the order of time."""
        names = [field.name for field in fields(Judged)]
        with connected(self.path) as connection:
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM history WHERE model = ?"
                " AND version = coalesce(?, version) ORDER BY first, name, version",
                (model, version),
            ).fetchall()
        known = [dict(zip(names, row, strict=True)) for row in rows]
        return [
            Judged(
                **row
                | {
                    "complete": bool(row["complete"]),
                    "judged": datetime.fromisoformat(row["judged"]),
                }
            )
            for row in known
        ]

    def findings(
        self, model: str, version: int, *, length: str | None = None, window: str | None = None
    ) -> dict[str, list[Finding]]:
        """By window that has some, in the order of time, and within a window as they were given."""
        with connected(self.path) as connection:
            rows = connection.execute(
                "SELECT name, findings FROM history WHERE model = ? AND version = ?"
                " AND length = coalesce(?, length) AND name = coalesce(?, name)"
                " ORDER BY first, name",
                (model, version, length, window),
            ).fetchall()
        found = {name: [Finding(**one) for one in json.loads(text)] for name, text in rows}
        return {name: findings for name, findings in found.items() if findings}

    def shapes(self, window: Judged) -> list[Shape]:
        """How the columns of a window lay; none of one that was kept without."""
        with connected(self.path) as connection:
            row = connection.execute(
                "SELECT shapes FROM history WHERE (model, version, length, name) = (?, ?, ?, ?)",
                (window.model, window.version, window.length, window.name),
            ).fetchone()
        return [
            Shape(column=one.pop("column"), **{name: tuple(values) for name, values in one.items()})
            for one in json.loads(row[0] if row else "[]")
        ]


def _json(things: Sequence[Any]) -> str:
    return json.dumps([asdict(thing) for thing in things])
