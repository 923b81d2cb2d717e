"""When a breach is an alert, and when that is over. Pure: judged windows in, decisions out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...config import CheckConfig
from ..finding import Finding, Key

Settings = Mapping[str, CheckConfig]
"""By kind of finding."""
Judged = Mapping[str, Sequence[Finding]]
"""The findings of each complete window, by its name, in the order of time."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A breach that has lasted, or is a sudden change, and is not over."""

    finding: Finding
    """What the newest window of it showed that was outside."""
    since: str
    """The first window of it."""
    times: int
    of: int
    """In how many of how many windows that count."""


def section(settings: Settings, kind: str) -> CheckConfig:
    """The settings of a kind of finding; the usual ones of a kind that is not checked any more."""
    return settings.get(kind, CheckConfig())


def breaching(judged: Judged, settings: Settings) -> dict[Key, Breach]:
    """What is to be an alert, and what is to stay one.

    It becomes one when ``k`` of the last ``m`` windows that judged it breach, the newest among
    them, or when the newest is a sudden change. It is one until ``k`` windows in a row do not: what
    breaches in every second window is one alert, and not one a week.
    """
    kinds: dict[str, list[str]] = {}
    series: dict[Key, dict[str, list[Finding]]] = {}
    for window, findings in judged.items():
        for finding in findings:
            if finding.limit is not None or finding.breach:
                names = kinds.setdefault(finding.kind, [])
                if window not in names[-1:]:
                    names.append(window)
                series.setdefault(finding.key, {}).setdefault(window, []).append(finding)
    breaches = {}
    for key, windows in series.items():
        check = section(settings, key[0])
        recent = kinds[key[0]][-check.persistence[1] :]
        if check.enabled and next(reversed(windows)) in recent:
            breaches[key] = _at_the_end(windows, check.persistence)
    return {key: breach for key, breach in breaches.items() if breach is not None}


def _at_the_end(
    windows: Mapping[str, Sequence[Finding]], persistence: tuple[int, int]
) -> Breach | None:
    """The breach that a series of windows ends in, played from its beginning."""
    k, m = persistence
    outside = [[finding for finding in one if finding.breach] for one in windows.values()]
    past = [min(one, key=lambda finding: not finding.sudden, default=None) for one in outside]
    since, is_open = None, False
    for index, (name, finding) in enumerate(zip(windows, past, strict=True)):
        if finding is not None:
            since = since or name
            times = sum(map(bool, past[max(0, index + 1 - m) : index + 1]))
            is_open = is_open or bool(finding.sudden) or times >= k
        elif not any(past[max(0, index + 1 - k) : index + 1]):
            since, is_open = None, False
    newest = next((finding for finding in reversed(past) if finding is not None), None)
    if not is_open or newest is None or since is None:
        return None
    return Breach(finding=newest, since=since, times=sum(map(bool, past[-m:])), of=len(past[-m:]))
