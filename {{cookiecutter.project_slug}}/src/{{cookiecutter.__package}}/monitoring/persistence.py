"""When a breach is an alert, and when that is over. Pure: judged windows in, decisions out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..config import CheckConfig
from .finding import Finding, Key

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


def breaching(judged: Judged, settings: Mapping[str, CheckConfig]) -> dict[Key, Breach]:
    """What is to be an alert, and what is to stay one.

    It becomes one when ``k`` of the last ``m`` windows that judged it breach, the newest among
    them, or when the newest is a sudden change. It is one until ``k`` windows in a row do not: what
    breaches in every second window is one alert, and not one a week. It is over as well once none
    of the last ``m`` windows that judged its kind has judged it.
    """
    windows_of: dict[str, list[str]] = {}
    series: dict[Key, dict[str, Finding]] = {}
    for window, findings in judged.items():
        for finding in findings:
            if finding.limit is None and not finding.breach:
                continue  # it is shown, and not judged
            names = windows_of.setdefault(finding.kind, [])
            if window not in names:
                names.append(window)
            of_key = series.setdefault(finding.key, {})
            of_key[window] = max(of_key.get(window, finding), finding, key=_strength)
    breaches = {}
    for key, windows in series.items():
        check = settings.get(key[0])
        if check is None or not check.enabled:
            continue
        recent = windows_of[key[0]][-check.persistence[1] :]
        breach = _at_the_end(windows, check.persistence)
        if breach is not None and next(reversed(windows)) in recent:
            breaches[key] = breach
    return breaches


def _strength(finding: Finding) -> tuple[bool, bool]:
    return finding.breach, bool(finding.sudden)


def _at_the_end(windows: Mapping[str, Finding], persistence: tuple[int, int]) -> Breach | None:
    """The breach that a series of windows ends in, played from its beginning."""
    k, m = persistence
    outside = [finding.breach for finding in windows.values()]
    since = newest = None
    is_open = False
    for index, (name, finding) in enumerate(windows.items()):
        if finding.breach:
            since, newest = since or name, finding
            times = sum(outside[max(0, index + 1 - m) : index + 1])
            is_open = is_open or bool(finding.sudden) or times >= k
        elif not any(outside[max(0, index + 1 - k) : index + 1]):
            since, is_open = None, False
    if not is_open or since is None or newest is None:
        return None
    return Breach(finding=newest, since=since, times=sum(outside[-m:]), of=len(outside[-m:]))
