"""Sums over blocks of rows, and areas under curves from histograms of the rows' ranks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Counts = npt.NDArray[np.floating]
Draws = dict[str, Floats]
"""A metric's draws ``[draws]`` by its name; NaN where a draw gives it no meaning."""
MOST_BINS = 2_048
MOST_CELLS = 1 << 20


@dataclass(frozen=True)
class Ranking:
    """Scores ``[rows]`` on rows with labels ``[rows]`` (0 or 1); draws go by at most ``most_bins``.

    Up to that many distinct scores, draws are exact. Of more, neighbours share a bin and count as
    ties, half of the bins for as many rows each and half for as many positives, so that rare ones
    are told apart. Values on the rows as they are stay exact.
    """

    labels: Floats
    scores: Floats
    most_bins: int = MOST_BINS

    @cached_property
    def _places(self) -> tuple[Integers, int]:
        """Each row's place among the distinct scores, the highest first, and how many they are."""
        distinct, places = np.unique(-self.scores, return_inverse=True)
        return places.astype(np.int64), len(distinct)

    def _bins(self, *, exact: bool) -> tuple[Integers, int]:
        places, n_places = self._places
        if exact or n_places <= self.most_bins:
            return places, n_places
        rows, positive = np.bincount(places), np.bincount(places, self.labels)
        share = rows / rows.sum() / 2 + positive / max(positive.sum(), 1) / 2
        before = np.clip(np.cumsum(share) - share, 0, 1 - 1e-9)
        return (before * self.most_bins).astype(np.int64)[places], self.most_bins

    def falling(
        self, block: Integers, counts: Floats, *, exact: bool = False
    ) -> Iterator[tuple[Counts, Counts]]:
        """Positive rows, and all rows, from each bin to the highest: ``[some draws, bins]`` at a time.

        The highest bin is first. Draws are float32, in which numbers of rows are exact below 2²⁴.
        """
        bins, n_bins = self._bins(exact=exact)
        n_blocks, kind = counts.shape[1], np.float64 if exact else np.float32
        sums = [
            np.cumsum(per_bin(block, n_blocks, bins, n_bins, values), 1, kind)
            for values in (self.labels, None)
        ]
        for part in np.array_split(counts.astype(kind), -(-len(counts) * n_bins // MOST_CELLS)):
            positive, called = (part @ each for each in sums)
            yield positive, called

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        """``auc`` and ``auc_pr`` of each draw."""
        each = [_areas(*both) for both in self.falling(block, counts, exact=exact)]
        areas, precisions = (np.concatenate(parts) for parts in zip(*each, strict=True))
        return {"auc": areas, "auc_pr": precisions}


def _areas(above: Counts, called: Counts) -> tuple[Floats, Floats]:
    """Area under the ROC curve, and average precision.

    The first is the chance that a positive outranks a negative, ties half; the second the mean over
    the positives of the precision from their score on (Manning et al., 2008, section 8.4).
    """
    positive = np.diff(above, prepend=0)
    negative = np.diff(called, prepend=0) - positive
    pairs = above[:, -1].astype(np.float64) * (called[:, -1] - above[:, -1])
    won = (negative * (above - positive / 2)).sum(1, dtype=np.float64)
    precise = (positive * (above / np.maximum(called, 1))).sum(1, dtype=np.float64)
    return ratio(won, pairs), ratio(precise, above[:, -1].astype(np.float64))


def per_bin(
    block: Integers, n_blocks: int, bins: Integers, n_bins: int, values: Floats | None = None
) -> Floats:
    """The sum of values, else the number of rows, by block and bin ``[blocks, bins]``."""
    flat = block_sums(block * n_bins + bins, n_blocks * n_bins, values)
    return np.reshape(flat, (n_blocks, n_bins))


def block_sums(block: Integers, n_blocks: int, values: Floats | None = None) -> Floats:
    """The sum of values, else the number of rows, by block ``[blocks]``."""
    sums: Floats = np.bincount(block, values, n_blocks).astype(np.float64, copy=False)
    return sums


def ratio(above: Floats, below: Floats, otherwise: float = np.nan) -> Floats:
    """A quotient that is ``otherwise`` where it would divide by zero."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=result, where=below != 0)
    return result
