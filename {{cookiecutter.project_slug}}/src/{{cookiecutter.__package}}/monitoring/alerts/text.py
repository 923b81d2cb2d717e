"""What an alert says, in one short sentence."""

from ..checks import all_kinds
from ..finding import Finding
from .decide import Breach


def sentence(breach: Breach, since: str) -> str:
    """What changed, by how much, in which slice, since when, without control characters."""
    finding = breach.finding
    where = f" for {finding.part}" if finding.part else ""
    text = f"{finding.title} {finding.interval}{limit_of(finding)}"
    if finding.sudden:
        text = f"{text}, {finding.sudden}" if finding.kind == "quality" else finding.sudden
    often = f" ({breach.times} of the last {breach.of} windows)" if breach.of > 1 else ""
    return plain(f"{lead_of(finding)}{where}: {text}, since {since}{often}")


def lead_of(finding: Finding) -> str:
    """What is wrong, in a few words."""
    kind = all_kinds().get(finding.kind)
    lead = f"{finding.kind}: {{subject}}" if kind is None else kind.lead
    return lead.replace("{subject}", finding.about)


def limit_of(finding: Finding) -> str:
    """The end of the reference range."""
    if finding.limit is None:
        return ""
    way = "up" if finding.value > finding.limit else "down"
    return f", reference range {way} to {finding.figure(finding.limit)}"


def plain(text: str) -> str:
    """One line of printable text: callers sent some of it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
