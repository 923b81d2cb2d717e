"""Alerts, and whom each is still to be sent to, in the history's file.

What becomes of an alert and what is to be sent are written in one transaction, and only then is
anything sent: a crash in between loses no message.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from .decide import Key

Event = Literal["raised", "resolved"]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something outside the reference range for long enough, from the window it began in."""

    id: int
    model: str
    version: int
    kind: str
    subject: str
    part: str
    severity: str
    state: Literal["open", "resolved"] = "open"
    since: str
    """The name of the first window of the breach."""
    opened: datetime
    resolved: datetime | None = None
    measure: str
    value: float
    limit: float | None
    """What the newest window showed, and the end of the reference range."""
    text: str
    """A sentence for people."""
    report: str
    """The folder of the pages that show it."""
    ended: str = ""
    """Why it was resolved; empty while it is open."""
    sinks: tuple[str, ...] = ()
    """Whom it is sent to; none in the time after one like it was resolved."""
    unsent: tuple[tuple[Event, str], ...] = ()
    """What is still to be sent, and to which sink, in this order."""

    @property
    def key(self) -> Key:
        """What it is about, as a finding's."""
        return (self.kind, self.subject, self.part)


ALERT = TypeAdapter(Alert)


def alerts(connection: sqlite3.Connection, model: str) -> list[Alert]:
    """Those of a model: open ones, then those resolved, each the newest first."""
    rows = connection.execute("SELECT alert FROM alert_history WHERE model = ?", (model,))
    known = [ALERT.validate_json(text) for (text,) in rows]
    newest = sorted(known, key=lambda one: (one.resolved or one.opened, one.id), reverse=True)
    return sorted(newest, key=lambda one: one.state == "resolved")


def messages(event: Event, sinks: Sequence[str]) -> tuple[tuple[Event, str], ...]:
    """What is to be sent of an event."""
    return tuple((event, sink) for sink in sinks)


def put(connection: sqlite3.Connection, alert: Alert) -> Alert:
    """Insert an alert, under a number of its own where it has 0, or replace it."""
    if not alert.id:
        (newest,) = connection.execute("SELECT max(id) FROM alert_history").fetchone()
        alert = replace(alert, id=(newest or 0) + 1)
    connection.execute(
        "INSERT OR REPLACE INTO alert_history VALUES (?, ?, ?, ?)",
        (alert.id, alert.model, alert.state, ALERT.dump_json(alert).decode()),
    )
    return alert
