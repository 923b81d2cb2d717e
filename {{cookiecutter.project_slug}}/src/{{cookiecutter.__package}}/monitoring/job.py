"""``monitor``: log → windows → findings → history, alerts, summary and pages."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib import import_module
from pathlib import Path

from ..config import CheckConfig, Config, MonitorConfig
from ..errors import BundleError, ConfigError
from ..models.bundle import Bundle, open_bundle
from ..models.days import DAY_S
from ..models.profile import SCORE, columns_of, read_profiles
from ..models.versions import Versions
from ..storage import write_file
from ..terminal import say
from .alerts import tell
from .checks import judge, others_of, settings_of
from .evidently_report import draw
from .finding import Finding
from .history import History, Judged
from .log import Log
from .seen import Seen
from .shape import Shape, shapes_of
from .show import show
from .windows import Length, Window, name_of

SINKS: list[str] = [
    # options, one line each
    "monitoring.monitoring_page",
]
"""Modules whose ``write`` shows, after a run, what the history holds, and may return a page's path."""
PACKAGE = __name__.partition(".")[0]
UNJUDGED_BY = ("log", "history", "reports", "sample_rows", "sinks", "deliver_s")
ALERTING = ("persistence", "severity", "cooldown_hours", "route")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What monitoring knows of the version that serves."""

    model: str
    version: int
    metric: str
    """The metric that decides."""
    window: str | None
    """The newest that was judged."""
    drift: list[Finding]
    """What decides of its columns and answers."""
    quality: Finding | None
    """The deciding metric, in the newest window with labels enough."""
    quality_window: str | None
    alerts: list[str]
    """A sentence for each alert that is open."""


def run(config: Config, name: str) -> Summary:
    """Judge the windows of which something is new; write the summary and the newest one's report.

    A second run finds nothing new and changes nothing; one after a pause judges all that it missed.

    Raises:
        BundleError: no model serves, or its profile is of an older release.
        ConfigError: the windows are not those that the model was profiled in.
        DataError: nothing was logged.
    """
    versions = Versions(config.train.bundles, name)
    version = versions.served()
    if version is None:
        raise BundleError(versions.unserved())
    bundle = open_bundle(versions.folder / version.bundle)
    read_profiles(bundle.profile)
    settings, checks = config.monitor, settings_of(config)
    length = length_of(bundle, settings, version.number)
    others = others_of(versions, version.number)
    log = Log(settings.log, bundle.contract, version.number, length, settings.history, others)
    history = History(settings.history)
    newest = judge_new(log, history, bundle, version.number, config, length)
    windows = [w for w in history.windows(name, version.number) if w.length == str(length)]
    found = history.findings(name, version.number, length=str(length))
    alerts = [alert.text for alert in tell(history, name, version.number, settings, checks)]
    summary = summarise(bundle, version.number, windows, found, alerts)
    show(summary, windows, found, settings.min_rows)
    folder = settings.reports / name
    save(summary, folder / "summary.json")
    if newest is not None:
        draw(bundle, newest, folder, version.number, settings, found.get(newest.name, []))
    for sink in SINKS:
        page: Path | None = import_module(f"{PACKAGE}.{sink}").write(config, name)
        if page is not None:
            say(f"page      {page}  open it in a browser")
    return summary


def length_of(bundle: Bundle, settings: MonitorConfig, version: int) -> Length:
    """How long windows are: as long as those in which the model learned what is ordinary.

    Raises:
        ConfigError: the settings say otherwise.
    """
    by_rows = bundle.contract.time is None
    learned = bundle.profile.get("window_days", settings.window_days)
    if learned != settings.window_days and not by_rows:
        raise ConfigError(
            f"monitor.window_days is {settings.window_days}, but version {version} learned"
            f" what is ordinary in windows of {learned} days; set {learned}, or train again"
        )
    return Length(days=settings.window_days, rows=settings.window_rows, by_rows=by_rows)


def judge_new(
    log: Log, history: History, bundle: Bundle, version: int, config: Config, length: Length
) -> Window | None:
    """Judge what changed, oldest first, and keep it; returns the newest complete window if judged.

    A window is judged again when its rows or outcomes changed, when it became complete or its labels
    had their time, or when settings did; not once part of it was deleted from the log.
    """
    settings, checks, newest = config.monitor, settings_of(config), None
    mark = _mark(settings, checks)
    known = {w.name: w for w in history.windows(bundle.contract.name, version)}
    newest_s = log.newest_s(settings.min_rows)
    states = {number: f"{mark} {_age(log, number, newest_s, settings)}" for number in log.spans}
    before = {number: known.get(name_of(number, length)) for number in log.spans}
    log.wanted = {
        number
        for number, state in states.items()
        if number in log.changed
        or (kept := before[number]) is None
        or not kept.fingerprint.startswith(state)
    }
    last = max((number for number in log.spans if log.complete(number)), default=None)
    for number in sorted(log.wanted):
        held = log.window(number)
        if held is None:
            continue
        window, fingerprint = held.window, f"{states[number]} {held.fingerprint}"
        kept = before[number]
        if kept is None or kept.fingerprint != fingerprint:
            seen = Seen(
                window=window,
                bundle=bundle,
                version=version,
                config=settings,
                settings=checks,
                newest_s=newest_s,
                datasets=config.data.directory,
                others=held.others,
            )
            findings = judge(seen) if window.complete else []
            shapes = shapes_in(seen) if window.complete else []
            history.keep(_judged(seen, length, fingerprint), findings, shapes)
            newest = window if number == last else newest
    log.done()
    return newest


def shapes_in(seen: Seen) -> list[Shape]:
    """How the columns and the answers of a window lie, beside training."""
    contract, rows = seen.contract, seen.window.rows
    columns = columns_of(rows.inputs, contract.numeric, contract.category)
    columns[SCORE] = seen.bundle.task.watched(rows.outputs)
    profiles = read_profiles(seen.bundle.profile)
    return shapes_of(profiles, {p.name: p.count(columns[p.name]) for p in profiles})


def summarise(
    bundle: Bundle,
    version: int,
    windows: list[Judged],
    found: dict[str, list[Finding]],
    alerts: list[str],
) -> Summary:
    """The newest judged window beside the alerts that are open."""
    judged = [window.name for window in windows if found.get(window.name)]
    newest = judged[-1] if judged else None
    main = bundle.task.main
    qualities = [
        (name, finding)
        for name in judged
        for finding in found[name]
        if (finding.kind, finding.measure, finding.part) == ("quality", main, "")
    ]
    return Summary(
        model=bundle.contract.name,
        version=version,
        metric=main,
        window=newest,
        drift=[
            finding
            for finding in (found[newest] if newest else [])
            if finding.kind in {"data_drift", "prediction_drift"} and finding.limit is not None
        ],
        quality=qualities[-1][1] if qualities else None,
        quality_window=qualities[-1][0] if qualities else None,
        alerts=alerts,
    )


def save(summary: Summary, path: Path) -> None:
    """Write the summary as JSON, for machines."""
    content = asdict(summary) | {"made": datetime.now(UTC).isoformat(timespec="seconds")}
    write_file(path, json.dumps(content, indent=2).encode())
    say(f"summary   {path}")


def _judged(seen: Seen, length: Length, fingerprint: str) -> Judged:
    window = seen.window
    return Judged(
        model=seen.contract.name,
        version=seen.version,
        length=str(length),
        name=window.name,
        first=window.first.isoformat(),
        last=window.last.isoformat(),
        rows=len(window.rows),
        labelled=window.n_labelled,
        complete=window.complete,
        fingerprint=fingerprint,
        judged=datetime.now(UTC),
    )


def _mark(settings: MonitorConfig, checks: Mapping[str, CheckConfig]) -> str:
    """Of all settings by which a window is judged."""
    content = settings.model_dump(mode="json", exclude={*UNJUDGED_BY, *checks})
    content |= {
        kind: section.model_dump(mode="json", exclude=set(ALERTING))
        for kind, section in checks.items()
    }
    text = json.dumps(content, sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _age(log: Log, number: int, newest_s: int | None, settings: MonitorConfig) -> str:
    """Whether a window may still get rows, and whether its labels had their time."""
    if not log.complete(number) or newest_s is None:
        return "open"
    known_s = log.spans[number].newest_s + settings.label_delay_days * DAY_S
    return "ripe" if newest_s >= known_s else "whole"
