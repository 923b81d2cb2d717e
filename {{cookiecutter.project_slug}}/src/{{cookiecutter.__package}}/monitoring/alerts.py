"""From breaches to alerts: when one opens, when it ends, and its messages to ``ALERT_URLS``.

What became of an alert, and who has yet to hear of it, is on disk before anything is sent: a crash
loses no message. The addresses hold secrets: none is in a setting, a message or a file, where they
go by their kind and a few digits of their hash.
"""

import logging
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from pydantic import TypeAdapter

from ..config import CheckConfig
from ..storage import write_file
from ..terminal import say
from .checks import all_checks
from .finding import Finding, Key
from .history import JudgedWindow, usable

ADDRESSES = "ALERT_URLS"
"""The environment variable, with addresses in apprise's form, separated by spaces."""
SERVICE = re.compile(r"[a-z][a-z0-9+.-]*(?=://)")
"""What an address begins with; all that follows may be a secret."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something outside its reference range for long enough, from the window it began in."""

    model: str
    version: int
    kind: str
    subject: str
    severity: str
    since: str
    """The first window of it."""
    text: str
    """What is wrong, and at its end why it was resolved."""
    opened: datetime
    resolved: datetime | None = None
    unsent: tuple[str, ...] = ()
    """The addresses that did not take its newest state yet."""

    @property
    def key(self) -> Key:
        """What it is about, as a finding's."""
        return (self.kind, self.subject)


ALERTS = TypeAdapter(list[Alert])


def alerts_of(
    windows: Sequence[JudgedWindow], settings: Mapping[str, CheckConfig], now: datetime
) -> list[Alert]:
    """What is to be an alert, or to stay one, by all windows of a version in the order of time.

    With the persistence ``(k, m)`` of its kind it becomes one when ``k`` of the last ``m`` windows that judged
    it breach, the newest among them, or when the newest is a sudden change. It is one until ``k`` windows in a row do not: what
    breaches in every second window is one alert, and not one a week. It is over as well once none
    of the last ``m`` windows that judged its kind has judged it.
    """
    alerts: list[Alert | None] = []
    for kind, check in settings.items():
        if not check.enabled:
            continue
        judged = [(window, _strongest(kind, window.findings)) for window in windows]
        judged = [(window, by_key) for window, by_key in judged if by_key]
        recent = judged[-check.persistence[1] :]
        for key in dict.fromkeys(key for _, by_key in recent for key in by_key):
            series = [(window, by_key[key]) for window, by_key in judged if key in by_key]
            alerts.append(_open_alert(series, check, now))
    return [alert for alert in alerts if alert is not None]


def _strongest(kind: str, findings: Sequence[Finding]) -> dict[Key, Finding]:
    """What decides of each thing in a window: a sudden change before another breach."""
    judged = [f for f in findings if f.kind == kind and (f.limit is not None or f.breach)]
    judged.sort(key=lambda finding: (finding.breach, bool(finding.sudden)))
    return {finding.key: finding for finding in judged}


def _open_alert(
    series: Sequence[tuple[JudgedWindow, Finding]], check: CheckConfig, now: datetime
) -> Alert | None:
    """The alert that a series of windows ends in, played from its beginning."""
    k, m = check.persistence
    breaches = [finding.breach for _, finding in series]
    since, newest, is_open = "", series[-1][1], False
    for end, (window, finding) in enumerate(series, start=1):
        if finding.breach:
            since, newest = since or window.name, finding
            is_open = is_open or bool(finding.sudden) or sum(breaches[max(0, end - m) : end]) >= k
        elif not any(breaches[max(0, end - k) : end]):
            since, is_open = "", False
    if not is_open:
        return None
    return Alert(
        model=series[-1][0].model,
        version=series[-1][0].version,
        kind=newest.kind,
        subject=newest.subject,
        severity=check.severity,
        since=since,
        text=sentence(newest, since, breaches[-m:]),
        opened=now,
    )


def sentence(finding: Finding, since: str, breaches: Sequence[bool]) -> str:
    """What changed, by how much, since when and how often, without control characters."""
    leads = {kind: lead for check in all_checks() for kind, lead in check.kinds.items()}
    lead = leads[finding.kind].replace("{subject}", finding.about)
    text = f"{finding.title} {finding.interval}"
    if finding.limit is not None:
        way = "up" if finding.value > finding.limit else "down"
        text += f", reference range {way} to {finding.figure(finding.limit)}"
    if finding.sudden:
        text = f"{text}, {finding.sudden}" if finding.kind == "quality" else finding.sudden
    n = len(breaches)
    often = f" ({sum(breaches)} of the last {n} windows)" if n > 1 else ""
    line = f"{lead}: {text}, since {since}{often}"
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())


def read_alerts(history: Path, model: str) -> list[Alert]:
    """All that a model ever had, in the order in which they opened."""
    path = history / model / "alerts.json"
    with usable(history):
        return ALERTS.validate_json(path.read_bytes()) if path.exists() else []


def write_alerts(history: Path, model: str, alerts: Sequence[Alert]) -> None:
    """Replace all of a model in one step."""
    with usable(history):
        write_file(history / model / "alerts.json", ALERTS.dump_json(list(alerts)))


def update_alerts(
    history: Path,
    windows: Sequence[JudgedWindow],
    settings: Mapping[str, CheckConfig],
) -> list[Alert]:
    """Open, renew and resolve alerts by a version's windows, and send what is unsent; return all.

    Judging the same again changes nothing. Alerts of another version are resolved: its windows are
    judged no more.
    """
    model, version = windows[-1].model, windows[-1].version
    now, addresses = datetime.now(UTC).replace(microsecond=0), addresses_by_name()
    new = {alert.key: alert for alert in alerts_of(windows, settings, now)}
    alerts = []
    for alert in read_alerts(history, model):
        if alert.resolved is None and alert.version == version and alert.key in new:
            renewed = new.pop(alert.key)
            alert = replace(renewed, opened=alert.opened, unsent=alert.unsent)
        elif alert.resolved is None:
            why = "it is within its reference range again, or no longer judged"
            why = why if alert.version == version else f"version {version} serves now"
            unsent = tuple(dict.fromkeys((*alert.unsent, *addresses)))
            text = f"{alert.text}. Resolved: {why}"
            alert = replace(alert, resolved=now, text=text, unsent=unsent)
            say(f"resolved  {text}")
        alerts.append(alert)
    alerts += [replace(alert, unsent=tuple(addresses)) for alert in new.values()]
    write_alerts(history, model, alerts)
    return _send_unsent(history, model, alerts, addresses)


def addresses_by_name() -> dict[str, str]:
    """The addresses that are set, by names that hold no secret."""
    names = {}
    for url in os.environ.get(ADDRESSES, "").split():
        service, digits = SERVICE.match(url), blake2b(url.encode(), digest_size=4).hexdigest()
        names[f"{service[0] if service else 'address'}-{digits}"] = url
    return names


def _send_unsent(
    history: Path, model: str, alerts: list[Alert], addresses: Mapping[str, str]
) -> list[Alert]:
    """Send what is unsent, oldest first; what an address does not take stays for the next run.

    That it was sent is recorded after it was, so a crash in between sends it again.
    """
    problems: dict[str, str] = {}
    for number, alert in enumerate(alerts):
        for name in alert.unsent:
            if name not in addresses:
                problems[name] = f"{ADDRESSES} does not hold this address any more"
            problem = problems.get(name) or _send(addresses[name], alert)
            if problem is not None:
                problems[name] = problem
                continue
            left = tuple(one for one in alerts[number].unsent if one != name)
            alerts[number] = replace(alert, unsent=left)
            write_alerts(history, model, alerts)
    for name, problem in problems.items():
        say(f"unsent    {name}: {problem}; the next run tries again")
    return alerts


def _send(url: str, alert: Alert) -> str | None:
    """Send the state of an alert; why it was not taken, without what may hold a secret."""
    level = "resolved" if alert.resolved else alert.severity
    kind = {"resolved": "success", "critical": "failure"}.get(level, level)
    title = f"[{level}] {alert.model} version {alert.version}"
    with warnings.catch_warnings(action="ignore"):  # of what apprise's own code is deprecated
        import apprise  # it takes a second to load

        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it would name the address
        target = apprise.Apprise()
        if not target.add(url):
            return "apprise knows no address of this form; see its documentation"
        try:
            is_taken = target.notify(
                title=title, body=alert.text, notify_type=apprise.NotifyType(kind)
            )
        except Exception as error:  # its text may hold a secret
            return f"it failed with {type(error).__name__}"
        return None if is_taken else "the message was not taken"
