"""Every window that was judged, in one SQLite file that any tool can query.

``windows`` has a row for each window of each model version, ``findings`` what was found in it,
``shapes`` how its columns lay, as JSON. A window is kept whole or not at all; judging it again replaces it, so a job that runs twice changes
nothing, and labels that come late open a window again.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from .finding import Finding
from .shape import Shape

SCHEMA = """
CREATE TABLE IF NOT EXISTS windows (
    model TEXT NOT NULL, version INTEGER NOT NULL, length TEXT NOT NULL, name TEXT NOT NULL,
    first TEXT NOT NULL, last TEXT NOT NULL, rows INTEGER NOT NULL, labelled INTEGER NOT NULL,
    complete INTEGER NOT NULL, fingerprint TEXT NOT NULL, judged TEXT NOT NULL,
    PRIMARY KEY (model, version, length, name)
) STRICT;
CREATE TABLE IF NOT EXISTS findings (
    model TEXT NOT NULL, version INTEGER NOT NULL, length TEXT NOT NULL, window TEXT NOT NULL,
    kind TEXT NOT NULL, subject TEXT NOT NULL, part TEXT NOT NULL, measure TEXT NOT NULL,
    value REAL, low REAL, high REAL, "limit" REAL, p_value REAL, rows INTEGER NOT NULL,
    breach INTEGER NOT NULL, gross TEXT NOT NULL,
    PRIMARY KEY (model, version, length, window, kind, subject, part, measure),
    FOREIGN KEY (model, version, length, window)
        REFERENCES windows (model, version, length, name) ON DELETE CASCADE
) STRICT;
CREATE TABLE IF NOT EXISTS shapes (
    model TEXT NOT NULL, version INTEGER NOT NULL, length TEXT NOT NULL, window TEXT NOT NULL,
    shapes TEXT NOT NULL,
    PRIMARY KEY (model, version, length, window),
    FOREIGN KEY (model, version, length, window)
        REFERENCES windows (model, version, length, name) ON DELETE CASCADE
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
    rows: int
    labelled: int
    complete: bool
    fingerprint: str
    """Of what it was judged from: the same again needs no judging."""
    judged: datetime


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, made where there is none; one transaction, kept where nothing was raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        with connection:
            yield connection


class History:
    """Reads and writes what was judged."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(
        self, window: Judged, findings: Sequence[Finding], shapes: Sequence[Shape] = ()
    ) -> None:
        """Put a window in, or in the place of what was judged of it before."""
        place = (window.model, window.version, window.length, window.name)
        with connected(self.path) as connection:
            connection.execute(
                "DELETE FROM windows WHERE (model, version, length, name) = (?, ?, ?, ?)", place
            )
            values = [getattr(window, field.name) for field in fields(Judged)]
            values[-1] = window.judged.isoformat(timespec="seconds")
            connection.execute(f"INSERT INTO windows VALUES ({_marks(values)})", values)
            rows = [
                (*place, *(getattr(f, field.name) for field in fields(Finding))) for f in findings
            ]
            if rows:
                names = ", ".join(f'"{field.name}"' for field in fields(Finding))
                connection.executemany(
                    f"INSERT INTO findings (model, version, length, window, {names})"
                    f" VALUES ({_marks(rows[0])})",
                    rows,
                )
            if shapes:
                told = json.dumps([asdict(shape) for shape in shapes])
                connection.execute("INSERT INTO shapes VALUES (?, ?, ?, ?, ?)", (*place, told))

    def windows(self, model: str, version: int | None = None) -> list[Judged]:
        """Of a model, or of one version of it, in the order of time."""
        with connected(self.path) as connection:
            rows = connection.execute(
                "SELECT * FROM windows WHERE model = ? AND version = coalesce(?, version)"
                " ORDER BY first, name, version",
                (model, version),
            ).fetchall()
        names = [field.name for field in fields(Judged)]
        kept = [dict(zip(names, row, strict=True)) for row in rows]
        return [
            Judged(
                **row
                | {
                    "complete": bool(row["complete"]),
                    "judged": datetime.fromisoformat(row["judged"]),
                }
            )
            for row in kept
        ]

    def findings(
        self, model: str, version: int, *, length: str | None = None, window: str | None = None
    ) -> dict[str, list[Finding]]:
        """By window, in the order of time, and within a window as they were given."""
        names = [field.name for field in fields(Finding)]
        columns = ", ".join(f'f."{name}"' for name in names)
        with connected(self.path) as connection:
            rows = connection.execute(
                f"SELECT f.window, {columns} FROM findings f JOIN windows w"
                " ON (f.model, f.version, f.length, f.window)"
                " = (w.model, w.version, w.length, w.name)"
                " WHERE f.model = ? AND f.version = ? AND f.length = coalesce(?, f.length)"
                " AND f.window = coalesce(?, f.window) ORDER BY w.first, w.name, f.rowid",
                (model, version, length, window),
            ).fetchall()
        found: dict[str, list[Finding]] = {}
        for name, *values in rows:
            row = dict(zip(names, values, strict=True))
            found.setdefault(name, []).append(Finding(**row | {"breach": bool(row["breach"])}))
        return found

    def shapes(self, window: Judged) -> list[Shape]:
        """How the columns of a window lay; none of one that was kept without."""
        place = (window.model, window.version, window.length, window.name)
        with connected(self.path) as connection:
            found = connection.execute(
                "SELECT shapes FROM shapes WHERE (model, version, length, window) = (?, ?, ?, ?)",
                place,
            ).fetchone()
        return [_shape(shape) for shape in json.loads(found[0])] if found else []


def _shape(told: dict[str, Any]) -> Shape:
    column = told.pop("column")
    return Shape(column=column, **{name: tuple(values) for name, values in told.items()})


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
