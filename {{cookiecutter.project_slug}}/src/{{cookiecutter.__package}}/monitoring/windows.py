"""Cuts what was served into windows of whole local days."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ..contract import Contract
from ..models.days import FIRST_S, LAST_S, first_day, local_days, windows_of
from .served import Served

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The rows of some consecutive days."""

    first: date
    last: date
    rows: Served
    complete: bool
    """Whether what was served reaches from its first day to its last; others are not judged."""

    @property
    def name(self) -> str:
        """The first day, in ISO 8601."""
        return self.first.isoformat()


def cut(served: Served, contract: Contract, days: int) -> list[Window]:
    """Windows of ``days``, aligned to Mondays where that is 7.

    A row without a time is in none, nor is one whose time lies centuries away: a caller's mistake.
    """
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
