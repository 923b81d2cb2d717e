"""Alerts and who is still to be told of them, in the file of the history.

What becomes of an alert and the deliveries that this asks for are written in one transaction, and
only then is anything sent: a crash in between loses no message (an outbox).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Literal

from ..history import connected
from .decide import Key

SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, part TEXT NOT NULL, severity TEXT NOT NULL, state TEXT NOT NULL,
    since TEXT NOT NULL, opened TEXT NOT NULL, resolved TEXT, measure TEXT NOT NULL,
    value REAL NOT NULL, "limit" REAL, text TEXT NOT NULL, report TEXT NOT NULL,
    command TEXT NOT NULL, ended TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS open_alerts ON alerts (model, kind, subject, part)
    WHERE state = 'open';
CREATE TABLE IF NOT EXISTS deliveries (
    alert INTEGER NOT NULL REFERENCES alerts (id), event TEXT NOT NULL, sink TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at TEXT NOT NULL,
    PRIMARY KEY (alert, event, sink)
) STRICT;
"""
Event = Literal["raised", "resolved"]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something beyond what is ordinary for long enough, from the window it began in until it ends."""

    id: int
    model: str
    version: int
    kind: str
    subject: str
    part: str
    severity: str
    state: str
    """``open`` or ``resolved``."""
    since: str
    """The name of the first window of the breach."""
    opened: datetime
    resolved: datetime | None
    measure: str
    value: float
    limit: float | None
    """What the newest window showed, and what is ordinary."""
    text: str
    """A sentence for people."""
    report: str
    """The path of the page that shows it."""
    command: str
    """What to run for a closer look."""
    ended: str
    """Why it was resolved; empty while it is open."""

    @property
    def key(self) -> Key:
        """What it is about, as a finding's."""
        return (self.kind, self.subject, self.part)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message that a sink is to have had."""

    alert: Alert
    event: Event
    sink: str
    state: str
    """``waiting`` to be sent; ``dead`` after a run that failed to, and tried again by the next; ``sent``."""
    attempts: int


NAMES = tuple(field.name for field in fields(Alert))
COLUMNS = ", ".join(f'a."{name}"' for name in NAMES)


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction in which nobody else changes the file."""
    with connected(path) as connection:
        connection.executescript(SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def alerts(connection: sqlite3.Connection, model: str, *, resolved: int = 0) -> list[Alert]:
    """Those of a model that are open, then the newest ``resolved`` ones, each by age, newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM alerts a WHERE model = ? AND state = 'open' ORDER BY id DESC",
        (model,),
    ).fetchall()
    rows += connection.execute(
        f"SELECT {COLUMNS} FROM alerts a WHERE model = ? AND state = 'resolved'"
        " ORDER BY resolved DESC, id DESC LIMIT ?",
        (model, resolved),
    ).fetchall()
    return [_alert(row) for row in rows]


def put(connection: sqlite3.Connection, alert: Alert) -> None:
    """Insert an alert, or what became of it."""
    values = [_kept(getattr(alert, name)) for name in NAMES]
    names = ", ".join(f'"{name}"' for name in NAMES)
    later = ", ".join(f'"{name}" = excluded."{name}"' for name in NAMES[1:])
    connection.execute(
        f"INSERT INTO alerts ({names}) VALUES ({', '.join('?' * len(NAMES))})"
        f" ON CONFLICT (id) DO UPDATE SET {later}",
        values,
    )


def next_id(connection: sqlite3.Connection) -> int:
    """A number that no alert has."""
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM alerts").fetchone()
    return int(newest) + 1


def ask(
    connection: sqlite3.Connection, alert: int, event: Event, route: Sequence[str], now: datetime
) -> None:
    """Let sinks be told; what was asked for before is not asked for twice."""
    connection.executemany(
        "INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, 'waiting', 0, ?)",
        [(alert, event, sink, _kept(now)) for sink in route],
    )


def told(connection: sqlite3.Connection, alert: int) -> list[str]:
    """The sinks that were to be told that it was raised."""
    rows = connection.execute(
        "SELECT sink FROM deliveries WHERE alert = ? AND event = 'raised'", (alert,)
    )
    return [sink for (sink,) in rows]


def last_told(connection: sqlite3.Connection, model: str, key: Key) -> datetime | None:
    """When an alert about this was resolved that somebody had been told of."""
    (resolved,) = connection.execute(
        "SELECT max(resolved) FROM alerts WHERE (model, kind, subject, part) = (?, ?, ?, ?)"
        " AND id IN (SELECT alert FROM deliveries)",
        (model, *key),
    ).fetchone()
    return None if resolved is None else datetime.fromisoformat(resolved)


def unsent(path: Path, model: str) -> list[Delivery]:
    """What is still to be sent about a model, in the order in which it happened."""
    with changing(path) as connection:
        rows = connection.execute(
            f"SELECT d.event, d.sink, d.state, d.attempts, {COLUMNS}"
            " FROM deliveries d JOIN alerts a ON a.id = d.alert"
            " WHERE d.state <> 'sent' AND a.model = ? ORDER BY a.id, d.event, d.sink",
            (model,),
        ).fetchall()
    return [
        Delivery(event=event, sink=sink, state=state, attempts=attempts, alert=_alert(row))
        for event, sink, state, attempts, *row in rows
    ]


def record(path: Path, delivery: Delivery, state: str, attempts: int, next_at: datetime) -> None:
    """Keep what became of a delivery; what was sent stays so."""
    with changing(path) as connection:
        connection.execute(
            "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?"
            " WHERE (alert, event, sink) = (?, ?, ?) AND state <> 'sent'",
            (state, attempts, _kept(next_at), delivery.alert.id, delivery.event, delivery.sink),
        )


def _kept(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _alert(row: Sequence[object]) -> Alert:
    values = dict(zip(NAMES, row, strict=True))
    for name in ("opened", "resolved"):
        if isinstance(text := values[name], str):
            values[name] = datetime.fromisoformat(text)
    return Alert(**values)  # type: ignore[arg-type]
