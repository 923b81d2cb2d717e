"""After every run: open and resolve alerts, and send them."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...config import MonitorConfig
from ...terminal import say, table
from ..finding import Finding
from ..history import Judged, connected
from . import store
from .decide import Breach, Key, Settings, breaching, section, why_over
from .metrics_file import write_metrics
from .sinks import deliver, routed, sinks_of
from .store import Alert
from .text import sentence

RECENT = 32
"""Windows from which it is decided, so that the cost does not grow with history."""


def send_alerts(
    windows: Sequence[Judged],
    model: str,
    version: int,
    config: MonitorConfig,
    checks: Settings,
    now: datetime | None = None,
) -> list[Alert]:
    """Open and resolve alerts by a version's windows, send them, and return those that are open.

    What a sink does not take is sent by the next run.
    """
    recent = [window for window in windows if window.complete][-RECENT:]
    sinks, findings = sinks_of(config, model), {one.name: one.findings for one in recent}
    now = now or datetime.now(UTC).replace(microsecond=0)
    alerts = update(findings, model, version, config, checks, [*sinks], now)
    deliver(config.history, model, sinks)
    path = config.reports / model / "metrics.prom"
    write_metrics(path, model, version, findings, alerts, now)
    return alerts


def update(
    findings: Mapping[str, Sequence[Finding]],
    model: str,
    version: int,
    config: MonitorConfig,
    checks: Settings,
    sinks: Sequence[str],
    now: datetime,
) -> list[Alert]:
    """Open and resolve alerts, newest first; judging the same again changes nothing.

    Those of another version are resolved: its windows are judged no more.
    """
    breaches = breaching(findings, checks)
    with connected(config.history) as connection:
        known = store.alerts(connection, model)
        open_ = {alert.key: alert for alert in known if alert.state == "open"}
        for key, alert in open_.items():
            if alert.version != version:
                _resolve(connection, alert, f"version {version} serves now", now)
            elif key not in breaches:
                _resolve(connection, alert, why_over(key, findings, checks), now)
        for key, breach in breaches.items():
            check, same = section(checks, key[0]), open_.get(key)
            if same is None or same.version != version:
                same = _new(model, version, breach, config, check.severity, now)
            if not same.sinks and not _is_quiet(known, key, check.cooldown_hours, now):
                route = routed(check.route, sinks)
                same = replace(same, sinks=route, unsent=store.messages("raised", route))
            store.put(connection, _measured(same, breach))
        return [one for one in store.alerts(connection, model) if one.state == "open"]


def show_alerts(config: MonitorConfig, model: str, recent: int) -> None:
    """Print the open alerts, the newest ``recent`` that are resolved, and what is still unsent."""
    if not config.history.exists():
        say(f"unjudged  '{config.history}' is not there yet; judge what was served: make monitor")
        return
    with connected(config.history) as connection:
        known = store.alerts(connection, model)
    open_ = [alert for alert in known if alert.state == "open"]
    shown = [*open_, *known[len(open_) : len(open_) + recent]]
    header = ("alert", "severity", "opened", "resolved", "what")
    rows = [
        (
            alert.id,
            alert.severity,
            f"{alert.opened:%Y-%m-%d}",
            f"{alert.resolved:%Y-%m-%d}" if alert.resolved else "open",
            f"{alert.text}. Resolved: {alert.ended}" if alert.ended else alert.text,
        )
        for alert in shown
    ]
    if rows:
        table(f"alerts of {model} (UTC)", header, rows)
    say(f"pages     {config.reports / model}" if open_ else "calm      no alert is open")
    for alert in known:
        for event, sink in alert.unsent:
            say(f"unsent    alert {alert.id} {event}, to {sink}; the next run tries again")


def _new(
    model: str, version: int, breach: Breach, config: MonitorConfig, severity: str, now: datetime
) -> Alert:
    finding = breach.finding
    return Alert(
        id=0,
        model=model,
        version=version,
        kind=finding.kind,
        subject=finding.subject,
        part=finding.part,
        severity=severity,
        since=breach.since,
        opened=now,
        measure="",
        value=0.0,
        limit=None,
        text="",
        report=str(config.reports / model),
    )


def _measured(alert: Alert, breach: Breach) -> Alert:
    """An alert with what the newest window showed."""
    finding = breach.finding
    return replace(
        alert,
        measure=finding.measure,
        value=finding.value,
        limit=finding.limit,
        text=sentence(breach, alert.since),
    )


def _is_quiet(known: Sequence[Alert], key: Key, hours: float, now: datetime) -> bool:
    """Whether one like it that somebody was sent was resolved a short time ago."""
    ended = [one.resolved for one in known if one.key == key and one.sinks and one.resolved]
    return bool(ended) and now - max(ended) < timedelta(hours=hours)


def _resolve(connection: sqlite3.Connection, alert: Alert, why: str, now: datetime) -> None:
    """End an alert; who was sent it is sent that."""
    unsent = (*alert.unsent, *store.messages("resolved", alert.sinks))
    store.put(connection, replace(alert, state="resolved", resolved=now, ended=why, unsent=unsent))
