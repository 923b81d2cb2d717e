"""What ``features.py`` sees of a batch: numbers, local calendar parts, times in seconds, categories."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import torch
from torch import Tensor, nn

from ..values import MISSING_TIME, canonical_category
from .days import DAY_S, utc_offset

UNSEEN = 0
"""The code of a value that training did not see."""
YEAR_S = 31_556_952  # the mean Gregorian year
WEEK_S = 7 * DAY_S
FIRST_S, LAST_S = 0, int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Named columns, each a tensor ``[batch]``; ``columns["price"]`` is one of ``numbers``."""

    numbers: Mapping[str, Tensor]
    """float32, NaN where missing: the contract's numbers and booleans, and the calendar parts."""
    seconds: Mapping[str, Tensor]
    """float64, NaN where missing: UTC seconds since 1970, so that differences are exact."""
    codes: Mapping[str, Tensor]
    """int64: 1 and on are places in ``vocabularies``, 0 a value that training did not see."""
    vocabularies: Mapping[str, Sequence[str]]
    """The values of each category that have a code; ``<missing>`` is one of them."""
    named: set[tuple[str, str]] = field(default_factory=set)
    """Columns and values that ``is_in`` was called with; each of them gets a code."""

    def __getitem__(self, name: str) -> Tensor:
        return self.numbers[name]

    def is_in(self, name: str, *values: object) -> Tensor:
        """Where a category is one of these values (``None``: where it is missing), bool ``[batch]``."""
        codes, texts = self.codes[name], [canonical_category(value) for value in values]
        self.named.update((name, text) for text in texts)
        result = torch.zeros_like(codes, dtype=torch.bool)
        for code, value in enumerate(self.vocabularies[name], start=UNSEEN + 1):
            if value in texts:
                result = result | (codes == code)
        return result


class Calendar(nn.Module):
    """Local hour of the day, day of the week and, for data of a year or more, day of the year.

    Computed in integer arithmetic that exports to ONNX. Exact through the zone's clock changes from
    1970 to 2100; beyond, the nearest known offset holds.
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
    transitions, offsets = [], [utc_offset(FIRST_S, zone)]
    for start in range(FIRST_S, LAST_S, WEEK_S):
        before, after = offsets[-1], utc_offset(start + WEEK_S, zone)
        if after != before:
            week = range(start, start + WEEK_S)
            changed = bisect_left(week, True, key=lambda at: utc_offset(at, zone) == after)
            transitions.append(start + changed)
            offsets.append(after)
    return transitions, offsets
