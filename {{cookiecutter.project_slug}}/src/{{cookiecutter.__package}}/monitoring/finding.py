"""What monitoring says: a finding about one thing in one window; terminal, page and alert format it alike."""

from dataclasses import dataclass

from ..models.metrics import METRICS
from ..models.profile import SCORE

TITLES = {
    "wasserstein": "change",
    "total_variation": "change",
    "missing": "missing share",
    "coverage": "labels known",
    "days": "age",
    "predicted_less_observed": "mean predicted minus mean observed",
    "mean_distance": "mean distance of predictions",
}
DRIFT = ("data_drift", "prediction_drift")
"""Kinds that compare a distribution with training's."""
SHARES = ("share", "coverage", "missing", "total_variation")
Key = tuple[str, str]
"""Kind and subject."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measure of one subject in one window."""

    kind: str
    subject: str
    """A column, a metric or a version."""
    measure: str
    value: float
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    """The end of the reference range; none where ``value`` is only shown."""
    p_value: float | None = None
    rows: int
    breach: bool = False
    sudden: str = ""
    """Why a breach needs no persistence, such as ``new category 'XX' in 31 % of rows``."""

    @property
    def key(self) -> Key:
        """What persistence follows from window to window, and an alert is about."""
        return (self.kind, self.subject)

    @property
    def about(self) -> str:
        """The subject, for people."""
        return "predictions" if self.subject == SCORE else self.subject

    @property
    def title(self) -> str:
        """The measure's name, for people."""
        name = self.measure.removeprefix("expected_")
        if name not in METRICS:
            return TITLES.get(self.measure, self.measure.replace("_", " "))
        expected = "" if name == self.measure else "expected "
        return expected + METRICS[name].title

    def figure(self, value: float | None) -> str:
        """A value of the measure, with its unit."""
        if value is None:
            return "–"
        if self.measure == "days":
            return f"{value:,.0f} days"
        if self.measure == "wasserstein":
            return f"{value:.2f} σ"
        if self.measure.endswith(SHARES):
            return f"{100 * value:.1f} %"
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3f}"

    @property
    def interval(self) -> str:
        """The value and its interval, where it has one; the unit once."""
        if self.low is None or self.high is None:
            return self.figure(self.value)
        low, high = (self.figure(end).rstrip(" %σ") for end in (self.low, self.high))
        return f"{self.figure(self.value)} ({low} to {high})"
