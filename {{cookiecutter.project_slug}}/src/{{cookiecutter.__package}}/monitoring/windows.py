"""Cuts what was served into windows of whole local days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from ..contract import MISSING_TIME, Contract
from .served import Served

DAY_S = 86_400


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
    """Windows of ``days``, aligned to Mondays where that is 7; a row without a time is in none."""
    known = served.seconds != MISSING_TIME
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
    hours, inverse = np.unique(seconds // 3600, return_inverse=True)
    offsets = np.array(
        [0 if hour < 0 else _offset(int(hour) * 3600, contract) for hour in hours], np.int64
    )
    return (seconds + offsets[inverse]) // DAY_S


def _offset(seconds: int, contract: Contract) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(contract.zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
