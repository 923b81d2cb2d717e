"""``monitor``: log → windows → findings → history, alerts, summary and pages."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from ..config import CheckConfig, Config, MonitorConfig
from ..errors import BundleError, ConfigError, DataError
from ..models.bundle import Bundle, open_bundle
from ..models.days import DAY_S
from ..models.profile import read_profiles
from ..models.versions import Versions
from ..terminal import say
from .alerts.update import send_alerts
from .checks import judge, others_of, settings_of
from .drift import shapes_of
from .evidently_report import draw
from .history import Judged, keep_window, read_windows
from .read_log import LoggedRows, read_log
from .summary import Summary, save, show, summarize
from .window import Window
from .windows import Length, Span, Windows

SINKS: list[str] = [
    # options, one line each
    "monitoring.monitoring_page",
]
"""Modules whose ``write`` shows, after a run, what the history holds, and may return a page's path."""
PACKAGE = __name__.partition(".")[0]
UNJUDGED_BY = {"log", "history", "reports", "sample_rows", "apprise_from"}
ALERTING = {"persistence", "severity", "cooldown_hours", "route"}
LOCK_S = 60.0


def run(config: Config, name: str) -> Summary:
    """Judge the windows of which something is new; write the summary and the newest one's report.

    A second run finds nothing new and changes nothing; one after a pause judges all that it missed.

    Raises:
        BundleError: no model serves, or its profile is of an older release.
        ConfigError: the windows are not those that the model was profiled in.
        DataError: nothing was logged, another run is at work, or the history cannot be used.
    """
    versions = Versions(config.train.bundles, name)
    version = versions.served()
    if version is None:
        raise BundleError(versions.unserved())
    bundle = open_bundle(versions.folder / version.bundle)
    read_profiles(bundle.profile)
    settings, checks = config.monitor, settings_of(config)
    length = length_of(bundle, settings, version.number)
    with _alone(settings.history), TemporaryDirectory() as staging:
        others = others_of(versions, version.number)
        logged = read_log(settings.log, bundle.contract, version.number, others, Path(staging))
        newest = judge_new(logged, bundle, version.number, config, checks, length)
        windows = read_windows(settings.history, name, version.number)
        windows = [window for window in windows if window.length == str(length)]
        alerts = send_alerts(windows, name, version.number, settings, checks)
        summary = summarize(bundle, version.number, windows, [alert.text for alert in alerts])
        show(summary, windows, settings.min_rows, logged.skipped)
        folder = settings.reports / name
        save(summary, folder / "summary.json")
        if newest is not None:
            draw(newest, folder, summary.drift)
    for sink in SINKS:
        page: Path | None = import_module(f"{PACKAGE}.{sink}").write(config, name)
        if page is not None:
            say(f"page      {page}  open it in a browser")
    return summary


@contextmanager
def _alone(history: Path) -> Iterator[None]:
    """In which no other run is at work.

    Raises:
        DataError: another one is, or the history's folder cannot be written to.
    """
    lock = FileLock(history.with_name(f"{history.name}.lock"), timeout=LOCK_S)
    try:
        history.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise DataError(
            f"another run of monitoring has used '{history}' for {LOCK_S:.0f} s; wait for its end"
        ) from None
    except OSError as error:
        raise DataError(
            f"the history '{history}' cannot be used: {error}; set monitor.history to another file"
        ) from None
    try:
        yield
    finally:
        lock.release()


def length_of(bundle: Bundle, settings: MonitorConfig, version: int) -> Length:
    """How long windows are: as long as those in which the model's reference ranges were measured.

    Raises:
        ConfigError: the settings say otherwise.
    """
    by_rows = bundle.contract.time is None
    profiled = bundle.profile.get("window_days", settings.window_days)
    if profiled != settings.window_days and not by_rows:
        raise ConfigError(
            f"monitor.window_days is {settings.window_days}, but the reference ranges of version"
            f" {version} are of windows of {profiled} days; set {profiled}, or train again"
        )
    return Length(days=settings.window_days, rows=settings.window_rows, by_rows=by_rows)


def judge_new(
    logged: LoggedRows,
    bundle: Bundle,
    version: int,
    config: Config,
    checks: Mapping[str, CheckConfig],
    length: Length,
) -> Window | None:
    """Judge what changed, oldest first, and keep it; returns the newest complete window if judged.

    A window is judged again when its rows or labels changed, when it became complete or its labels
    had their time, or when settings did; not once part of it was deleted from the log.

    Raises:
        DataError: the version answered nothing.
    """
    settings, contract = config.monitor, bundle.contract
    windows = read_windows(settings.history, contract.name, version)
    known = {window.name: window for window in windows if window.length == str(length)}
    begins = {int(n[4:]) // length.rows: known[n].begin_s for n in known if length.by_rows}
    cut = Windows(logged, contract, version, length, begins)
    if not cut.spans and not known:
        raise DataError(
            f"'{settings.log}' holds no predictions by {contract.name} version {version};"
            " serve it and send requests, or try it with: make replay"
        )
    mark, newest_s, newest = _mark(settings, checks), cut.newest_s(settings.min_rows), None
    complete = [span.name for span in cut.spans if span.complete]
    for span in cut.spans:
        kept = known.get(span.name)
        age = _age(span, newest_s, settings.label_delay_days)
        others = cut.others(span)
        beside = "".join(f" {n}:{len(o)}:{o.n_labelled}" for n, o in sorted(others.items()))
        fingerprint = f"{mark} {age} {span.fingerprint}{beside}"
        if kept and (kept.fingerprint == fingerprint or _is_less(span, kept)):
            continue
        window = Window(
            name=span.name,
            first=span.first,
            last=span.last,
            complete=span.complete,
            rows=cut.rows(span),
            bundle=bundle,
            version=version,
            config=settings,
            settings=checks,
            newest_s=newest_s,
            others=others,
        )
        keep_window(
            settings.history, _judged(window, replace(span, fingerprint=fingerprint), length)
        )
        newest = window if complete[-1:] == [span.name] else newest
    return newest


def _judged(window: Window, span: Span, length: Length) -> Judged:
    """What is found in a window, once it is complete."""
    return Judged(
        **vars(span),
        model=window.bundle.contract.name,
        version=window.version,
        length=str(length),
        judged=datetime.now(UTC).replace(microsecond=0),
        findings=tuple(judge(window)) if span.complete else (),
        shapes=tuple(shapes_of(window)) if span.complete else (),
    )


def _is_less(span: Span, kept: Judged) -> bool:
    """Whether part of a judged window was deleted from the log."""
    return span.rows < kept.rows or span.labelled < kept.labelled


def _mark(settings: MonitorConfig, checks: Mapping[str, CheckConfig]) -> str:
    """Of all settings by which a window is judged."""
    content = settings.model_dump(mode="json", exclude=UNJUDGED_BY | set(checks))
    content |= {
        kind: section.model_dump(mode="json", exclude=ALERTING) for kind, section in checks.items()
    }
    text = json.dumps(content, sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _age(span: Span, newest_s: int | None, label_delay_days: float) -> str:
    """Whether a window may still get rows, and whether its labels had their time."""
    if not span.complete or newest_s is None:
        return "open"
    return "mature" if newest_s >= span.newest_s + label_delay_days * DAY_S else "complete"
