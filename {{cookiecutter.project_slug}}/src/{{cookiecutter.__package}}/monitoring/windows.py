"""Cuts what was served into windows: of whole local days, or of rows where rows have no time."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ..contract import Contract
from ..models.days import FIRST_S, LAST_S, first_day, local_days, windows_of
from .served import Served

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
    def title(self) -> str:
        """For people."""
        if self.first_row is None:
            return f"{self.first} … {self.last}"
        return f"rows {self.first_row:,} … {self.first_row + len(self.rows) - 1:,}"


def cut(served: Served, contract: Contract, days: int, n_rows: int) -> list[Window]:
    """Windows of ``days``, aligned to Mondays where that is 7; without a time, of ``n_rows``.

    A row without a time is in none, nor is one whose time lies centuries away: a caller's mistake.
    """
    if contract.time is None:
        return _by_rows(served, n_rows)
    known = (served.seconds >= FIRST_S) & (served.seconds < LAST_S)
    if not known.any():
        return []
    local = local_days(served.seconds, contract.zone)
    number = windows_of(local, days)
    present = set(np.unique(number[known]).tolist())
    windows = []
    for index in sorted(present):
        rows = np.flatnonzero(known & (number == index))
        first, last = first_day(index, days), first_day(index, days) + days - 1
        begun = index - 1 in present or bool((local[rows] == first).any())
        ended = index + 1 in present or bool((local[rows] == last).any())
        windows.append(
            Window(
                first=EPOCH + timedelta(days=first),
                last=EPOCH + timedelta(days=last),
                rows=served[rows],
                complete=begun and ended,
            )
        )
    return windows


def _by_rows(served: Served, n_rows: int) -> list[Window]:
    """In the order in which they were answered, as the training rows were cut."""
    windows = []
    for start in range(0, len(served), n_rows):
        rows = served[np.arange(start, min(start + n_rows, len(served)))]
        first, last = (
            EPOCH + timedelta(seconds=int(end)) for end in (rows.seconds[0], rows.seconds[-1])
        )
        complete = len(rows) == n_rows
        windows.append(
            Window(first=first, last=last, rows=rows, complete=complete, first_row=start + 1)
        )
    return windows
