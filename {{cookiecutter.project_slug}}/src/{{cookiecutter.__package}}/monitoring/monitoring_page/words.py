"""Names of what is measured, with units."""

from datetime import date

from ...models.profile import SCORE
from ..finding import Finding
from ..history import Judged

SHARES = ("share", "coverage", "missing")


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
