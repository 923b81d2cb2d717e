"""The newest summary that monitoring has written, as far as the page shows it.

The server knows a file, not the room that writes it: none may be there, or a damaged one.
"""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

from ...models.metrics import METRICS
from ...models.profile import SCORE

MOST_COLUMNS = 5
State = Literal["alert", "calm", "unjudged", "unknown"]


class _Finding(BaseModel):
    subject: str
    measure: str
    value: float | None
    limit: float | None
    rows: int
    breach: bool


class _Summary(BaseModel):
    version: int
    made: AwareDatetime
    metric: str
    window: str | None
    drift: list[_Finding]
    quality: _Finding | None
    quality_window: str | None
    alerts: list[str]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How far a column moved in the newest window."""

    column: str
    effect: float | None
    limit: float | None
    """What is ordinary."""
    breach: bool


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What monitoring found last."""

    state: State
    why: str
    version: int | None = None
    """The version whose answers were judged."""
    made: str | None = None
    window: str | None = None
    columns: tuple[Moved, ...] = ()
    """Those that moved most beside what is ordinary."""
    alerts: tuple[str, ...] = ()
    quality: str | None = None
    """The deciding metric on rows of the newest window whose outcome is known."""


class Summaries:
    """Reads a model's summary when it has changed."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._read: tuple[tuple[Path, int, int], Drift] | None = None

    def newest(self, model: str) -> Drift:
        """What was found last; ``unknown`` where there is none to read."""
        path = self._reports / model / "summary.json"
        try:
            found = path.stat()
            seen = (path, found.st_mtime_ns, found.st_size)
            if self._read is None or self._read[0] != seen:
                self._read = (seen, _drift(_Summary.model_validate_json(path.read_bytes())))
        except FileNotFoundError:
            return Drift(state="unknown", why="nothing was judged yet: run make monitor")
        except (OSError, ValidationError):
            return Drift(
                state="unknown", why=f"'{path}' cannot be read: make monitor writes it anew"
            )
        return self._read[1]


def _drift(summary: _Summary) -> Drift:
    moved = sorted(summary.drift, key=_beside_ordinary, reverse=True)
    columns = dict.fromkeys(found.subject for found in moved)
    beyond = {found.subject for found in moved if found.breach}
    state: State = "alert" if summary.alerts else "calm" if summary.window else "unjudged"
    why = {
        "alert": f"{len(summary.alerts)} alert{'s' if len(summary.alerts) > 1 else ''}",
        "calm": (
            f"{len(beyond)} of {len(columns)} columns beyond what is ordinary, not for long enough"
            if beyond
            else f"all of {len(columns)} columns moved as they ordinarily do"
        ),
        "unjudged": "no window has rows enough to be judged",
    }
    return Drift(
        state=state,
        why=why[state],
        version=summary.version,
        made=summary.made.isoformat(),
        window=summary.window,
        columns=tuple(
            Moved(
                column=_called(found),
                effect=found.value,
                limit=found.limit,
                breach=found.breach,
            )
            for found in moved
            if found.measure != "missing" or found.breach
        )[:MOST_COLUMNS],
        alerts=tuple(summary.alerts),
        quality=_told(summary),
    )


def _beside_ordinary(found: _Finding) -> float:
    value, limit = found.value or 0.0, found.limit or 0.0
    return value / limit if limit > 0 and isfinite(value) else 0.0


def _called(found: _Finding) -> str:
    name = "the answers" if found.subject == SCORE else found.subject
    return f"{name}, missing" if found.measure == "missing" else name


def _told(summary: _Summary) -> str | None:
    found, metric = summary.quality, METRICS.get(summary.metric)
    if found is None or found.value is None or not isfinite(found.value) or metric is None:
        return None
    return (
        f"{metric.title} {found.value:.3f} on {found.rows:,} outcomes of the window of"
        f" {summary.quality_window}"
    )
