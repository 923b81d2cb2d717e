"""Faults that need no second window: what no ordinary change of the world does to a column."""

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from ..models.effects import Counts
from ..models.profile import ColumnProfile, is_still, size
from ..values import MISSING_CATEGORY

DEVIATIONS = 3.0
IN_FORCE = 0.05
"""Share of rows, by its lower bound, from which on a new value or a jump of missing ones is a sudden change."""
ANOTHER_UNIT = 10.0
"""How many times larger or smaller than in any training window numbers have to be."""
REACH = 90
"""Percentile of sizes that tells how far large values reach."""
BY_CHANCE = 1e-6


def missing_fault(profile: ColumnProfile, current: Counts) -> str:
    """Many more missing values than any window of the training span had."""
    rows, missing = int(current.sum()), int(current[-1])
    if at_least(missing, rows) <= 2 * profile.most_missing + IN_FORCE:
        return ""
    usual = f"at most {profile.most_missing:.1%}" if profile.most_missing else "none"
    return f"{missing / rows:.0%} of values are missing, in training {usual} in a window"


def number_fault(profile: ColumnProfile, column: npt.NDArray[Any], current: Counts) -> str:
    """One value only, or numbers as large as if they were in another unit."""
    if is_still(column) and _is_news(profile, current):
        value = column[~np.isnan(column)][0] + 0.0  # no -0
        return f"every value is {value:g}, in training they differed in each window"
    now = size(column)
    if now == 0 or profile.least_size == 0:
        return ""
    far = now >= ANOTHER_UNIT * profile.most_size or now * ANOTHER_UNIT <= profile.least_size
    if far and _reach_moved(profile, column, up=now > profile.most_size):
        usual = sqrt(profile.least_size * profile.most_size)
        times = now / usual if now > usual else usual / now
        return (
            f"values are typically {now:.3g}, in training {usual:.3g}: {times:,.0f} times as"
            f" {'large' if now > usual else 'small'}, as in another unit"
        )
    return ""


def _reach_moved(profile: ColumnProfile, column: npt.NDArray[Any], *, up: bool) -> bool:
    """Whether the large values moved with the typical ones, as another unit moves all.

    Where values are either small or large, a few more of one kind move the typical one alone.
    """
    before, now = (
        float(np.percentile(sizes[sizes > 0], REACH))
        for sizes in (np.abs(profile.percentiles[1:]), np.abs(column[~np.isnan(column)]))
    )
    return (now / before if up else before / now) >= sqrt(ANOTHER_UNIT)


def category_fault(profile: ColumnProfile, values: Mapping[Any, int]) -> str:
    """Values that training never saw, or one value only."""
    rows, known = sum(values.values()), set(profile.values) | {MISSING_CATEGORY}
    unseen = {value: count for value, count in values.items() if value not in known}
    others = profile.counts[-2] / sum(profile.counts)  # of values too many to be kept
    if at_least(sum(unseen.values()), rows) > IN_FORCE + 2 * others:
        most = max(unseen, key=lambda value: unseen[value])
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        share = sum(unseen.values()) / rows
        return f"new category {str(most)!r}{more} in {share:.0%} of rows"
    present = set(values) - {MISSING_CATEGORY}
    if len(present) == 1 and _is_news(profile, profile.tally_values(values)):
        return f"every value is {str(*present)!r}, in training they differed in each window"
    return ""


def at_least(found: int, rows: int) -> float:
    """Lower bound of a share, by three deviations (Wilson, JASA 1927)."""
    z2 = DEVIATIONS**2
    share = found / rows
    centre = share + z2 / (2 * rows)
    spread = DEVIATIONS * sqrt(share * (1 - share) / rows + z2 / (4 * rows**2))
    return (centre - spread) / (1 + z2 / rows)


def _is_news(profile: ColumnProfile, current: Counts) -> bool:
    """Whether one value alone is no chance: training never had such a window."""
    if profile.still:
        return False
    reference = np.array(profile.counts)[:-1]
    share = max(reference[np.argmax(current[:-1])] / reference.sum(), 1 / (reference.sum() + 1))
    return bool(current[:-1].sum() * log(share) < log(BY_CHANCE))
