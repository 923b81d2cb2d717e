"""Local calendar features from UTC seconds, in integer arithmetic that exports to ONNX."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import torch
from torch import Tensor, nn

from ..values import MISSING_TIME

DAY_S = 86_400
YEAR_S = 31_556_952  # the mean Gregorian year
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Calendar(nn.Module):
    """Local hour of the day, day of the week and, for data of a year or more, day of the year.

    Exact through the zone's clock changes from 1970 to 2100; beyond, the nearest known offset holds.
    """

    transitions: Tensor
    offsets: Tensor

    def __init__(self, zone: ZoneInfo, *, yearly: bool) -> None:
        super().__init__()
        transitions, offsets = clock_changes(zone)
        self.register_buffer("transitions", torch.tensor(transitions, dtype=torch.int64))
        self.register_buffer("offsets", torch.tensor(offsets, dtype=torch.int64))
        self.yearly = yearly

    def forward(self, name: str, seconds: Tensor) -> dict[str, Tensor]:
        """Columns ``<name>.<part>`` from UTC seconds ``[batch]``; NaN where the time is missing."""
        passed = (seconds.unsqueeze(1) >= self.transitions).sum(1)
        local = seconds + self.offsets[passed]
        columns = {f"{name}.hour": (local % DAY_S).float() / 3600}
        weekday = (local // DAY_S + 3) % 7  # 1970-01-01 was a Thursday, three days after Monday
        for index in range(7):
            columns[f"{name}.weekday{index}"] = (weekday == index).float()
        if self.yearly:
            columns[f"{name}.day_of_year"] = (local % YEAR_S).float() / DAY_S
        missing = seconds == MISSING_TIME
        return {k: torch.where(missing, torch.nan, column) for k, column in columns.items()}


def clock_changes(zone: ZoneInfo) -> tuple[list[int], list[int]]:
    """UTC seconds at which the zone's offset changes, and the offsets around them (one more)."""
    transitions: list[int] = []
    offsets = [_offset(zone, FIRST)]
    step, at = timedelta(days=7), FIRST
    while at < LAST:
        following = at + step
        if _offset(zone, following) != offsets[-1]:
            low, high = int(at.timestamp()), int(following.timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                changed = _offset(zone, datetime.fromtimestamp(middle, UTC)) != offsets[-1]
                low, high = (low, middle) if changed else (middle, high)
            transitions.append(high)
            offsets.append(_offset(zone, datetime.fromtimestamp(high, UTC)))
            following = datetime.fromtimestamp(high, UTC)
        at = following
    return transitions, offsets


def _offset(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
