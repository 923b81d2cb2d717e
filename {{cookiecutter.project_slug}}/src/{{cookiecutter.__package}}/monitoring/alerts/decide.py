"""When a breach is an alert, and when that is over. Pure: judged windows in, verdicts out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...config import CheckConfig
from ..finding import Finding

Key = tuple[str, str, str]
"""Kind, subject and part: what an alert is about."""
OFF = "its check is off"
UNJUDGED = "it is no longer judged"
CALM = "it is within its reference range again"
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
    them, or when the newest is a sudden change. It is one until ``k`` windows in a row do not: what breaches
    in every second window is one alert, and not one a week.
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
    found: dict[Key, Breach] = {}
    for key, windows in series.items():
        check = section(settings, key[0])
        recent = kinds[key[0]][-check.persistence[1] :]
        if check.enabled and next(reversed(windows)) in recent:
            breach = _of(windows, check.persistence)
            if breach is not None:
                found[key] = breach
    return found


def why_over(key: Key, judged: Judged, settings: Settings) -> str:
    """Why what was an alert is none any more."""
    check = section(settings, key[0])
    if not check.enabled:
        return OFF
    of_kind = [name for name, found in judged.items() if any(f.kind == key[0] for f in found)]
    recent = of_kind[-check.persistence[1] :]
    return CALM if any(f.key == key for name in recent for f in judged[name]) else UNJUDGED


def _of(windows: Mapping[str, Sequence[Finding]], persistence: tuple[int, int]) -> Breach | None:
    """The breach that a series of windows ends in, played from its beginning."""
    k, m = persistence
    names, past = list(windows), [_first(found) for found in windows.values()]
    since: str | None = None
    open_ = False
    for index, finding in enumerate(past):
        if finding is not None:
            since = since or names[index]
            last = past[max(0, index + 1 - m) : index + 1]
            open_ = open_ or bool(finding.sudden) or sum(map(bool, last)) >= k
        elif not any(past[max(0, index + 1 - k) : index + 1]):
            since, open_ = None, False
    newest = next((finding for finding in reversed(past) if finding is not None), None)
    if not open_ or newest is None or since is None:
        return None
    last = past[-m:]
    return Breach(finding=newest, since=since, times=sum(map(bool, last)), of=len(last))


def _first(findings: Iterable[Finding]) -> Finding | None:
    """What a window's breach is told by: sudden changes first."""
    outside = [finding for finding in findings if finding.breach]
    return min(outside, key=lambda finding: not finding.sudden, default=None)
