"""``monitor``: log → windows → findings → history, alerts and pages."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from ..config import Config
from ..errors import BundleError, DataError
from ..models.bundle import open_bundle
from ..models.metrics import METRICS
from ..models.profile import read_profiles
from ..models.versions import Versions
from ..terminal import say, table
from .alerts import Alert, update_alerts
from .checks import judge, settings_of
from .finding import DRIFT
from .history import JudgedWindow, locked, read_windows, store_window
from .read_log import read_log
from .windows import Window, cut

SINKS: list[str] = [
    # options, one line each
    "monitoring.monitoring_page",
    "monitoring.prometheus",
]
"""Modules whose ``write`` shows, after a run, what the history holds; it may return a page's path."""
PACKAGE = __name__.partition(".")[0]
MOST_WINDOWS = 15


def run(config: Config, name: str) -> list[Alert]:
    """Judge every window of the log, send and return the alerts that are open, write the pages.

    A second run judges alike and changes nothing; one after a pause judges all that it missed; of two at once the
    second waits.

    Raises:
        BundleError: no model serves, or its profile is of an older release.
        DataError: nothing was logged, or the history cannot be used.
    """
    settings, versions = config.monitor, Versions(config.train.bundles, name)
    version = versions.served()
    if version is None:
        raise BundleError(versions.unserved())
    bundle, number = open_bundle(versions.folder / version.bundle), version.number
    read_profiles(bundle.profile)
    checks = settings_of(config)
    with locked(settings.history, name):
        known = read_windows(settings.history, name, number)
        with TemporaryDirectory() as staging:
            logged, skipped = read_log(settings.log, bundle.contract, Path(staging))
            for window in judge_windows(cut(logged, bundle, number, settings, checks), known):
                store_window(settings.history, window)
        windows = read_windows(settings.history, name, number)
        if not windows:
            raise DataError(
                f"'{settings.log}' holds no predictions by {name} version {number};"
                " serve it and send requests, or try it with: make replay"
            )
        show(windows, bundle.task.main, settings.min_rows, skipped)
        alerts = update_alerts(settings.history, windows, checks)
        show_alerts(alerts, is_judged=any(window.findings for window in windows))
        for sink in SINKS:
            page = import_module(f"{PACKAGE}.{sink}").write(config, name)
            if page is not None:
                say(f"page      {page}  open it in a browser")
    return [alert for alert in alerts if alert.resolved is None]


def judge_windows(
    windows: Sequence[Window], known: Sequence[JudgedWindow]
) -> Iterator[JudgedWindow]:
    """Each window with its findings, oldest first; one that is not complete or too small has none.

    The log may have lost days since windows were ``known``: what was complete stays so, and one that
    had more rows or labels is left out.
    """
    stored = {window.first: window for window in known}
    for window in windows:
        record = window.record
        before = stored.get(record.first, record)
        if record.rows >= before.rows and record.labelled >= before.labelled:
            record = replace(record, complete=record.complete or before.complete)
            is_judged = record.complete and record.rows >= window.config.min_rows
            yield replace(record, findings=tuple(judge(window)) if is_judged else ())


def show(windows: Sequence[JudgedWindow], metric: str, min_rows: int, skipped: int) -> None:
    """Print a line for each window, and what decided of the columns in the newest judged one."""
    rows = []
    for window in windows[-MOST_WINDOWS:]:
        outside = dict.fromkeys(f.about for f in window.findings if f.breach and f.kind in DRIFT)
        columns = (", ".join(outside) or "–") if window.findings else "(not judged)"
        quality = window.quality(metric)
        shown = quality.interval if quality else None
        rows.append((window.name, window.rows, window.labelled, shown, columns))
    newest = windows[-1]
    title = f"{newest.model} version {newest.version}, windows of {newest.days} days"
    table(title, ("window", "rows", "labelled", METRICS[metric].title, "outside its range"), rows)
    if skipped:
        say(f"skipped   {skipped:,} lines or rows of the log that are torn or not of this contract")
    judged = [window for window in windows if window.findings]
    if not judged:
        most = max(window.rows for window in windows)
        say(
            f"unjudged  no window is complete with {min_rows:,} rows (monitor.min_rows);"
            f" the largest has {most:,}"
        )
        return
    drift = [f for f in judged[-1].findings if f.kind in DRIFT]
    table(
        f"drift in the newest judged window, {judged[-1].name}",
        ("column", "measure", "value (interval)", "limit", "outside"),
        [(f.about, f.title, f.interval, f.figure(f.limit), f.breach) for f in drift],
    )


def show_alerts(alerts: Sequence[Alert], *, is_judged: bool) -> None:
    """Print the alerts that are open, or whose end was not sent to every address."""
    rows = [
        (
            "resolved" if alert.resolved else alert.severity,
            alert.since,
            alert.text,
            ", ".join(alert.unsent) or None,
        )
        for alert in alerts
        if alert.resolved is None or alert.unsent
    ]
    if rows:
        table("alerts", ("alert", "since", "what", "not sent to"), rows)
    if is_judged and all(alert.resolved for alert in alerts):
        say("calm      nothing was outside its reference range for long enough to be an alert")
