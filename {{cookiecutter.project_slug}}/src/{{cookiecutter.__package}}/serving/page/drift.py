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
    window: str
    column: str
    effect: float
    limit: float
    breach: bool


class _Quality(BaseModel):
    window: str
    labelled: int
    metrics: dict[str, float | None]


class _Summary(BaseModel):
    version: int
    made: AwareDatetime
    metric: str
    drift: list[_Finding]
    quality: list[_Quality]
    alerts: list[str]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How far a column moved in the newest window."""

    column: str
    effect: float
    limit: float
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
    newest = summary.drift[-1].window if summary.drift else None
    moved = [found for found in summary.drift if found.window == newest]
    moved.sort(key=lambda found: found.effect / found.limit if found.limit > 0 else 0, reverse=True)
    state: State = "alert" if summary.alerts else "calm" if moved else "unjudged"
    beyond = sum(found.breach for found in moved)
    why = {
        "alert": f"{len(summary.alerts)} alert{'s' if len(summary.alerts) > 1 else ''}",
        "calm": (
            f"{beyond} of {len(moved)} columns beyond what is ordinary, not for long enough"
            if beyond
            else f"all of {len(moved)} columns moved as they ordinarily do"
        ),
        "unjudged": "no window has rows enough to be judged",
    }
    return Drift(
        state=state,
        why=why[state],
        version=summary.version,
        made=summary.made.isoformat(),
        window=newest,
        columns=tuple(
            Moved(
                column="the answers" if found.column == SCORE else found.column,
                effect=found.effect,
                limit=found.limit,
                breach=found.breach,
            )
            for found in moved[:MOST_COLUMNS]
        ),
        alerts=tuple(summary.alerts),
        quality=_told(summary),
    )


def _told(summary: _Summary) -> str | None:
    if not summary.quality:
        return None
    newest = summary.quality[-1]
    value, metric = newest.metrics.get(summary.metric), METRICS.get(summary.metric)
    if value is None or not isfinite(value) or metric is None:
        return None
    return f"{metric.title} {value:.3f} on {newest.labelled:,} outcomes of the window of {newest.window}"
