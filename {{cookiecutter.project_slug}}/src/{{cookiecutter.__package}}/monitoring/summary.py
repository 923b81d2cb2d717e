"""What monitoring knows of the served version: as JSON for machines, as tables at a terminal."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..models.bundle import Bundle
from ..models.metrics import METRICS
from ..storage import write_file
from ..terminal import say, table
from .finding import Finding
from .history import Judged

MOST_WINDOWS = 15
DRIFT = ("data_drift", "prediction_drift")


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
    bundle: Bundle, version: int, windows: Sequence[Judged], alerts: list[str]
) -> Summary:
    """The newest judged window, and the open alerts."""
    main, judged = bundle.task.main, [window for window in windows if window.findings]
    qualities = [
        (window.name, finding)
        for window in judged
        for finding in window.findings
        if (finding.kind, finding.measure, finding.part) == ("quality", main, "")
    ]
    name, quality = qualities[-1] if qualities else (None, None)
    newest = judged[-1].findings if judged else ()
    return Summary(
        model=bundle.contract.name,
        version=version,
        metric=main,
        window=judged[-1].name if judged else None,
        drift=[one for one in newest if one.kind in DRIFT and one.limit is not None],
        quality=quality,
        quality_window=name,
        alerts=alerts,
    )


def save(summary: Summary, path: Path) -> None:
    """Write the summary as JSON, for machines."""
    content = asdict(summary) | {"made": datetime.now(UTC).isoformat(timespec="seconds")}
    write_file(path, json.dumps(content, indent=2).encode())
    say(f"summary   {path}")


def show(summary: Summary, windows: Sequence[Judged], min_rows: int, skipped: int) -> None:
    """Print a line per window, the newest judged one's columns, and the alerts."""
    header = ("window", "rows", "labelled", METRICS[summary.metric].title, "outside its range")
    rows = [_row(window, summary.metric) for window in windows[-MOST_WINDOWS:]]
    table(f"{summary.model} version {summary.version}", header, rows)
    if len(windows) > MOST_WINDOWS:
        say(f"earlier   {len(windows) - MOST_WINDOWS} windows are in the history")
    if skipped:
        say(f"skipped   {skipped:,} lines or rows of the log that are torn or not of this contract")
    if summary.window is None:
        most = max((window.rows for window in windows), default=0)
        say(
            f"unjudged  no window is complete with {min_rows:,} rows (monitor.min_rows);"
            f" the largest has {most:,}"
        )
        return
    table(
        f"drift in the newest judged window, {summary.window}",
        ("column", "measure", "value (interval)", "limit", "p", "outside"),
        [
            (f.about, f.title, f.interval, f.figure(f.limit), f"{f.p_value or 0:.2g}", f.breach)
            for f in summary.drift
        ],
    )
    for alert in summary.alerts:
        say(f"alert     {alert}")
    if not summary.alerts:
        say("calm      nothing was outside its reference range for long enough to be an alert")


def _row(window: Judged, metric: str) -> tuple[object, ...]:
    findings = window.findings
    outside = dict.fromkeys(f.about for f in findings if f.breach and f.kind in DRIFT)
    quality = [f.value for f in findings if (f.kind, f.measure, f.part) == ("quality", metric, "")]
    name = f"{window.first} … {window.last}" if window.name == str(window.first) else window.name
    columns = ", ".join(outside) if window.complete else "(not complete)"
    return name, window.rows, window.labelled, next(iter(quality), None), columns or "–"
