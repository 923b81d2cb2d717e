"""``monitor``: logs → windows → drift and quality → summary, report, exit code."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ..atomic import new_file, write_file
from ..config import Config
from ..contract import Contract
from ..errors import BundleError, ConfigError, DataError
from ..models.bundle import Bundle, open_bundle
from ..models.metrics import METRICS
from ..models.profile import SCORE, ColumnProfile, Counts, columns_of
from ..models.tasks import task_of
from ..models.versions import Versions
from ..terminal import say, table
from .drift import Finding, compare
from .quality import Quality, assess
from .report import write_report
from .served import read_served
from .windows import Window, cut


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What one run of monitoring found."""

    model: str
    version: int
    drift: list[Finding]
    quality: list[Quality]
    metric: str
    """The metric that decides."""

    @property
    def alerts(self) -> list[str]:
        """A sentence for each alert."""
        drifted = [
            f"{f.column} drifts: index {f.effect:.3f}, ordinary up to {f.limit:.3f}"
            for f in self.drift
            if f.alert
        ]
        newest = self.quality[-1] if self.quality else None
        if newest is not None and newest.alert:
            title, value = METRICS[self.metric].title, newest.metrics[self.metric]
            drifted.append(f"quality fell: {title} {value:.3f} in the window of {newest.window}")
        return drifted


def run(config: Config, name: str) -> Summary:
    """Judge what the served version answered; write the summary and the newest window's report.

    Raises:
        BundleError: no model serves.
        ConfigError: the windows are not those that the model was profiled in.
        DataError: nothing was logged, or nothing with a time.
    """
    versions = Versions(config.train.bundles, name)
    version = versions.served()
    if version is None:
        raise BundleError(versions.unserved())
    bundle = open_bundle(versions.folder / version.bundle)
    contract, settings = bundle.contract, config.monitor
    learned = bundle.profile.get("window_days", settings.window_days)
    if learned != settings.window_days:
        raise ConfigError(
            f"monitor.window_days is {settings.window_days}, but version {version.number} learned"
            f" what is ordinary in windows of {learned} days; set {learned}, or train again"
        )
    served = read_served(settings.log, contract, version.number)
    windows = cut(served, contract, settings.window_days, settings.min_rows)
    if not windows:
        raise DataError(f"no row in '{settings.log}' has a time between 1900 and 2200")
    profiles = [ColumnProfile(**column) for column in bundle.profile["columns"]]
    judged = [window for window in windows if window.complete]
    counts = {window.name: count(window, contract, profiles) for window in judged}
    summary = Summary(
        model=name,
        version=version.number,
        drift=compare(profiles, bundle.profile["rows"], counts, settings),
        quality=assess(bundle.task, judged, bundle.metadata["metrics"]["model"], settings),
        metric=bundle.task.main,
    )
    show(summary, windows, settings.min_rows)
    folder = settings.reports / name
    save(summary, folder / "summary.json")
    limits = {profile.name: max(settings.min_effect, profile.ordinary) for profile in profiles}
    draw(bundle, windows, folder, settings.sample_rows, limits)
    return summary


def count(window: Window, contract: Contract, profiles: list[ColumnProfile]) -> dict[str, Counts]:
    """Counts of each profiled column of a window, over the profile's bins."""
    columns = columns_of(window.rows.inputs, contract.numeric, contract.category)
    columns[SCORE] = task_of(contract).watched(window.rows.outputs)
    return {profile.name: profile.count(columns[profile.name]) for profile in profiles}


def show(summary: Summary, windows: list[Window], min_rows: int) -> None:
    """Print a line per window, the newest window's columns, and the alerts."""
    quality = {found.window: found for found in summary.quality}
    rows = []
    for window in windows:
        breaches = [f.column for f in summary.drift if f.window == window.name and f.breach]
        known = quality.get(window.name)
        rows.append(
            (
                window.title,
                len(window.rows),
                (", ".join(breaches) or "–") if window.complete else "(not complete)",
                int((~np.isnan(window.rows.labels)).sum()),
                known.metrics[summary.metric] if known else None,
                known.observed if known else None,
                known.predicted if known else None,
            )
        )
    header = ["window", "rows", "beyond ordinary", "labelled", METRICS[summary.metric].title]
    header += ["observed", "predicted"]
    table(f"{summary.model} version {summary.version}", header, rows)
    if not summary.drift:
        most = max(len(window.rows) for window in windows)
        say(
            f"unjudged  no window is complete with {min_rows:,} rows (monitor.min_rows); the largest"
            f" has {most:,}"
        )
        return
    newest = summary.drift[-1].window
    table(
        f"newest window judged: {newest}",
        ["column", "index", "lower bound", "ordinary up to", "adjusted p", "beyond", "alert"],
        [
            (f.column, f.effect, f.low, f.limit, f"{f.p_value:.2g}", f.breach, f.alert)
            for f in summary.drift
            if f.window == newest
        ],
    )
    for alert in summary.alerts:
        say(f"alert     {alert}")
    if not summary.alerts:
        say("calm      nothing went beyond what is ordinary for long enough")


def save(summary: Summary, path: Path) -> None:
    """Write the summary as JSON, for machines."""
    content = asdict(summary) | {
        "alerts": summary.alerts,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_file(path, json.dumps(content, indent=2).encode())
    say(f"summary   {path}")


def draw(
    bundle: Bundle, windows: list[Window], folder: Path, n_rows: int, limits: dict[str, float]
) -> None:
    """Write the HTML report of the newest complete window."""
    newest = next((w for w in reversed(windows) if w.complete), windows[-1])
    target = folder / f"drift-{newest.name}.html"
    with new_file(target) as staging:
        write_report(bundle.contract, bundle.path, newest, staging, n_rows=n_rows, limits=limits)
    say(f"report    {target}  open it in a browser")
