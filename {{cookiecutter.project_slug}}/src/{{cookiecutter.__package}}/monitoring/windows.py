"""Cuts what was served into windows of whole local days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from ..contract import Contract
from .served import Served

DAY_S = 86_400
FIRST_S, LAST_S = -2_208_988_800, 7_258_118_400  # the years 1900 to 2199


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
    local = _local_days(served.seconds, contract)
    monday = 4  # day 4 since 1970-01-01 was a Monday
    number = (local - monday) // days
    windows = []
    for index in np.unique(number[known]):
        day = int(index) * days + monday
        first = date(1970, 1, 1) + timedelta(days=day)
        windows.append(
            Window(
                first=first,
                last=first + timedelta(days=days - 1),
                rows=served[np.flatnonzero(known & (number == index))],
                complete=bool(local[known].min() <= day and local[known].max() >= day + days - 1),
            )
        )
    return windows


def _local_days(
    seconds: "np.typing.NDArray[np.int64]", contract: Contract
) -> "np.typing.NDArray[np.int64]":
    """Local day numbers since 1970; the offset is looked up once an hour of data."""
    hours, inverse = np.unique(np.clip(seconds, FIRST_S, LAST_S) // 3600, return_inverse=True)
    offsets = np.array([_offset(hour * 3600, contract) for hour in hours.tolist()], np.int64)
    return (seconds + offsets[inverse]) // DAY_S


def _offset(seconds: int, contract: Contract) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(contract.zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
