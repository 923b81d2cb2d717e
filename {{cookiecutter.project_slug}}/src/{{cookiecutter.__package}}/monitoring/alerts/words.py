"""What an alert says, in one short sentence."""

from ...models.metrics import METRICS
from ...models.profile import SCORE
from ..checks import all_kinds
from ..finding import Finding
from .decide import Breach

MEASURED = frozenset({"quality"})
"""Kinds whose gross faults are told beside the figure, which they do not repeat."""
LOOK = "make monitor"
"""The command that looks closer."""
MEASURES = {"psi": "PSI", "ks": "KS", "kl": "KL", "tv": "total variation"}


def sentence(breach: Breach, previous: str | None = None) -> str:
    """What changed, by how much, on which slice, since when.

    Text that callers sent is in it, so control characters are not.
    """
    finding = breach.finding
    lead = lead_of(finding.kind, finding.subject)
    where = f" among {finding.part}" if finding.part else ""
    told = f"{measured(finding)}{ordinary(finding)}"
    if finding.gross:
        told = f"{told}, {finding.gross}" if finding.kind in MEASURED else finding.gross
    since = f"since {previous or breach.since}"
    often = f" ({breach.times} of the last {breach.of} windows)" if breach.of > 1 else ""
    return plain(f"{lead}{where}: {told}, {since}{often}")


def lead_of(kind: str, subject: str) -> str:
    """What is wrong, in a few words."""
    subject = "answers" if subject == SCORE else subject
    known = all_kinds().get(kind)
    lead = f"{kind}: {{subject}}" if known is None else known.lead
    return plain(lead.replace("{subject}", subject))


def measured(finding: Finding) -> str:
    """The measure's name, its value and its interval."""
    value = f"{title(finding.measure)} {figure(finding.measure, finding.value)}".strip()
    if finding.low is None or finding.high is None:
        return value
    low, high = (figure(finding.measure, end) for end in (finding.low, finding.high))
    return f"{value} ({low} to {high})"


def ordinary(finding: Finding) -> str:
    """Up to where, or down to where, that would have been ordinary."""
    if finding.limit is None:
        return ""
    way = "up" if finding.value > finding.limit else "down"
    return f", ordinary {way} to {figure(finding.measure, finding.limit)}"


def title(measure: str) -> str:
    """A measure's name for people."""
    if measure in METRICS:
        return METRICS[measure].title
    name = measure.removesuffix("_ms").removesuffix("days").removesuffix("_")
    return MEASURES.get(name, name.replace("_", " "))


def figure(measure: str, value: float) -> str:
    """A value with its unit, as the measure's name tells it."""
    if measure.endswith("_ms"):
        return f"{value:,.0f} ms"
    if measure.endswith("days"):
        return f"{value:,.0f} days"
    if measure == "wasserstein":
        return f"{value:.2f} σ"
    if measure.endswith(("rate", "share", "fraction", "missing", "total_variation")):
        return f"{value:.1%}".replace("%", " %")
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3f}"


def plain(text: str) -> str:
    """One line of printable text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
