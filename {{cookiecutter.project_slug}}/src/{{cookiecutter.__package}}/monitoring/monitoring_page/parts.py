"""What the page is made of, and a finding in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ..finding import Finding
from .draw import figure
from .words import measure, unit

LEVELS = ("none", "low", "near", "over", "beyond")


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure to be seen at once."""

    title: str
    value: str
    more: str
    bad: bool = False


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing with its words."""

    title: str
    drawn: Markup
    note: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A column in a window: how near it came to its limit."""

    level: str
    """``none``, ``low``, ``near``, ``over`` or ``beyond``."""
    told: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Columns down, windows across."""

    heads: Sequence[tuple[str, int]]
    """The first window of a group, and how many are in it."""
    rows: Sequence[tuple[str, Sequence[Cell]]]
    left_out: int


def level(one: Finding) -> str:
    """How near a finding comes to its limit."""
    if one.breach:
        return "beyond"
    near = one.value / one.limit if one.limit else 0.0
    return "low" if near < 0.5 else "near" if near < 1 else "over"


def range_of(one: Finding) -> str:
    """The confidence interval, in words."""
    if one.low is None and one.high is None:
        return ""
    if one.high is None:
        return f"surely above {figure(one.low or 0, unit(one))}"
    if one.low is None:
        return f"surely below {figure(one.high, unit(one))}"
    return f"{figure(one.low, unit(one))} to {figure(one.high, unit(one))}"


def interval(one: Finding) -> str:
    """The value, with its confidence interval where there is one."""
    told = range_of(one)
    return figure(one.value, unit(one)) + (f" ({told})" if told else "")


def row(one: Finding, of: str) -> dict[str, Any]:
    """A finding as a row of a table."""
    return {
        "of": of,
        "measure": measure(one),
        "value": figure(one.value, unit(one)),
        "range": range_of(one),
        "limit": "–" if one.limit is None else figure(one.limit, unit(one)),
        "rows": f"{one.rows:,}",
        "breach": one.breach,
        "sudden": one.sudden,
    }
