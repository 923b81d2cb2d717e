"""Names of what is watched, with units, and how to read a drawing of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ...models.metrics import METRICS
from ...models.profile import SCORE
from ..finding import Finding, Kind
from ..history import Judged
from ..watches.estimated import ASSUMPTIONS  # part: estimated

SHARES = ("share", "coverage")
STATISTICS = {
    "psi": "stability index",
    "mean_distance": "mean distance of answers",
    "per_day": "rows a day",
    "days": "days",
    "predicted_less_observed": "mean predicted less mean observed",
}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The words around the drawings of a kind."""

    title: str
    note: str
    """What one sees, and what is ordinary."""


PANELS: Mapping[Kind, Panel] = {
    "quality": Panel(
        title="Quality",
        note="How good answers were, on rows whose outcome is known by now; the band is the interval"
        " of the window's own days. Ordinary windows stay on the better side of the dashed limit.",
    ),
    "estimated_quality": Panel(  # part: estimated
        title="Estimated quality",
        note=f"What may be expected before outcomes are known, {ASSUMPTIONS}.",
    ),
    "prediction_drift": Panel(
        title="Drift of the answers",
        note="How far the answers of a window are distributed from those to the training rows. Ordinary"
        " windows stay below the dashed limit.",
    ),
    "calibration": Panel(
        title="Calibration",
        note="How far probabilities lie from what came true. Ordinary windows stay near the test"
        " rows' value.",
    ),
    "latency": Panel(
        title="Latency",
        note="How long callers waited for an answer. Ordinary windows stay below the dashed limit.",
    ),
    "error_rate": Panel(
        title="Failed requests",
        note="Requests that the server could not answer, of all. Ordinarily next to none.",
    ),
    "throughput": Panel(
        title="Traffic", note="How many rows were answered. It is shown and not judged."
    ),
    "contract": Panel(
        title="Rows refused",
        note="Rows that broke a rule of the contract, of all that were sent. Ordinarily few.",
    ),
    "staleness": Panel(
        title="Age",
        note="Days that the model and its data are old. The line rises until a new version serves.",
    ),
    "parity": Panel(
        title="Parity",
        note="Logged requests asked again offline: the share whose answer or columns differ."
        " Ordinarily none.",
    ),
    "challenger": Panel(
        title="Challenger",
        note="How the version in waiting answers beside the one that serves.",
    ),
}
WHOLE = (
    "quality",
    "estimated_quality",  # part: estimated
    "prediction_drift",
    "latency",
)
"""Kinds that are about all rows, so that their subject need not be told."""


def subject(name: str) -> str:
    """A column or what else a finding is about."""
    return "the answers" if name == SCORE else name


def measure(finding: Finding) -> str:
    """What a value is."""
    name = finding.measure
    if name in METRICS:
        return METRICS[name].title
    if name.startswith("expected_") and name.removeprefix("expected_") in METRICS:
        return f"expected {METRICS[name.removeprefix('expected_')].title}"
    if name == "coverage":
        return "outcomes known"
    return STATISTICS.get(name, name.removesuffix("_ms").replace("_", " "))


def unit(finding: Finding) -> str:
    """A value's unit; ``%`` of what is a share."""
    if finding.measure.endswith(SHARES):
        return "%"
    if finding.measure.endswith("_ms"):
        return "ms"
    return "days" if finding.measure == "days" else ""


def window_name(window: Judged, *, year: bool = False) -> str:
    """The day that a window begins on, such as ``4 Nov``; or its first row."""
    try:
        day = date.fromisoformat(window.name)
    except ValueError:
        return f"row {int(window.name.rpartition('-')[2]):,}"
    return f"{day.day} {day:%b}{f' {day:%Y}' if year else ''}"


def plural(count: int, what: str) -> str:
    """Such as ``1 alert`` and ``3 alerts``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
