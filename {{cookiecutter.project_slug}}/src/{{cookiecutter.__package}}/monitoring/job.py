"""``monitor``: log → windows → findings → history, alerts, summary and pages."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from ..config import Config
from ..errors import BundleError, ConfigError, DataError
from ..models.bundle import Bundle, open_bundle
from ..models.profile import read_profiles
from ..models.versions import Versions
from ..terminal import say
from .alerts.update import send_alerts
from .checks import judge, settings_of
from .history import JudgedWindow, read_windows, store_window
from .quality import is_mature
from .read_log import read_log
from .summary import Summary, save, show, summarize, write_metrics
from .windows import Window, cut

SINKS: list[str] = [
    "monitoring.evidently_report",
    # options, one line each
    "monitoring.monitoring_page",
]
"""Modules whose ``write`` shows, after a run, the newest window if it was judged, and what the
history holds; it may return a page's path."""
PACKAGE = __name__.partition(".")[0]
LOCK_S = 60.0


def run(config: Config, name: str) -> Summary:
    """Judge the windows of which something is new; write the summary and the newest one's report.

    A second run finds nothing new and changes nothing; one after a pause judges all that it missed.

    Raises:
        BundleError: no model serves, or its profile is of an older release.
        ConfigError: the windows are not those that the model was profiled in.
        DataError: nothing was logged, another run is at work, or the history cannot be used.
    """
    settings, versions = config.monitor, Versions(config.train.bundles, name)
    version = versions.served()
    if version is None:
        raise BundleError(versions.unserved())
    bundle = open_bundle(versions.folder / version.bundle)
    read_profiles(bundle.profile)
    length = length_of(config, bundle, version.number)
    history = windows_in(config, name, version.number, length)
    lock = FileLock(settings.history.with_name(f"{settings.history.name}.lock"), timeout=LOCK_S)
    try:
        with lock, TemporaryDirectory() as staging:
            logged = read_log(settings.log, bundle.contract, Path(staging))
            checks = settings_of(config)
            windows = cut(logged, bundle, version.number, settings, checks, history)
            if not windows and not history:
                raise DataError(
                    f"'{settings.log}' holds no predictions by {name} version {version.number};"
                    " serve it and send requests, or try it with: make replay"
                )
            newest = judge_new(config, windows, history)
            history = windows_in(config, name, version.number, length)
            alerts = send_alerts(history, name, version.number, settings, checks)
            summary = summarize(bundle, version.number, history, alerts)
            show(summary, history, settings.min_rows, logged.skipped)
            save(summary, settings.reports / name / "summary.json")
            write_metrics(settings.reports / name / "metrics.prom", summary, history, alerts)
            for sink in SINKS:
                page = import_module(f"{PACKAGE}.{sink}").write(config, name, newest)
                if page is not None:
                    say(f"page      {page}  open it in a browser")
    except Timeout:
        raise DataError(
            f"another run of monitoring has used '{settings.history}' for {LOCK_S:.0f} s;"
            " wait for its end"
        ) from None
    return summary


def length_of(config: Config, bundle: Bundle, version: int) -> str:
    """How long windows are: as long as those in which the model's reference ranges were measured.

    Raises:
        ConfigError: the settings say otherwise.
    """
    if bundle.contract.time is None:
        return f"{config.monitor.window_rows} rows"
    days = config.monitor.window_days
    profiled = bundle.profile.get("window_days", days)
    if profiled != days:
        raise ConfigError(
            f"monitor.window_days is {days}, but the reference ranges of version"
            f" {version} are of windows of {profiled} days; set {profiled}, or train again"
        )
    return f"{days} days"


def windows_in(config: Config, name: str, version: int, length: str) -> list[JudgedWindow]:
    """The windows of one length that the history holds of a version."""
    windows = read_windows(config.monitor.history, name, version)
    return [window for window in windows if window.length == length]


def judge_new(
    config: Config, windows: Sequence[Window], history: Sequence[JudgedWindow]
) -> Window | None:
    """Judge what changed, oldest first, and store it; returns the newest complete window if judged.

    A window is judged again when its rows or labels changed, when it became complete or its labels
    had their time, or when settings did; not once part of it was deleted from the log.
    """
    known, newest = {window.name: window for window in history}, None
    settings = config.monitor.model_dump_json()
    for window in windows:
        record, before = window.record, known.get(window.record.name)
        others = [section.model_dump_json() for section in window.settings.values()]
        state = f"{settings} {others} {record.complete} {is_mature(window)} {record.fingerprint}"
        fingerprint = blake2b(state.encode(), digest_size=16).hexdigest()
        is_less = before is not None and (
            record.rows < before.rows or record.labelled < before.labelled
        )
        is_same = before is not None and before.fingerprint == fingerprint
        newest = None if record.complete else newest
        if not is_less and not is_same:
            findings = tuple(judge(window)) if record.complete else ()
            record = replace(record, fingerprint=fingerprint, findings=findings)
            store_window(config.monitor.history, record)
            newest = replace(window, record=record) if record.complete else newest
    return newest
