"""Names of what is measured, with units."""

from dataclasses import dataclass
from datetime import date

from ...models.profile import SCORE
from ..finding import Finding
from ..history import JudgedWindow

SHARES = ("share", "coverage", "missing")


@dataclass(frozen=True, kw_only=True)
class KindWords:
    """How the charts of a kind of finding are called and explained."""

    title: str
    note: str = ""
    whole: bool = False
    """Whether it is about all rows, so that its subject need not be named."""
    parts: bool = False
    """Whether its parts are measures of their own, each with a chart, and not slices."""


KINDS = {
    "quality": KindWords(
        title="Quality",
        note="How good predictions were, on rows whose label is known by now, with the interval"
        " of the window's own days. The dashed line is the end of the reference range.",
        whole=True,
    ),
    "calibration": KindWords(
        title="Calibration",
        note="How far predictions are from labels. It is judged against the interval on the test"
        " rows.",
    ),
    "prediction_drift": KindWords(
        title="Drift of predictions",
        note="How far the distribution of predictions is from that on the training rows. The"
        " dashed line is the end of the reference range.",
        whole=True,
    ),
    "staleness": KindWords(
        title="Age",
        note="Age of what the model learned from. The line rises until a new version serves.",
    ),
    "parity": KindWords(
        title="Parity",
        note="Share of logged predictions that differ when the bundle predicts the same rows"
        " again. It should be 0.",
        whole=True,
    ),
    "quality_estimate": KindWords(
        title="Estimated quality",
        note="What may be expected before labels are known, estimated from the probabilities"
        " alone: true while they are calibrated on these rows and what leads to a label has not"
        " changed; a change of that is not seen before labels come.",
        whole=True,
    ),
    "challenger": KindWords(
        title="Challenger",
        note="How the version in waiting answers beside the one that serves.",
        parts=True,
    ),
}


def kind_words(kind: str) -> KindWords:
    """A kind that is not known here is called by its name."""
    usual = KindWords(
        title=kind.replace("_", " ").capitalize(),
        note="The dashed line is the end of the reference range.",
    )
    return KINDS.get(kind, usual)


def subject(name: str) -> str:
    """A column or what else a finding is about."""
    return "predictions" if name == SCORE else name


def measure(finding: Finding) -> str:
    """What a value is."""
    return finding.title


def unit(finding: Finding) -> str:
    """A value's unit; ``%`` of what is a share."""
    if finding.measure.endswith(SHARES):
        return "%"
    return "days" if finding.measure == "days" else ""


def window_name(window: JudgedWindow, *, year: bool = False) -> str:
    """The day that a window begins on, such as ``4 Nov``; or its first row."""
    try:
        day = date.fromisoformat(window.name)
    except ValueError:
        return f"row {int(window.name.rpartition('-')[2]):,}"
    return f"{day.day} {day:%b}{f' {day:%Y}' if year else ''}"


def plural(count: int, what: str) -> str:
    """Such as ``1 alert`` and ``3 alerts``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
