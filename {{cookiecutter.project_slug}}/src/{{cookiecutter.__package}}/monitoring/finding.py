"""What was found about one thing in one window: a value, what is ordinary, and whether it is beyond."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measure of one subject in one window."""

    kind: str
    """What was checked; ``check.Kind`` has its settings and its words for people."""
    subject: str
    """A column, a metric's name, a route: what the measure is about."""
    part: str = ""
    """The slice, such as ``carrier = AA``; empty for all rows."""
    measure: str
    """What ``value`` is, such as ``psi``, ``auc``, ``p95_ms``."""
    value: float
    low: float | None = None
    high: float | None = None
    """The confidence interval of ``value``, where there is one."""
    limit: float | None = None
    """Up to where, or down to where, ``value`` is ordinary; none where it is shown and not judged."""
    p_value: float | None = None
    rows: int
    """How many rows it was measured on."""
    breach: bool = False
    gross: str = ""
    """Why a breach needs no persistence, such as ``new category 'XX' in 31 % of rows``."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What persistence follows from window to window, and an alert is about."""
        return (self.kind, self.subject, self.part)
