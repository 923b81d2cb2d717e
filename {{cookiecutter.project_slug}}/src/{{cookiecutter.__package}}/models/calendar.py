"""Local calendar features from UTC seconds, in integer arithmetic that exports to ONNX."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import torch
from torch import Tensor, nn

from ..values import MISSING_TIME
from .days import DAY_S, utc_offset

YEAR_S = 31_556_952  # the mean Gregorian year
FIRST_S, LAST_S = 0, int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
STEP_S = 7 * DAY_S


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
    offsets, at = [utc_offset(FIRST_S, zone)], FIRST_S
    while at < LAST_S:
        low, high = at, at + STEP_S
        if utc_offset(high, zone) != offsets[-1]:
            while high - low > 1:
                middle = (low + high) // 2
                changed = utc_offset(middle, zone) != offsets[-1]
                low, high = (low, middle) if changed else (middle, high)
            transitions.append(high)
            offsets.append(utc_offset(high, zone))
        at = high
    return transitions, offsets
