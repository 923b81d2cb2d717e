"""What monitoring tells at a terminal: the windows, what was beyond ordinary, the alerts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..models.metrics import METRICS
from ..models.profile import SCORE
from ..terminal import say, table
from .finding import Finding
from .history import Judged

if TYPE_CHECKING:
    from .job import Summary

MOST_WINDOWS = 15
DRIFT = {"data_drift", "prediction_drift"}


def show(
    summary: "Summary",
    windows: Sequence[Judged],
    found: Mapping[str, Sequence[Finding]],
    min_rows: int,
) -> None:
    """Print a line per window, the newest judged one's columns, and the alerts."""
    rows = []
    for window in windows[-MOST_WINDOWS:]:
        findings = found.get(window.name, [])
        beyond = dict.fromkeys(subject_of(f) for f in findings if f.breach and f.kind in DRIFT)
        known = [
            f.value
            for f in findings
            if (f.kind, f.measure, f.part) == ("quality", summary.metric, "")
        ]
        rows.append(
            (
                f"{window.first} … {window.last}" if window.name == window.first else window.name,
                window.rows,
                (", ".join(beyond) or "–") if window.complete else "(not complete)",
                window.labelled,
                known[0] if known else None,
            )
        )
    header = ["window", "rows", "beyond ordinary", "labelled", METRICS[summary.metric].title]
    table(f"{summary.model} version {summary.version}", header, rows)
    if len(windows) > MOST_WINDOWS:
        say(f"earlier   {len(windows) - MOST_WINDOWS} windows are not shown; the history has them")
    if summary.window is None:
        most = max((window.rows for window in windows), default=0)
        say(
            f"unjudged  no window is complete with {min_rows:,} rows (monitor.min_rows); the largest"
            f" has {most:,}"
        )
        return
    table(
        f"newest window judged: {summary.window}",
        ["column", "measure", "moved", "surely", "ordinary up to", "adjusted p", "beyond"],
        [
            (subject_of(f), f.measure, f.value, f.low, f.limit, f"{f.p_value or 0:.2g}", f.breach)
            for f in summary.drift
        ],
    )
    for alert in summary.alerts:
        say(f"alert     {alert}")
    if not summary.alerts:
        say("calm      nothing went beyond what is ordinary for long enough")


def subject_of(finding: Finding) -> str:
    """What a finding is about, in words."""
    return "the answers" if finding.subject == SCORE else finding.subject
