"""What a sink is given: an alert that was raised, or resolved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .store import Alert, Event


class UnsentError(Exception):
    """A sink did not take a message; what it says holds no secret."""

    def __init__(self, problem: str, *, again: bool = True) -> None:
        super().__init__(problem)
        self.again = again
        """Whether the same message may be taken a moment later."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One event of one alert."""

    event: Event
    alert: Alert

    @property
    def id(self) -> str:
        """The same whenever it is sent again, so that a receiver can tell."""
        return f"{self.alert.model}-{self.alert.id}-{self.event}"

    @property
    def title(self) -> str:
        """What it is about, and how much that matters."""
        word = "resolved" if self.event == "resolved" else self.alert.severity
        return f"[{word}] {self.alert.model} version {self.alert.version}"

    @property
    def text(self) -> str:
        """The sentence; of what is over also why."""
        if self.event == "resolved":
            return f"{self.alert.text}. Resolved: {self.alert.ended}"
        return self.alert.text

    @property
    def closer(self) -> str:
        """Where to look."""
        return f"look closer: {self.alert.report} · {self.alert.command}"

    @property
    def content(self) -> dict[str, Any]:
        """All of it, for machines."""
        told = {n: v for n, v in vars(self.alert).items() if n not in {"id", "state", "ended"}}
        times = {n: v.isoformat() for n, v in told.items() if isinstance(v, datetime)}
        return {"id": self.id, "event": self.event, **told, **times, "text": self.text}


class Sink(Protocol):
    """One who is told."""

    def send(self, message: Message) -> None:
        """Return once it is there.

        Raises:
            UnsentError: it is not, as far as is known.
        """
