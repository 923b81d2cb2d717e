"""What the server counted while the rows of a window were answered."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from ..log.live import whole
from ..log.segments import SERVICE, listed, opened
from .seen import Seen
from .served import Served

STRAYS = 0.005
"""Share of rows at each end that were answered at another time than the rest, such as again."""
FAILED = 500
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Requests for predictions, summed over processes and minutes."""

    statuses: Counter[int]
    """Requests by the status they were answered with."""
    slower: Counter[float]
    """Requests by the upper end of the bucket of milliseconds that they took."""
    refused: Counter[tuple[str, str]]
    """Requests that were refused for a column, and a rule of it."""

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """How many the server is to blame for."""
        return sum(n for status, n in self.statuses.items() if status >= FAILED)

    def percentile_ms(self, share: float) -> float:
        """Within how many milliseconds a share of the requests was answered.

        Straight within a bucket, as Prometheus has it; beyond the last bucket its lower end.
        """
        uppers = sorted(self.slower)
        reached = np.cumsum([self.slower[upper] for upper in uppers])
        if not len(reached):
            return float("nan")
        at = min(int(np.searchsorted(reached, share * reached[-1])), len(uppers) - 1)
        low = uppers[at - 1] if at else 0.0
        if uppers[at] == float("inf"):
            return low
        before = reached[at - 1] if at else 0
        inside = (share * reached[-1] - before) / (reached[at] - before)
        return float(low + (uppers[at] - low) * inside)


def facts_of(seen: Seen) -> Facts | None:
    """Those of the minutes in which the window's rows were answered; none if nothing was told."""
    span = _answered(seen.window.rows)
    if span is None:
        return None
    told = [
        record
        for record in _records(seen.config.log, *span)
        if record["model"] == seen.contract.name and record["version"] == seen.version
    ]
    if not told:
        return None
    found = Facts(statuses=Counter(), slower=Counter(), refused=Counter())
    for record in told:
        for status, n in record["requests"].items():
            found.statuses[int(status)] += n
        for upper, n in record["ms"].items():
            found.slower[float(upper)] += n
        for column, rule, n in record["refused"]:
            found.refused[column, rule] += n
    return found


def share(part: int, whole_: int) -> tuple[float, float, float]:
    """A share and the ends of its interval (Jeffreys; Brown, Cai & DasGupta, 2001)."""
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, part + 0.5, whole_ - part + 0.5)) if part else 0.0
    high = float(beta.ppf(1 - tail, part + 0.5, whole_ - part + 0.5)) if part < whole_ else 1.0
    return part / whole_, low, high


def _answered(served: Served) -> tuple[datetime, datetime] | None:
    """From when to when rows were answered, but for strays."""
    if served.answered is None or not len(served):
        return None
    ends = np.quantile(served.answered, (STRAYS, 1 - STRAYS), method="nearest")
    first, last = (datetime.fromtimestamp(int(end), UTC) for end in ends)
    return first, last


def _records(folder: Path, first: datetime, last: datetime) -> Iterable[dict[str, Any]]:
    """Records of minutes that overlap a span, from the files of its days."""
    for day in sorted({segment.day for segment in listed(folder, SERVICE)}):
        if first.date() <= day <= last.date() + timedelta(days=1):
            with opened(folder, SERVICE, day) as files:
                for record in (whole(line) for _, lines in files for line in lines):
                    if record is not None and _overlaps(record, first, last):
                        yield record


def _overlaps(record: dict[str, Any], first: datetime, last: datetime) -> bool:
    begun, told = (datetime.fromisoformat(record[key]) for key in ("since", "time"))
    return begun <= last + timedelta(seconds=1) and first <= told
