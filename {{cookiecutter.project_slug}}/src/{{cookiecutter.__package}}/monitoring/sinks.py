"""Where alerts are sent: the terminal, a file, and whatever apprise has an address for.

The addresses are in an environment variable, since most hold a secret: none is in a setting, a
message or a file. A sink is known by its kind and a few digits of its address's hash.
"""

import json
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path

from pydantic import TypeAdapter

from ..terminal import say
from .finding import Key

ADDRESSES = "ALERT_URLS"
"""The environment variable, with addresses in apprise's form, separated by spaces."""
RAISED, RESOLVED = "raised", "resolved"


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
    since: str
    opened: datetime
    resolved: datetime | None = None
    text: str = ""
    """What is wrong, at its end also why it was resolved."""
    unsent: tuple[tuple[str, str], ...] = ()
    """What is still to be sent, ``raised`` or ``resolved``, and to which sink, in this order."""

    @property
    def key(self) -> Key:
        """What it is about, as a finding's."""
        return (self.kind, self.subject, self.part)

    def title(self, event: str) -> str:
        """What it is about, and how much it matters."""
        level = RESOLVED if event == RESOLVED else self.severity
        return f"[{level}] {self.model} version {self.version}"


ALERT = TypeAdapter(Alert)
Sink = Callable[[Alert, str], str | None]
"""Sends an event of an alert; returns why it was not taken, without what may hold a secret."""


def sinks_of(folder: Path) -> dict[str, Sink]:
    """Every sink by its name; ``folder`` gets the file."""
    sinks: dict[str, Sink] = {"log": _print, "file": partial(_append, folder / "alerts.jsonl")}
    for url in os.environ.get(ADDRESSES, "").split():
        digits = blake2b(url.encode(), digest_size=4).hexdigest()
        sinks[f"{url.partition(':')[0]}-{digits}"] = partial(_notify, url)
    return sinks


def _print(alert: Alert, event: str) -> None:
    say(f"{alert.title(event)}: {alert.text}")


def _append(path: Path, alert: Alert, event: str) -> str | None:
    """Append a line of JSON, and wait until the disk has it."""
    content = {"event": event, **ALERT.dump_python(alert, mode="json", exclude={"unsent"})}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(content, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"'{path}': {error.strerror}"
    return None


def _notify(url: str, alert: Alert, event: str) -> str | None:
    with warnings.catch_warnings(action="ignore"):  # of what apprise's own code is deprecated
        import apprise  # it takes a second to load

        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it would name the address
        target = apprise.Apprise()
        if not target.add(url):
            return "apprise knows no address of this form; see its documentation"
        kind = "failure" if alert.severity == "critical" else alert.severity
        kind = apprise.NotifyType("success" if event == RESOLVED else kind)
        try:
            is_taken = target.notify(title=alert.title(event), body=alert.text, notify_type=kind)
        except Exception as error:  # its text may hold a secret
            return f"it failed with {type(error).__name__}"
        return None if is_taken else "the message was not taken"
