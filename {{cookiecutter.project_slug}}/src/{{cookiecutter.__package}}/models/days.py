"""Local days of rows, exact through clock changes: bootstrap blocks and windows go by them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

DAY_S = 86_400
FIRST_S = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp())
LAST_S = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
MONDAY = 4  # day 4 since 1970-01-01 was a Monday
Integers = npt.NDArray[np.int64]


def local_days(seconds: Integers, zone: ZoneInfo) -> Integers:
    """Days since 1970-01-01 on the zone's calendar; the offset is looked up once an hour of data.

    Times before 1900 and from 2200 on take the offset of the nearest of these years.
    """
    hours, inverse = np.unique(np.clip(seconds, FIRST_S, LAST_S) // 3600, return_inverse=True)
    offsets = np.array([utc_offset(hour * 3600, zone) for hour in hours.tolist()], np.int64)
    return (seconds + offsets[inverse]) // DAY_S


def utc_offset(seconds: int, zone: ZoneInfo) -> int:
    """Seconds that the zone's clocks are ahead of UTC at a moment."""
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def windows_of(days: Integers, length: int) -> Integers:
    """The number of the window of ``length`` days that a day is in; weeks begin on Mondays."""
    return (days - MONDAY) // length


def first_day(window: int, length: int) -> int:
    """The first day, since 1970-01-01, of a window."""
    return window * length + MONDAY
