"""After every run: open and resolve alerts, tell the sinks."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...config import CheckConfig, MonitorConfig
from ...terminal import say
from ..finding import Finding
from ..history import History
from . import store
from .decide import Breach, Key, Settings, breaching, section, why_over
from .deliver import deliver
from .gauges import gauges
from .message import UnsentError
from .sinks import make_sink
from .sinks.metrics_file import MetricsFile
from .store import Alert
from .words import LOOK, sentence

RECENT = 32
"""Windows from which it is decided, so that the cost does not grow with history."""


def tell(
    history: History,
    model: str,
    version: int,
    config: MonitorConfig,
    checks: Settings,
    now: datetime | None = None,
) -> list[Alert]:
    """Open and resolve alerts, tell the sinks of their routes, and return those that are open.

    A sink that takes no messages is told of on the terminal, and tried again by the next run.
    """
    now = now or datetime.now(UTC)
    found = judged(history, model, version)
    open_ = _changed(history, found, model, version, config, checks, now)
    folder = config.reports / model
    windows = history.windows(model, version)
    state = gauges(model, version, windows, found, open_, now)
    sinks = {name: make_sink(given, folder, lambda: state) for name, given in config.sinks.items()}
    for problem in deliver(history.path, model, sinks, budget_s=config.deliver_s):
        say(f"untold    {problem}; the next run tries again")
    for name, sink in sinks.items():
        if isinstance(sink, MetricsFile):
            try:
                sink.refresh()
            except UnsentError as error:
                say(f"untold    {name}: {error}")
    return open_


def update(
    history: History,
    model: str,
    version: int,
    config: MonitorConfig,
    checks: Settings,
    now: datetime,
) -> list[Alert]:
    """Open and resolve alerts by what the history holds, and ask for messages; newest first.

    Judging the same again changes nothing. Those of another version end: its windows are judged no
    more.
    """
    return _changed(history, judged(history, model, version), model, version, config, checks, now)


def _changed(
    history: History,
    found: Mapping[str, list[Finding]],
    model: str,
    version: int,
    config: MonitorConfig,
    checks: Settings,
    now: datetime,
) -> list[Alert]:
    breaches = breaching(found, checks)
    with store.changing(history.path) as connection:
        known = {alert.key: alert for alert in store.alerts(connection, model)}
        for key, alert in known.items():
            if alert.version != version or key not in breaches:
                why = (
                    why_over(key, found, checks)
                    if alert.version == version
                    else f"version {version} serves in the place of {alert.version}"
                )
                _resolve(connection, alert, why, now)
        for key, breach in breaches.items():
            kept = known.get(key)
            same = kept if kept is not None and kept.version == version else None
            alert = _as_found(model, version, key, breach, config, checks, now, same)
            if same is None:
                alert = replace(alert, id=store.next_id(connection))
            if alert != same:
                store.put(connection, alert)
            _ask_unless_cooling(connection, alert, section(checks, alert.kind), now)
        return store.alerts(connection, model)


def judged(history: History, model: str, version: int) -> dict[str, list[Finding]]:
    """The findings of the newest complete windows, in the order of time; those of one length."""
    windows = [window for window in history.windows(model, version) if window.complete]
    recent = [w for w in windows if w.length == windows[-1].length][-RECENT:]
    return {
        window.name: history.findings(model, version, length=window.length, window=window.name).get(
            window.name, []
        )
        for window in recent
    }


def _as_found(
    model: str,
    version: int,
    key: Key,
    breach: Breach,
    config: MonitorConfig,
    checks: Settings,
    now: datetime,
    same: Alert | None,
) -> Alert:
    kind, subject, part = key
    since = breach.since if same is None else same.since
    return Alert(
        id=0 if same is None else same.id,
        model=model,
        version=version,
        kind=kind,
        subject=subject,
        part=part,
        severity=section(checks, kind).severity,
        state="open",
        since=since,
        opened=now if same is None else same.opened,
        resolved=None,
        measure=breach.finding.measure,
        value=breach.finding.value,
        limit=breach.finding.limit,
        text=sentence(breach, since),
        report=str(config.reports / model),
        command=LOOK,
        ended="",
    )


def _ask_unless_cooling(
    connection: sqlite3.Connection, alert: Alert, check: CheckConfig, now: datetime
) -> None:
    """Ask for the message that an alert was raised, once, unless one like it ended just now."""
    if store.told(connection, alert.id):
        return
    before = store.last_told(connection, alert.model, alert.key)
    if before is None or now - before >= timedelta(hours=check.cooldown_hours):
        store.ask(connection, alert.id, "raised", check.route, now)


def _resolve(connection: sqlite3.Connection, alert: Alert, why: str, now: datetime) -> None:
    """End an alert; who was told of it is told of that."""
    store.put(connection, replace(alert, state="resolved", resolved=now, ended=why))
    store.ask(connection, alert.id, "resolved", store.told(connection, alert.id), now)
