"""Cuts what was served into windows: of whole local days, or of rows where rows have no time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ..contract import Contract
from ..models.days import DAY_S, FIRST_S, LAST_S, first_day, local_days, windows_of
from ..models.profile import NO_WINDOW
from .served import Integers, Served

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Consecutive rows: of some days, or some number of them."""

    first: date
    last: date
    rows: Served
    complete: bool
    """Whether what was served reaches from its first day to its last; others are not judged."""
    first_row: int | None = None
    """The number of its first row, where windows go by rows."""

    @property
    def name(self) -> str:
        """The first day, in ISO 8601, or the first row."""
        return self.first.isoformat() if self.first_row is None else f"row-{self.first_row:06}"

    @property
    def n_labelled(self) -> int:
        """Rows whose outcome is known."""
        return int((~np.isnan(self.rows.labels)).sum())

    @property
    def title(self) -> str:
        """For people."""
        if self.first_row is None:
            return f"{self.first} … {self.last}"
        return f"rows {self.first_row:,} … {self.first_row + len(self.rows) - 1:,}"


@dataclass(frozen=True, kw_only=True)
class Span:
    """What is held of a window: rows, from their first to their last local day since 1970."""

    first: int
    last: int
    rows: int
    newest_s: int
    """The time of the newest row, UTC seconds."""


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long windows are: days of the contract's time, or rows where it has none."""

    days: int
    rows: int
    by_rows: bool

    def __str__(self) -> str:
        return f"{self.rows} rows" if self.by_rows else f"{self.days} days"


def number_of(
    seconds: Integers, contract: Contract, length: Length, start: int = 0
) -> tuple[Integers, Integers]:
    """The window of each row, or ``NO_WINDOW``, and its local day; ``start`` rows came before."""
    local = local_days(seconds, contract.zone)
    if length.by_rows:
        return (start + np.arange(len(seconds))) // length.rows, local
    known = (seconds >= FIRST_S) & (seconds < LAST_S)
    return np.where(known, windows_of(local, length.days), NO_WINDOW), local


def span_of(seconds: Integers, local: Integers) -> Span:
    """Of some rows of a window."""
    return Span(
        first=int(local.min()),
        last=int(local.max()),
        rows=len(seconds),
        newest_s=int(seconds.max()),
    )


def is_complete(number: int, spans: Mapping[int, Span], length: Length) -> bool:
    """Whether rows reach from a window's first day to its last, or there are enough of them."""
    span = spans[number]
    if length.by_rows:
        return span.rows == length.rows
    first, last = first_day(number, length.days), first_day(number + 1, length.days) - 1
    return (number - 1 in spans or span.first == first) and (
        number + 1 in spans or span.last == last
    )


def name_of(number: int, length: Length) -> str:
    """What ``Window.name`` will be."""
    if length.by_rows:
        return f"row-{number * length.rows + 1:06}"
    return (EPOCH + timedelta(days=first_day(number, length.days))).isoformat()


def window_of(number: int, rows: Served, length: Length, *, complete: bool) -> Window:
    """A window by its number, with its rows in the order of their time."""
    if length.by_rows:
        days = [int(second) // DAY_S for second in (rows.seconds[0], rows.seconds[-1])]
        first_row = number * length.rows + 1
    else:
        days = [first_day(number, length.days), first_day(number + 1, length.days) - 1]
        first_row = None
    first, last = (EPOCH + timedelta(days=day) for day in days)
    return Window(first=first, last=last, rows=rows, complete=complete, first_row=first_row)
