"""A plot as SVG in the page: its colours are the page's, so it follows light, dark and print.

It is as wide as a phone, and no mark is told apart by its colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from ..finding import Finding

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 180, 54, 10, 20, 24


@dataclass(frozen=True, kw_only=True)
class Point:
    """A finding in a window."""

    window: int
    """The window's place along the time."""
    version: int
    finding: Finding
    tooltip: str


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where a value of a window lies."""

    low: float
    high: float
    window_width: float

    def x(self, point: Point) -> float:
        """The middle of the window."""
        return LEFT + self.window_width * (point.window + 0.5)

    def y(self, value: float) -> float:
        """Values that are all the same lie in the middle."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def timeline(title: str, points: Sequence[Point], windows: Sequence[str]) -> Markup:
    """A measure over the windows, its intervals and its limit; a line for each version."""
    ends = [(f.value, f.low, f.high, f.limit) for f in (point.finding for point in points)]
    values = [value for each in ends for value in each if value is not None]
    step = (WIDTH - LEFT - RIGHT) / len(windows)
    scale = Scale(low=min(values), high=max(values), window_width=step)
    newest = windows[-1] if len(windows) > 1 else ""
    parts = [_text(LEFT, HEIGHT - 6, windows[0]), _text(WIDTH - RIGHT, HEIGHT - 6, newest, "end")]
    for value in sorted({scale.low, (scale.low + scale.high) / 2, scale.high}):
        parts.append(_path("grid", f"M{LEFT} {scale.y(value):.1f}H{WIDTH - RIGHT}"))
        parts.append(_text(LEFT - 6, scale.y(value) + 4, points[0].finding.figure(value), "end"))
    for before, point in pairwise(points):
        x, y = scale.x(point), scale.y(point.finding.value)
        if point.version != before.version:
            parts.append(_path("grid", f"M{x - step / 2:.1f} 8V{HEIGHT - BOTTOM}"))
            parts.append(_text(x - step / 2 + 4, 12, f"version {point.version}"))
        elif point.window == before.window + 1:
            start = f"{scale.x(before):.1f} {scale.y(before.finding.value):.1f}"
            parts.append(_path("line", f"M{start}L{x:.1f} {y:.1f}"))
    parts += [_mark(point, scale) for point in points]
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        title, WIDTH, HEIGHT, Markup().join(parts)
    )


def _mark(point: Point, scale: Scale) -> Markup:
    """The limit, the interval and a dot, or a diamond outside the reference range."""
    one, x, step = point.finding, scale.x(point), scale.window_width
    parts = []
    if one.limit is not None:
        parts.append(_path("limit", f"M{x - step / 2:.1f} {scale.y(one.limit):.1f}h{step:.1f}"))
    if one.low is not None and one.high is not None:
        parts.append(_path("interval", f"M{x:.1f} {scale.y(one.low):.1f}V{scale.y(one.high):.1f}"))
    name, path = "dot", "m-3 0a3 3 0 1 1 6 0a3 3 0 1 1 -6 0Z"
    if one.breach:
        name, path = "outside", "m-6 0l6 -6l6 6l-6 6Z"
    mark = _path(name, f"M{x:.1f} {scale.y(one.value):.1f}{path}")
    return Markup("<g><title>{}</title>{}</g>").format(point.tooltip, Markup().join([*parts, mark]))


def _text(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )


def _path(name: str, path: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(name, path)
