"""Requests that never became rows: refused, since a column of theirs breaks a rule."""

from ..check import Check, Kind
from ..facts import facts_of, share
from ..finding import Finding
from ..seen import Seen

GROSS = 0.5


def judge(seen: Seen) -> list[Finding]:
    """The share of requests that each column and rule refused; the whole body is column ``body``."""
    facts = facts_of(seen)
    if facts is None or not facts.requests:
        return []
    limit, found = seen.config.contract.threshold, []
    for (column, rule), refused in sorted(facts.refused.items()):
        value, low, high = share(min(refused, facts.requests), facts.requests)
        breach = low > limit
        found.append(
            Finding(
                kind="contract",
                subject=column,
                part=f"rule = {rule}",
                measure="refused_share",
                value=value,
                low=low,
                high=high,
                limit=limit,
                rows=facts.requests,
                breach=breach,
                gross=f"{value:.0%} of requests are refused" if breach and low > GROSS else "",
            )
        )
    return found


CHECK = Check(
    kinds=[
        Kind(
            name="contract",
            lead="{subject} breaks the contract",
            title="Rows refused",
            note="Rows that broke a rule of the contract, of all that were sent. Ordinarily few.",
        )
    ],
    judge=judge,
)
