"""How every plot looks: one style, drawn without a screen and the same to the byte each time.

Colours are those of Okabe & Ito (2008), told apart by every kind of colour vision. Figures are as
wide as a phone, so that their text is legible there; text stays text.
"""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....pages import figures, short

BLUE, ORANGE, GREY, INK, PALE = "#0072B2", "#D55E00", "#7A828C", "#1F2933", "#E4E7EB"
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is one
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.color": INK,
    "ytick.labelsize": 8,
    "ytick.left": False,
}
BASELINE: Any = {"color": GREY, "linewidth": 1.2, "linestyle": (0, (4, 3))}
WIDTH, TITLE_LETTERS = 4.0, 42
Row = tuple[str, Mapping[str, float | None]]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing with the words around it."""

    name: str
    title: str
    """What is seen."""
    note: str
    """How to read it."""
    svg: str


@contextmanager
def styled() -> Iterator[None]:
    """Within, figures have the style; a name in a script that the font lacks is no warning."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def sheet(height: float = 3.0, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with axes below each other, ``height`` inches in all."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(rows, 1, squeeze=False)[:, 0])


def finish(figure: Figure, name: str, title: str, note: str) -> Plot:
    """Set the title and write the SVG; ids begin with the plot's name, as a page holds several."""
    figure.suptitle(_balanced(title), x=0.01, ha="left", fontsize=10, fontweight="bold")
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", file.getvalue())
    return Plot(name=name, title=title, note=note, svg=svg)


def _balanced(title: str) -> str:
    """In as few lines as fit, all about as long."""
    lines = textwrap.wrap(title, TITLE_LETTERS)
    for width in range(TITLE_LETTERS - 1, len(title) // len(lines), -1):
        if len(narrower := textwrap.wrap(title, width)) > len(lines):
            break
        lines = narrower
    return "\n".join(lines)


def whiskers(axes: Axes, rows: Sequence[Row], *, bold: int | None = 0, unit: str = "") -> None:
    """A dot with its interval for each row, from the top; ``bold`` is the one that it is about."""
    for y, (_, found) in enumerate(rows):
        colour = BLUE if bold is None or y == bold else GREY
        low, value, high = (found[key] for key in ("low", "value", "high"))
        if value is None:
            continue
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=colour, alpha=0.45, linewidth=4)
        axes.plot([value], [y], "o", color=colour, markersize=6)
    names = [f"{short(name)}  {figures(found['value'])}" for name, found in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(unit)


def tall(rows: int) -> float:
    """Inches for so many rows of whiskers."""
    return 1.1 + 0.23 * max(rows, 3)


def band(axes: Axes, curve: Mapping[str, Sequence[float | None]], colour: str = BLUE) -> None:
    """A line ``x``, ``y`` with the band between ``low`` and ``high``; null is left out."""
    x, y, low, high = (
        [math.nan if v is None else v for v in curve[key]] for key in ("x", "y", "low", "high")
    )
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, y, color=colour)


def histogram(axes: Axes, edges: Sequence[float], counts: Sequence[int], colour: str) -> float:
    """The share of rows in each bin; returns the largest."""
    shares = [count / max(sum(counts), 1) for count in counts]
    axes.stairs(shares, edges, fill=True, color=colour, alpha=0.25)
    axes.stairs(shares, edges, color=colour, linewidth=1.6)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    return max(shares)


def say_at(axes: Axes, x: float, y: float, text: str, colour: str = GREY, **how: Any) -> None:
    """A label where the thing is, in place of a legend."""
    axes.annotate(text, (x, y), color=colour, fontsize=8, **how)
