"""The sections of the page, in sentences, figures and plots; pure functions of its content."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...models.tasks import task_of
from ..finding import DRIFT, Finding
from ..history import JudgedWindow
from . import plots
from .content import Content, window_name
from .plots import Point

MOST_CHARTS, MOST_COLUMNS, MOST_FINDINGS = 9, 30, 60
WHOLE = ("quality", "prediction_drift", "parity", "quality_estimate")
"""Kinds that are about all rows, so that a title need not name their subject."""
NOTES = {
    "coverage": "Quality is judged on these rows alone. Labels come late: new windows have fewer.",
    "quality": "On rows whose label is known by now; bars are confidence intervals.",
    "staleness": "It rises until a new version serves.",
    "parity": "Share of logged predictions that differ when the bundle predicts the same rows"
    " again. It should be 0.",
    "quality_estimate": "Estimated from the probabilities before labels arrive: right only while they"
    " are calibrated on these rows. If the same row now gets another label, only labels show it.",
    "challenger": "A newer version that answers or shadows requests, compared with the served version.",
}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A plot with its title and a sentence."""

    title: str
    plot: Markup
    note: str
    outside: bool


def state(content: Content) -> tuple[str, str]:
    """``alert``, ``calm`` or ``unjudged``, and a sentence."""
    if content.open:
        since = window_name(min(alert.since for alert in content.open))
        count = "1 alert is" if len(content.open) == 1 else f"{len(content.open)} alerts are"
        return "alert", f"{count} open, the oldest since {since}."
    if content.newest is None:
        return "unjudged", "No window is complete with enough rows to be judged."
    outside = dict.fromkeys(f.about for f in content.newest.findings if f.breach)
    if outside:
        names = ", ".join(outside)
        lead = f"Outside the reference range, but not for long enough to be an alert: {names}."
        return "calm", lead
    return "calm", "Everything that was judged is within its reference range."


def tiles(content: Content) -> Iterator[tuple[str, str, str, bool]]:
    """Title, figure, a note, and whether it is outside: quality, labels and columns."""
    newest, main = content.newest, task_of(content.contract).main
    if newest is None:
        return
    quality = [(w, one) for w in content.windows if (one := w.quality(main))]
    for window, one in quality[-1:]:
        note = f"{one.interval}, window of {window_name(window.name)}"
        yield one.title, one.figure(one.value), note, one.breach
    share = newest.labelled / max(newest.rows, 1)
    yield "Labels known", f"{share:.0%}", f"{newest.labelled:,} of {newest.rows:,} rows", False
    judged = drift_of(newest)
    count = sum(one.breach for one in judged.values())
    yield "Outside the range", f"{count} of {len(judged)}", "columns and predictions", count > 0


def strength(finding: Finding) -> tuple[bool, float]:
    """How near a finding came to its limit, to order by; outside the reference range last."""
    return finding.breach, finding.value / finding.limit if finding.limit else 0.0


def drift_of(window: JudgedWindow) -> dict[str, Finding]:
    """The strongest finding of each column and of predictions."""
    judged = [f for f in window.findings if f.kind in DRIFT]
    return {finding.subject: finding for finding in sorted(judged, key=strength)}


def sentence(finding: Finding) -> str:
    """The value with its interval and its limit."""
    limit = f", limit {finding.figure(finding.limit)}" if finding.limit is not None else ""
    end = ": outside the reference range." if finding.breach else "."
    return f"{finding.title} {finding.interval}{limit}{end} {finding.sudden}".rstrip()


def charts(content: Content) -> list[Chart]:
    """Each measure over the windows, the metric that decides first; columns are the heat map's."""
    main, names = task_of(content.contract).main, content.names
    series: dict[tuple[str, ...], list[Point]] = {}
    for window in content.windows:
        for one in window.findings:
            lesser = one.measure not in (main, "coverage")
            if one.kind == "data_drift" or (one.kind == "quality" and lesser):
                continue
            tooltip = f"{window_name(window.name)}: {sentence(one)}"
            place = names.index(window.name)
            point = Point(window=place, version=window.version, finding=one, tooltip=tooltip)
            series.setdefault((*one.key, one.measure), []).append(point)

    def rank(points: Sequence[Point]) -> tuple[bool, bool, bool]:
        first, outside = points[0].finding, any(point.finding.breach for point in points)
        return first.subject != main, not outside, first.limit is None

    heads = [window_name(name) for name in names]
    return [_chart(points, heads) for points in sorted(series.values(), key=rank)[:MOST_CHARTS]]


def _chart(points: Sequence[Point], heads: Sequence[str]) -> Chart:
    first, newest = points[0].finding, points[-1].finding
    kind = first.kind.replace("_", " ").capitalize()
    names = (first.title, "" if first.kind in WHOLE else first.about)
    title = f"{kind}: {', '.join(dict.fromkeys(filter(None, names)))}"
    ordered = sorted(points, key=lambda point: (point.version, point.window))
    note = NOTES.get(first.measure, NOTES.get(first.kind, ""))
    note = f"{note} Newest: {sentence(newest)}".strip()
    plot = plots.timeline(title, ordered, heads)
    return Chart(title=title, plot=plot, note=note, outside=newest.breach)


def heat_map(content: Content) -> list[tuple[str, list[tuple[str, str]]]]:
    """Columns, each with a level and a sentence per window; those that came nearest first."""
    cells: dict[str, dict[str, Finding]] = {}
    for window in content.windows:
        for column, one in drift_of(window).items():
            row = cells.setdefault(column, {})
            row[window.name] = max(row.get(window.name, one), one, key=strength)
    ranked = sorted(cells, key=lambda name: max(map(strength, cells[name].values())), reverse=True)
    return [
        (next(iter(row.values())).about, [_cell(name, row.get(name)) for name in content.names])
        for row in (cells[column] for column in ranked[:MOST_COLUMNS])
    ]


def _cell(window: str, finding: Finding | None) -> tuple[str, str]:
    if finding is None:
        return "none", f"{window_name(window)}: not judged"
    outside, near = strength(finding)
    level = "low" if near < 0.5 else "near" if near < 1 else "above"
    return "outside" if outside else level, f"{window_name(window)}: {sentence(finding)}"


def findings(content: Content) -> list[Finding]:
    """All of the newest judged window but its columns', those outside their range first."""
    newest = content.newest.findings if content.newest else ()
    others = [finding for finding in newest if finding.kind != "data_drift"]
    return sorted(others, key=lambda finding: not finding.breach)[:MOST_FINDINGS]
