"""When a breach is an alert, and when that is over. Pure: judged windows in, decisions out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..config import CheckConfig
from .finding import Finding, Key

Judged = Mapping[str, Sequence[Finding]]
"""The findings of each window, by its name, in the order of time."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A breach that has lasted, or is a sudden change, and is not over."""

    finding: Finding
    """What the newest window of it showed that was outside."""
    since: str
    """The first window of it."""
    times: int
    """In how many of the last ``of`` windows it was outside."""
    of: int


def breaching(judged: Judged, settings: Mapping[str, CheckConfig]) -> dict[Key, Breach]:
    """What is to be an alert, and what is to stay one, by the persistence ``(k, m)`` of its kind.

    It becomes one when ``k`` of the last ``m`` windows that judged it breach, the newest among
    them, or when the newest is a sudden change. It is one until ``k`` windows in a row do not: what
    breaches in every second window is one alert, and not one a week. It is over as well once none
    of the last ``m`` windows that judged its kind has judged it.
    """
    breaches = {}
    for kind, check in settings.items():
        if not check.enabled:
            continue
        by_window = {name: _strongest(kind, findings) for name, findings in judged.items()}
        by_window = {name: by_key for name, by_key in by_window.items() if by_key}
        recent = list(by_window.values())[-check.persistence[1] :]
        for key in dict.fromkeys(key for by_key in recent for key in by_key):
            series = {name: by_key[key] for name, by_key in by_window.items() if key in by_key}
            breach = _at_the_end(series, check.persistence)
            if breach is not None:
                breaches[key] = breach
    return breaches


def _strongest(kind: str, findings: Sequence[Finding]) -> dict[Key, Finding]:
    """What decides of each thing in a window: a sudden change before another breach."""
    judged = [f for f in findings if f.kind == kind and (f.limit is not None or f.breach)]
    judged.sort(key=lambda finding: (finding.breach, bool(finding.sudden)))
    return {finding.key: finding for finding in judged}


def _at_the_end(series: Mapping[str, Finding], persistence: tuple[int, int]) -> Breach | None:
    """The breach that a series of windows ends in, played from its beginning."""
    k, m = persistence
    outside = [finding.breach for finding in series.values()]
    since = newest = None
    is_open = False
    for index, (name, finding) in enumerate(series.items()):
        if finding.breach:
            since, newest = since or name, finding
            times = sum(outside[max(0, index + 1 - m) : index + 1])
            is_open = is_open or bool(finding.sudden) or times >= k
        elif not any(outside[max(0, index + 1 - k) : index + 1]):
            since, is_open = None, False
    if not is_open or since is None or newest is None:
        return None
    return Breach(finding=newest, since=since, times=sum(outside[-m:]), of=len(outside[-m:]))
