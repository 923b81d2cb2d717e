"""When a breach is an alert and when that is over; after every run, alerts are opened, resolved and sent.

What becomes of an alert and what is to be sent are written in one transaction, and only then is
anything sent: a crash in between loses no message.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..config import CheckConfig, MonitorConfig
from ..terminal import say, table
from .checks import all_checks
from .finding import Finding, Key
from .history import JudgedWindow, connected
from .sinks import ALERT, RAISED, RESOLVED, Alert, Sink, sinks_of

RECENT = 32
"""Windows from which it is decided, so that the cost does not grow with history."""


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


def breaching(
    judged: Mapping[str, Sequence[Finding]], settings: Mapping[str, CheckConfig]
) -> dict[Key, Breach]:
    """What is to be an alert, and what is to stay one, by the findings of each window.

    With the persistence ``(k, m)`` of its kind it becomes one when ``k`` of the last ``m`` windows that judged
    it breach, the newest among them, or when the newest is a sudden change. It is one until ``k`` windows in a row do not: what
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
            breach = _open_breach(series, check.persistence)
            if breach is not None:
                breaches[key] = breach
    return breaches


def _strongest(kind: str, findings: Sequence[Finding]) -> dict[Key, Finding]:
    """What decides of each thing in a window: a sudden change before another breach."""
    judged = [f for f in findings if f.kind == kind and (f.limit is not None or f.breach)]
    judged.sort(key=lambda finding: (finding.breach, bool(finding.sudden)))
    return {finding.key: finding for finding in judged}


def _open_breach(series: Mapping[str, Finding], persistence: tuple[int, int]) -> Breach | None:
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


def read_alerts(connection: sqlite3.Connection, model: str) -> list[Alert]:
    """Those of a model: open ones, then those resolved, each the newest first."""
    rows = connection.execute("SELECT id, alert FROM alert_history WHERE model = ?", (model,))
    alerts = [replace(ALERT.validate_json(text), id=number) for number, text in rows]
    alerts.sort(key=lambda one: (one.resolved or one.opened, one.id), reverse=True)
    return sorted(alerts, key=lambda one: one.resolved is not None)


def write_alert(connection: sqlite3.Connection, alert: Alert) -> None:
    """Insert an alert, under a number of its own where it has 0, or replace it."""
    connection.execute(
        "INSERT OR REPLACE INTO alert_history VALUES (?, ?, ?)",
        (alert.id or None, alert.model, ALERT.dump_json(alert).decode()),
    )


def send_alerts(
    windows: Sequence[JudgedWindow],
    model: str,
    version: int,
    config: MonitorConfig,
    checks: Mapping[str, CheckConfig],
) -> list[Alert]:
    """Open and resolve alerts by a version's windows, send them, and return those that are open.

    Judging the same again changes nothing. Alerts of another version are resolved: its windows are
    judged no more. What a sink does not take is sent by the next run.
    """
    judged = {window.name: window.findings for window in windows[-RECENT:]}
    breaches = breaching(judged, checks)
    sinks, now = sinks_of(config.reports / model), datetime.now(UTC).replace(microsecond=0)
    with connected(config.history) as connection:
        is_open = [alert for alert in read_alerts(connection, model) if alert.resolved is None]
        same = {alert.key: alert for alert in is_open if alert.version == version}
        for alert in is_open:
            if alert.version != version:
                why = f"version {version} serves now"
            elif alert.key not in breaches:
                why = "it is within its reference range again, or no longer judged"
            else:
                continue
            unsent = (*alert.unsent, *((RESOLVED, sink) for sink in sinks))
            text = f"{alert.text}. Resolved: {why}"
            write_alert(connection, replace(alert, resolved=now, text=text, unsent=unsent))
        for key, breach in breaches.items():
            kind, subject, part = key
            alert = same.get(key) or Alert(
                id=0,
                model=model,
                version=version,
                kind=kind,
                subject=subject,
                part=part,
                severity=checks[kind].severity,
                since=breach.since,
                opened=now,
                unsent=tuple((RAISED, sink) for sink in sinks),
            )
            write_alert(connection, replace(alert, text=sentence(breach, alert.since)))
    _deliver(config.history, model, sinks)
    with connected(config.history) as connection:
        return [alert for alert in read_alerts(connection, model) if alert.resolved is None]


def _deliver(history: Path, model: str, sinks: Mapping[str, Sink]) -> None:
    """Send what is unsent, oldest first; what a sink does not take stays for the next run.

    That it was sent is recorded after it was, so a crash in between sends it again. What is for an
    address that is not set waits for it.
    """
    problems: dict[str, str] = {}
    with connected(history) as connection:
        alerts = sorted(read_alerts(connection, model), key=lambda one: one.id)
    for alert in alerts:
        for event, name in alert.unsent:
            if name not in sinks or name in problems:
                continue
            problem = sinks[name](alert, event)
            if problem is not None:
                problems[name] = problem
                continue
            left = tuple(one for one in alert.unsent if one != (event, name))
            alert = replace(alert, unsent=left)
            with connected(history) as connection:
                write_alert(connection, alert)
    for name, problem in problems.items():
        say(f"unsent    {name}: {problem}; the next run tries again")


def sentence(breach: Breach, since: str) -> str:
    """What changed, by how much, in which slice, since when, without control characters."""
    finding = breach.finding
    leads = {kind: lead for check in all_checks() for kind, lead in check.kinds.items()}
    lead = leads[finding.kind].replace("{subject}", finding.about)
    where = f" for {finding.part}" if finding.part else ""
    text = f"{finding.title} {finding.interval}"
    if finding.limit is not None:
        way = "up" if finding.value > finding.limit else "down"
        text += f", reference range {way} to {finding.figure(finding.limit)}"
    if finding.sudden:
        text = f"{text}, {finding.sudden}" if finding.kind == "quality" else finding.sudden
    often = f" ({breach.times} of the last {breach.of} windows)" if breach.of > 1 else ""
    line = f"{lead}{where}: {text}, since {since}{often}"
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())


def show_alerts(config: MonitorConfig, model: str, recent: int) -> None:
    """Print the open alerts, the newest ``recent`` that are resolved, and what is still unsent."""
    if not config.history.exists():
        say(f"unjudged  '{config.history}' is not there yet; judge what was served: make monitor")
        return
    with connected(config.history) as connection:
        alerts = read_alerts(connection, model)
    n_open = sum(alert.resolved is None for alert in alerts)
    rows = [
        (one.id, one.severity, one.opened.date(), one.resolved and one.resolved.date(), one.text)
        for one in alerts[: n_open + recent]
    ]
    if rows:
        header = ("alert", "severity", "opened", "resolved", "what")
        table(f"alerts of {model} (UTC)", header, rows)
    if not n_open:
        say("calm      no alert is open")
    n_unsent = sum(len(alert.unsent) for alert in alerts)
    if n_unsent:
        say(f"unsent    {n_unsent} messages; the next run of make monitor tries again")
