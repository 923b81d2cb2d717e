"""Intervals of metrics from drawing blocks of rows that belong together again.

Rows of one day share their weather, so the bootstrap draws whole days: over rows it would claim
intervals several times too narrow (Künsch, 1989, on resampling blocks of dependent data). Percentiles
alone are too narrow where blocks are few; they are taken as far out as a t-interval would be
(Hesterberg, What Teachers Should Know About the Bootstrap, 2015: the expanded percentile interval).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtrit

from .metrics import ByDraw, Draws, Floats, Integers, Scored, confidences

MOST_BLOCKS, DRAWN_BLOCKS = 2_000, 1_000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with the ends of its confidence interval; NaN where they are unknown."""

    value: float
    low: float = np.nan
    high: float = np.nan

    def __format__(self, form: str) -> str:
        value, low, high = (format(n, form or ".4f") for n in (self.value, self.low, self.high))
        return f"{value} [unknown]" if np.isnan(self.low) else f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Draws of whole blocks with replacement; everything that it measures shares them.

    More than 2,000 blocks are put into 1,000 groups at random, and groups are drawn: blocks are
    independent of each other, hence groups are, and the width of an interval stays the same but
    for 2 % (the spread of a variance over 1,000 groups).
    """

    block: Integers
    """Of each row, numbered from 0 on without gaps."""
    unit: str
    """What a block is, for people."""
    resamples: int
    confidence: float
    seed: int

    def __str__(self) -> str:
        return f"{self.confidence:.0%} intervals over {self.n_blocks:,} {self.unit}"

    @cached_property
    def n_blocks(self) -> int:
        """Blocks that the rows have."""
        return int(self.block.max(initial=-1)) + 1

    @cached_property
    def draws(self) -> Draws:
        """Each draws as many blocks as there are, or as many groups that blocks are put into."""
        block, n = self.block, self.n_blocks
        if n > MOST_BLOCKS:
            order = np.random.default_rng(self.seed).permutation(n)
            block, n = (order % DRAWN_BLOCKS)[block], DRAWN_BLOCKS
        drawn = np.random.default_rng(self.seed).integers(n, size=(self.resamples, n))
        return Draws(block, np.array([np.bincount(one, minlength=n) for one in drawn], np.float64))

    def within(self, rows: Integers) -> "Bootstrap":
        """The same among some of the rows: the blocks that they have are drawn."""
        return replace(self, block=numbered(self.block[rows]))

    def measure(self, scored: Scored) -> tuple[dict[str, float], ByDraw]:
        """Metrics of the rows as they are, and of each draw.

        Noise alone raises a calibration error: its draws are moved down, until their mean is its value.
        """
        values, by_draw = scored.all(), scored.by_draw(self.draws)
        if (error := by_draw.get("ece")) is not None:
            by_draw["ece"] = np.maximum(error - error.mean() + values["ece"], 0)
        return values, by_draw

    @property
    def tails(self) -> tuple[float, float]:
        """The shares of draws that are left out below and above.

        ``Φ(−√(n/(n−1))·t)`` of n blocks; with thousands it is half of what ``confidence`` leaves.
        """
        tail = float(ndtr(-self._reach(1)))
        return tail, 1 - tail

    def interval(self, value: float, draws: Floats) -> Interval:
        """Percentiles of a metric's draws; without a known one, or with one block, no ends."""
        known = draws[~np.isnan(draws)]
        if not len(known) or self.n_blocks < 2:
            return Interval(value=value)
        # of n draws the k-th lowest has k / (n + 1) of all below it
        low, high = np.quantile(known, self.tails, method="weibull")
        return Interval(value=value, low=float(low), high=float(high))

    def interval_of_many(self, value: float, draws: Floats, many: int) -> Interval:
        """One of ``many`` that hold all together with the confidence (Bonferroni).

        A t-interval by the draws' spread: so far out are too few draws for percentiles.
        """
        if self.n_blocks < 2:
            return Interval(value=value)
        far = float(self._reach(many) * np.nanstd(draws))
        return Interval(value=value, low=value - far, high=value + far)

    def bias(self, outputs: Any, labels: Floats) -> Interval:
        """The mean predicted less the mean observed; of several classes the decision's probability."""
        predicted, came = confidences(labels, outputs)
        off = predicted - came
        return self.interval(float(off.mean()), self.draws.mean(off))

    def _reach(self, many: int) -> float:
        """Deviations of the draws that one of ``many`` intervals reaches to, by Student's quantile."""
        n, tail = self.draws.counts.shape[1], (1 - self.confidence) / 2 / many
        return float(np.sqrt(n / (n - 1)) * stdtrit(n - 1, 1 - tail))


def numbered(values: Any) -> Integers:
    """The place of each value among the distinct ones, from 0 on without gaps."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
