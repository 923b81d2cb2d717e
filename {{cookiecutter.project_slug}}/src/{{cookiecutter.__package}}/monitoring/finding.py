"""What monitoring says: a finding about one thing in one window, and the checks that make findings.

Terminal, page, alert and metrics file take their words from here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..config import CheckConfig, Config
from ..models.metrics import METRICS
from ..models.profile import SCORE
from ..models.versions import Versions
from .window import Window

TITLES = {
    "wasserstein": "change",
    "total_variation": "change",
    "psi": "population stability index",
    "ks": "Kolmogorov-Smirnov distance",
    "kl": "Kullback-Leibler divergence",
    "missing": "missing share",
    "coverage": "labels known",
    "days": "age",
    "predicted_less_observed": "mean predicted less mean observed",
    "mean_distance": "mean distance of predictions",
}
SHARES = ("share", "coverage", "missing", "total_variation")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measure of one subject in one window."""

    kind: str
    """What was checked; ``Kind`` has its settings and its words for people."""
    subject: str
    """A column, a metric's name, a version: what the measure is about."""
    part: str = ""
    """The slice, such as ``carrier = AA``; empty for all rows."""
    measure: str
    """What ``value`` is, such as ``psi`` or ``auc``."""
    value: float
    low: float | None = None
    high: float | None = None
    """The confidence interval of ``value``, where there is one."""
    limit: float | None = None
    """The end of the reference range; none where ``value`` is shown and not judged."""
    p_value: float | None = None
    rows: int
    """How many rows it was measured on."""
    breach: bool = False
    """Whether it is outside the reference range."""
    sudden: str = ""
    """Why a breach needs no persistence, such as ``new category 'XX' in 31 % of rows``."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What persistence follows from window to window, and an alert is about."""
        return (self.kind, self.subject, self.part)

    @property
    def about(self) -> str:
        """The subject, for people."""
        return "predictions" if self.subject == SCORE else self.subject

    @property
    def title(self) -> str:
        """The measure's name, for people."""
        metric = METRICS.get(self.measure.removeprefix("expected_"))
        if metric is not None:
            return (
                f"expected {metric.title}" if self.measure.startswith("expected") else metric.title
            )
        return TITLES.get(self.measure, self.measure.replace("_", " "))

    def figure(self, value: float | None) -> str:
        """A value of the measure, with its unit."""
        if value is None:
            return "–"
        if self.measure == "days":
            return f"{value:,.0f} days"
        if self.measure == "wasserstein":
            return f"{value:.2f} σ"
        if self.measure.endswith(SHARES):
            return f"{value:.1%}".replace("%", " %")
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3f}"

    @property
    def interval(self) -> str:
        """The value and its interval, where it has one; the unit once."""
        if self.low is None or self.high is None:
            return self.figure(self.value)
        low, high = (self.figure(end).rstrip(" %σ") for end in (self.low, self.high))
        return f"{self.figure(self.value)} ({low} to {high})"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of finding."""

    name: str
    """As findings have it; in core also the name of its section in ``monitor.yaml``."""
    lead: str
    """What is wrong, in a few words, with ``{subject}`` in its place."""
    title: str = ""
    """The heading of its charts; empty where a column's charts have another place."""
    note: str = ""
    """What a chart of it shows."""
    whole: bool = False
    """Whether it is about all rows, so that its subject need not be named."""
    parts: bool = False
    """Whether its parts are measures of their own, each with a chart, and not slices."""
    settings: Callable[[Config], CheckConfig] | None = None
    """Reads its settings; none where ``monitor.yaml`` has them."""


def no_others(versions: Versions, version: int) -> set[int]:  # noqa: ARG001 - as other checks take
    """A check that looks at the served version alone."""
    return set()


@dataclass(frozen=True, kw_only=True)
class Check:
    """Judges one kind of thing in a window, or a few that are read from the same rows."""

    kinds: Sequence[Kind]
    judge: Callable[[Window], Sequence[Finding]]
    """Pure, but for files that it reads."""
    others: Callable[[Versions, int], set[int]] = no_others
    """The versions whose rows it compares with those of the served version."""
