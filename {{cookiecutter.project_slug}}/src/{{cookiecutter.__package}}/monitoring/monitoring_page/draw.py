"""Drawings as SVG: their colours are the page's, so they follow light, dark and print.

As wide as a phone, so that their text is legible there. Every mark says its figures when it is
pointed at, and none is told apart by its colour alone.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...pages import figures, short
from .shapes import Shape

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 18, 24
MOST_VALUES = 6
NAME_LETTERS, ROW = 13, 22
EMPTY = Markup()


@dataclass(frozen=True, kw_only=True)
class Point:
    """One window's value."""

    at: int
    """The number of the window."""
    value: float
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    breach: bool = False
    told: str = ""
    """What it says when it is pointed at."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Values one after the other."""

    name: str
    points: Sequence[Point]


def figure(value: float, unit: str) -> str:
    """A number with its unit; a share in percent."""
    if unit == "%":
        digits = 0 if value == 0 or abs(value) >= 0.1 else 1 if abs(value) >= 0.01 else 2
        return f"{100 * value:.{digits}f} %".replace("-", "−")
    return f"{figures(value)}{f' {unit}' if unit else ''}"


def timeline(title: str, lines: Sequence[Line], names: Sequence[str], unit: str) -> Markup:
    """Lines over windows, with the band of their intervals and the limit where there is one."""
    points = [point for line in lines for point in line.points]
    marks = ticks(
        [v for p in points for v in (p.value, p.low, p.high, p.limit) if v is not None],
        floor=0.0 if min(p.value for p in points) >= 0 else None,
        ceiling=1.0 if unit == "%" else None,
    )
    bottom, top = marks[0], marks[-1]
    step = (WIDTH - LEFT - RIGHT) / max(len(names), 1)

    def x(at: int) -> float:
        return LEFT + step * (at + 0.5)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    parts = [_grid(marks, [y(mark) for mark in marks], unit), _names(names, step)]
    for line in lines:
        for run in _runs(line.points):
            banded = [p for p in run if p.low is not None and p.high is not None]
            if len(banded) > 1:
                edge = [(x(p.at), y(p.high or 0)) for p in banded]
                edge += [(x(p.at), y(p.low or 0)) for p in reversed(banded)]
                parts.append(Markup('<path class="band" d="{}Z"/>').format(_path(edge)))
            drawn = [(x(p.at), y(p.value)) for p in run]
            parts.append(Markup('<path class="line" d="{}"/>').format(_path(drawn)))
            limits = [(x(p.at), y(p.limit)) for p in run if p.limit is not None]
            if limits:
                wide = [
                    (limits[0][0] - step / 2, limits[0][1]),
                    *limits,
                    (limits[-1][0] + step / 2, limits[-1][1]),
                ]
                parts.append(Markup('<path class="limit" d="{}"/>').format(_path(wide)))
        if len(lines) > 1:
            left = x(line.points[0].at) - step / 2
            wall = Markup('<path class="grid" d="M{:.1f} {}V{}"/>')
            parts.append(wall.format(left, TOP - 6, HEIGHT - BOTTOM))
            parts.append(_text(left + 4, TOP - 4, line.name, ""))
        small = 3.0 if step > 9 else 2.0
        parts += [_mark(x(p.at), y(p.value), p, small) for p in line.points]
    last = next((p for line in reversed(lines) for p in reversed(line.points) if p.limit), None)
    if last is not None and last.limit is not None:
        above = y(last.limit) - TOP > 12
        place = (WIDTH - RIGHT, y(last.limit) + (-4 if above else 12), figure(last.limit, unit))
        parts.append(
            Markup('<text x="{}" y="{:.1f}" class="end limit-name">limit {}</text>').format(*place)
        )
    return _svg(title, HEIGHT, parts)


def shape(title: str, found: Shape) -> Markup:
    """A column's shares in a window (bars) beside those in training (lines across)."""
    return _values(title, found) if found.values else _bins(title, found)


def ticks(
    values: Sequence[float], *, floor: float | None = None, ceiling: float | None = None
) -> list[float]:
    """Three to six round numbers that enclose values, within ``floor`` and ``ceiling``."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - (abs(low) or 1) * 0.05, high + (abs(high) or 1) * 0.05
    pad = (high - low) * 0.06
    low, high = low - pad, high + pad
    low = low if floor is None else max(low, floor)
    high = high if ceiling is None else min(high, ceiling)
    rough = (high - low) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * number, 12) for number in range(first, last + 1)]


def _bins(title: str, found: Shape) -> Markup:
    """Bars from the least to the largest numbers, each a tenth of training's rows; then missing."""
    height, known = 130, len(found.edges) + 1
    missing = max(found.training[-1], found.window[-1]) > 0
    shown = known + (2 if missing else 0)
    step, most = (WIDTH - 8) / max(shown, 1), max(*found.training, *found.window)
    deep = height - 20 - 22

    def bar(index: int, place: float, told: str) -> Markup:
        now, before = found.window[index], found.training[index]
        left, tall, line = 4 + step * place, deep * now / most, deep * before / most
        says = f"{told}: {figure(now, '%')} of rows, in training {figure(before, '%')}"
        return Markup(
            '<g><title>{}</title><rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}"'
            ' height="{:.1f}"/><path class="was" d="M{:.1f} {:.1f}h{:.1f}"/></g>'
        ).format(says, left + 1, 22 + deep - tall, step - 2, tall, left, 22 + deep - line, step)

    bounds = [figures(edge) for edge in found.edges]
    told = [
        f"from {low} to {high}" if low and high else f"up to {high}" if high else f"above {low}"
        for low, high in zip(["", *bounds], [*bounds, ""], strict=True)
    ]
    parts = [bar(index, index, told[index]) for index in range(known)]
    if missing:
        parts.append(bar(known, known + 1, "missing"))
        parts.append(_text(WIDTH - 4, height - 6, "missing", "end"))
    chosen = range(len(bounds)) if len(bounds) <= 4 else (0, len(bounds) // 2, len(bounds) - 1)
    for index in chosen:
        parts.append(_text(4 + step * (index + 1), height - 6, bounds[index], "mid"))
    parts.append(_text(4, 12, f"{figure(most, '%')} of rows", ""))
    parts.append(Markup('<path class="grid" d="M4 22H{}M4 {}H{}"/>').format(356, 22 + deep, 356))
    return _svg(title, height, parts)


def _values(title: str, found: Shape) -> Markup:
    """A bar for each of the commonest values, and one for the rest."""
    pairs = list(zip(found.training, found.window, strict=True))
    rows = list(zip((*found.values, "all others", "missing"), pairs, strict=True))
    rows = [(name, pair) for name, pair in rows if max(pair) > 0]
    if len(rows) > MOST_VALUES:
        ranked = sorted(rows, key=lambda row: (row[0] != "all others", max(row[1])), reverse=True)
        named, rest = ranked[: MOST_VALUES - 1], ranked[MOST_VALUES - 1 :]
        total = (sum(pair[0] for _, pair in rest), sum(pair[1] for _, pair in rest))
        rows = [*named, (f"{len(rest)} others", total)]
    most = max(max(pair) for _, pair in rows)
    left, wide = 92, WIDTH - 92 - 100
    parts = []
    for number, (name, (before, now)) in enumerate(rows):
        top = 4 + ROW * number
        says = f"{name}: {figure(now, '%')} of rows, in training {figure(before, '%')}"
        parts.append(
            Markup(
                '<g><title>{}</title><rect class="bar" x="{}" y="{}" width="{:.1f}" height="14"/>'
                '<path class="was" d="M{:.1f} {}v18"/></g>'
            ).format(says, left, top, wide * now / most, left + wide * before / most, top - 2)
        )
        parts.append(_text(left - 6, top + 11, short(name, NAME_LETTERS), "end"))
        told = f"{figure(now, '%')}, was {figure(before, '%')}"
        parts.append(_text(WIDTH - 4, top + 11, told, "end"))
    return _svg(title, 4 + ROW * len(rows), parts)


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Points of windows that follow each other."""
    run: list[Point] = []
    for point in points:
        if run and point.at != run[-1].at + 1:
            yield run
            run = []
        run.append(point)
    yield run


def _mark(x: float, y: float, point: Point, size: float) -> Markup:
    drawn = (
        Markup('<path class="beyond" d="M{:.1f} {:.1f}l6 6l-6 6l-6 -6Z"/>').format(x, y - 6)
        if point.breach
        else Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(x, y, size)
    )
    return Markup("<g><title>{}</title>{}</g>").format(point.told, drawn)


def _grid(marks: Sequence[float], heights: Sequence[float], unit: str) -> Markup:
    lines = EMPTY.join(
        Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(LEFT, height, WIDTH - RIGHT)
        for height in heights
    )
    shown = "%" if unit == "%" else ""
    names = (figure(mark, shown) for mark in marks)
    return lines + EMPTY.join(
        _text(LEFT - 6, height + 4, name, "end")
        for name, height in zip(names, heights, strict=True)
    )


def _names(names: Sequence[str], step: float) -> Markup:
    last = len(names) - 1
    chosen = range(last + 1) if last < 3 else (0, last // 2, last)
    return EMPTY.join(
        _text(
            (
                LEFT + step * (at + 0.5)
                if 0 < at < last or last < 3
                else LEFT if at == 0 else WIDTH - RIGHT
            ),
            HEIGHT - 6,
            names[at],
            "mid" if 0 < at < last or last < 3 else "" if at == 0 else "end",
        )
        for at in chosen
    )


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(x, y, kind, text)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _svg(title: str, height: float, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        title, WIDTH, height, EMPTY.join(parts)
    )
