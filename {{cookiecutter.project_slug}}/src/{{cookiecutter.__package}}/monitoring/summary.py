"""What monitoring knows of the served version: a terminal's tables, JSON, and Prometheus' metrics."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ..models.bundle import Bundle
from ..models.metrics import METRICS
from ..storage import write_file
from ..terminal import say, table
from .alerts.sinks import Alert
from .finding import Finding
from .history import JudgedWindow

MOST_WINDOWS = 15
DRIFT = ("data_drift", "prediction_drift")
THING = ("kind", "subject", "part")
MEASURED = ("model", "version", *THING, "measure")
GAUGES = {
    "alert_active": ("1 while an alert is open.", ("model", *THING, "severity")),
    "value": ("What the newest window that was judged showed.", MEASURED),
    "limit": ("The end of the reference range.", MEASURED),
    "last_run_timestamp_seconds": ("When monitoring ran last.", ("model",)),
}
"""By name, without the prefix that keeps them apart from the server's: meaning and labels."""


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
    """What decides of its columns and predictions."""
    quality: Finding | None
    """The deciding metric, in the newest window with labels enough."""
    quality_window: str | None
    alerts: list[str]
    """A sentence for each alert that is open."""


def summarize(
    bundle: Bundle, version: int, windows: Sequence[JudgedWindow], alerts: Sequence[Alert]
) -> Summary:
    """The newest judged window, and the open alerts."""
    metric, judged = bundle.task.main, [window for window in windows if window.findings]
    known = [window for window in judged if quality_of(window, metric)]
    newest = judged[-1].findings if judged else ()
    return Summary(
        model=bundle.contract.name,
        version=version,
        metric=metric,
        window=judged[-1].name if judged else None,
        drift=[one for one in newest if one.kind in DRIFT and one.limit is not None],
        quality=quality_of(known[-1], metric) if known else None,
        quality_window=known[-1].name if known else None,
        alerts=[alert.text for alert in alerts],
    )


def quality_of(window: JudgedWindow, metric: str) -> Finding | None:
    """The deciding metric of all rows of a window."""
    key = ("quality", metric, "")
    return next((finding for finding in window.findings if finding.key == key), None)


def save(summary: Summary, path: Path) -> None:
    """Write the summary as JSON, for machines."""
    content = asdict(summary) | {"made": datetime.now(UTC).isoformat(timespec="seconds")}
    write_file(path, json.dumps(content, indent=2).encode())
    say(f"summary   {path}")


def show(summary: Summary, windows: Sequence[JudgedWindow], min_rows: int, skipped: int) -> None:
    """Print a line per window, the newest judged one's columns, and the alerts."""
    header = ("window", "rows", "labelled", METRICS[summary.metric].title, "outside its range")
    rows = []
    for window in windows[-MOST_WINDOWS:]:
        outside = dict.fromkeys(f.about for f in window.findings if f.breach and f.kind in DRIFT)
        columns = (", ".join(outside) or "–") if window.complete else "(not complete)"
        quality = quality_of(window, summary.metric)
        shown = quality.interval if quality else None
        rows.append((window.name, window.rows, window.labelled, shown, columns))
    table(
        f"{summary.model} version {summary.version}, windows of {windows[-1].length}", header, rows
    )
    if skipped:
        say(f"skipped   {skipped:,} lines or rows of the log that are torn or not of this contract")
    if summary.window is None:
        most = max(window.rows for window in windows)
        say(
            f"unjudged  no window is complete with {min_rows:,} rows (monitor.min_rows);"
            f" the largest has {most:,}"
        )
        return
    table(
        f"drift in the newest judged window, {summary.window}",
        ("column", "measure", "value (interval)", "limit", "outside"),
        [(f.about, f.title, f.interval, f.figure(f.limit), f.breach) for f in summary.drift],
    )
    for alert in summary.alerts:
        say(f"alert     {alert}")
    if not summary.alerts:
        say("calm      nothing was outside its reference range for long enough to be an alert")


def write_metrics(
    path: Path, summary: Summary, windows: Sequence[JudgedWindow], alerts: Sequence[Alert]
) -> None:
    """What is open and what was measured last, in a file that Prometheus reads.

    A measure is that of the newest window that has it: labels come later than rows.
    """
    registry = CollectorRegistry()
    active, value, limit, ran = (
        Gauge(f"monitoring_{name}", *about, registry=registry) for name, about in GAUGES.items()
    )
    for alert in alerts:
        active.labels(summary.model, *alert.key, alert.severity).set(1)
    newest = {(f.kind, f.measure): window.name for window in windows for f in window.findings}
    for window in windows:
        for finding in window.findings:
            if newest[finding.kind, finding.measure] == window.name:
                names = (summary.model, str(summary.version), *finding.key, finding.measure)
                value.labels(*names).set(finding.value)
                if finding.limit is not None:
                    limit.labels(*names).set(finding.limit)
    ran.labels(summary.model).set(datetime.now(UTC).timestamp())
    try:
        write_file(path, generate_latest(registry))
    except OSError as error:  # a full disk stops nothing
        say(f"unwritten '{path}': {error.strerror}")
