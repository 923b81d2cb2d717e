"""Two plots as SVG in the page: their colours are the page's, so they follow light, dark and print.

They are as wide as a phone, and no mark is told apart by its colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from ...pages import percent, short
from ..finding import Finding

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 180, 54, 10, 20, 24
LABELS, BAR, ROW, LETTERS = 100, 150, 20, 16


@dataclass(frozen=True, kw_only=True)
class Point:
    """A finding in a window."""

    window: int
    """The window's place along the time."""
    version: int
    finding: Finding
    tooltip: str


def timeline(title: str, points: Sequence[Point], windows: Sequence[str]) -> Markup:
    """A measure over the windows, its intervals and its limit; a line for each version."""
    findings = [point.finding for point in points]
    values = [v for f in findings for v in (f.value, f.low, f.high, f.limit) if v is not None]
    low, high = min(values), max(values)
    step = (WIDTH - LEFT - RIGHT) / len(windows)

    def x(point: Point) -> float:
        return LEFT + step * (point.window + 0.5)

    def y(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = []
    for value in sorted({low, (low + high) / 2, high}):
        parts.append(_path("grid", f"M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"))
        parts.append(_text(LEFT - 6, y(value) + 4, findings[0].figure(value), "end"))
    parts.append(_text(LEFT, HEIGHT - 6, windows[0]))
    if len(windows) > 1:
        parts.append(_text(WIDTH - RIGHT, HEIGHT - 6, windows[-1], "end"))
    for before, point in pairwise(points):
        if point.version != before.version:
            parts.append(_path("grid", f"M{x(point) - step / 2:.1f} 8V{HEIGHT - BOTTOM}"))
            parts.append(_text(x(point) - step / 2 + 4, 12, f"version {point.version}"))
        elif point.window == before.window + 1:
            ends = [f"{x(one):.1f} {y(one.finding.value):.1f}" for one in (before, point)]
            parts.append(_path("line", "M" + "L".join(ends)))
    limit = None
    for point in points:
        one = point.finding
        if one.limit is not None:
            limit = one.limit
            parts.append(_path("limit", f"M{x(point) - step / 2:.1f} {y(limit):.1f}h{step:.1f}"))
        if one.low is not None and one.high is not None:
            parts.append(_path("interval", f"M{x(point):.1f} {y(one.low):.1f}V{y(one.high):.1f}"))
        parts.append(_mark(x(point), y(one.value), point))
    if limit is not None:
        below = 13 if y(limit) < TOP + 12 else -4
        parts.append(_text(WIDTH - RIGHT, y(limit) + below, "limit", "end"))
    return _svg(title, HEIGHT, parts)


def distribution(title: str, bins: Sequence[tuple[str, float, float]]) -> Markup:
    """A bar for the share of each bin in the window, across it a line for that in training."""
    most = max(share for _, *shares in bins for share in shares)
    parts = []
    for number, (label, before, share) in enumerate(bins):
        top = ROW * number
        bar = Markup('<rect class="bar" x="{}" y="{}" width="{:.1f}" height="14"/>')
        parts.append(bar.format(LABELS, top + 3, BAR * share / most))
        parts.append(_path("training", f"M{LABELS + BAR * before / most:.1f} {top + 1}v18"))
        parts.append(_text(LABELS - 6, top + 14, short(label, LETTERS), "end"))
        shown = f"{percent(share)}, was {percent(before)}"
        parts.append(_text(WIDTH - 4, top + 14, shown, "end"))
    return _svg(title, ROW * len(bins), parts)


def _mark(x: float, y: float, point: Point) -> Markup:
    """A dot; a diamond outside the reference range."""
    path = "M-6 0L0 -6L6 0L0 6Z" if point.finding.breach else "M-3 0A3 3 0 1 1 3 0A3 3 0 1 1 -3 0Z"
    name = "outside" if point.finding.breach else "dot"
    mark = '<path class="{}" transform="translate({:.1f} {:.1f})" d="{}"><title>{}</title></path>'
    return Markup(mark).format(name, x, y, path, point.tooltip)


def _text(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )


def _path(name: str, path: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(name, path)


def _svg(title: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        title, WIDTH, height, Markup().join(parts)
    )
