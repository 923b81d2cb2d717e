"""Metrics of predictions as functions of sums over blocks of rows.

A bootstrap draws how often each block counts, ``counts`` ``[draws, blocks]``. A metric of sums is then
one of ``counts @ sums``, and no draw sees a row. ``block`` ``[rows]`` numbers the block of each row,
from 0 on and without gaps. Areas under curves come from histograms of the rows' ranks.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Draws = dict[str, Floats]
"""A metric's draws ``[draws]`` by its name; NaN where a draw gives it no meaning."""
SMALLEST = 1e-7
ECE_BINS = 15
MOST_BINS, FEWEST_BINS = 2_048, 256


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How a metric is called and read."""

    title: str
    sign: int
    """1 where more is better, −1 where less is."""


METRICS: Mapping[str, Metric] = {
    "auc": Metric(title="AUC", sign=1),
    "auc_pr": Metric(title="average precision", sign=1),
    "log_loss": Metric(title="log loss", sign=-1),
    "brier": Metric(title="Brier", sign=-1),
    "f1": Metric(title="F1", sign=1),
    "accuracy": Metric(title="accuracy", sign=1),
    "ece": Metric(title="calibration error", sign=-1),
    "r2": Metric(title="R²", sign=1),
    "rmse": Metric(title="RMSE", sign=-1),
    "mae": Metric(title="MAE", sign=-1),
}


class Scored(ABC):
    """A model's predictions on rows whose labels ``[rows]`` are known."""

    labels: Floats

    @abstractmethod
    def summed(self, block: Integers, counts: Floats) -> Draws:
        """The metrics of each draw that follow from sums."""

    def areas(self, block: Integers, counts: Floats) -> Draws:  # noqa: ARG002
        """The metrics of each draw that follow from the order of the rows, which take longer."""
        return {}

    def draws(self, block: Integers, counts: Floats) -> Draws:
        """Every metric of each draw."""
        return self.areas(block, counts) | self.summed(block, counts)

    def all(self) -> dict[str, float]:
        """Every metric on the rows as they are; NaN where it has no meaning."""
        draws = self.draws(np.zeros(len(self.labels), np.int64), np.ones((1, 1)))
        return {name: float(values[0]) for name, values in draws.items()}


@dataclass(frozen=True)
class Scores(Scored):
    """Probabilities on rows with the number of their class ``[rows]``.

    They are those of class 1 ``[rows]``, by which alone the model is judged, or of every class
    ``[rows, classes]``. Then the AUC is the mean over the classes of one against the rest (Provost &
    Domingos, 2000); F1 leaves out a class that no row has and none is decided for.
    """

    labels: Floats
    probabilities: Floats
    threshold: float = 0.5
    """Probability from which a row is called class 1, where there are two."""

    @cached_property
    def _rankings(self) -> "list[Ranking]":
        """Each class that some rows have and others have not, against the rest."""
        if self.probabilities.ndim == 1:
            columns = {1: self.probabilities}
        else:
            columns = dict(enumerate(self.probabilities.T))
        bins = max(MOST_BINS // len(columns), FEWEST_BINS)
        hits = {k: (self.labels == k).astype(np.float64) for k in columns}
        return [Ranking(hits[k], columns[k], bins) for k in columns if 0 < hits[k].mean() < 1]

    def areas(self, block: Integers, counts: Floats) -> Draws:
        """``auc``, and ``auc_pr`` of two classes."""
        each = [ranking.areas(block, counts) for ranking in self._rankings]
        means = {}
        for name in ("auc", "auc_pr") if self.probabilities.ndim == 1 else ("auc",):
            areas = np.array([one[name] for one in each]).reshape(-1, len(counts))
            known = ~np.isnan(areas)  # a draw may leave a class out
            means[name] = ratio(np.nan_to_num(areas).sum(0), known.sum(0))
        return means

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """``log_loss``, ``f1``, ``ece``, and ``brier`` of two classes, ``accuracy`` of several."""
        p, codes = self.probabilities, self.labels.astype(np.int64)
        binary, n_classes = p.ndim == 1, 2 if p.ndim == 1 else p.shape[1]
        if binary:
            decided, own = (p >= self.threshold).astype(np.int64), np.where(codes == 1, p, 1 - p)
        else:
            decided, own = p.argmax(1), p[np.arange(len(p)), codes]
        right = (decided == codes).astype(np.float64)
        hits = sums_by(block, counts, codes, n_classes, right)
        support = sums_by(block, counts, codes, n_classes)
        called = sums_by(block, counts, decided, n_classes)
        f1 = ratio(2 * hits, called + support, 0.0)
        off = p - self.labels if binary else p.max(1) - right
        rows = sums(block, counts)
        gaps = sums_by(block, counts, confidence_bins(p if binary else p.max(1)), ECE_BINS, off)
        metrics = {
            "log_loss": sums(block, counts, -np.log(np.clip(own, SMALLEST, 1))) / rows,
            "ece": np.abs(gaps).sum(1) / rows,
        }
        if binary:
            brier = sums(block, counts, (1 - own) ** 2) / rows
            return metrics | {"f1": f1[:, 1], "brier": brier}
        f1 = ratio(f1.sum(1), (called + support > 0).sum(1), 0.0)
        return metrics | {"f1": f1, "accuracy": hits.sum(1) / rows}


@dataclass(frozen=True)
class ValueScores(Scored):
    """Predicted values ``[rows]`` on rows with known ones ``[rows]``."""

    labels: Floats
    values: Floats

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """``r2``, ``rmse`` and ``mae``."""
        error, centred = self.labels - self.values, self.labels - self.labels.mean()
        rows = sums(block, counts)
        squared = sums(block, counts, error**2) / rows
        mean = sums(block, counts, centred) / rows
        variance = sums(block, counts, centred**2) / rows - mean**2
        # the most that the variance of equal labels comes to by rounding
        largest = np.abs(self.labels).max(initial=0)
        rounding = 1e-14 * np.ptp(self.labels) ** 2 + (1e-15 * largest) ** 2
        return {
            "r2": 1 - ratio(squared, np.where(variance > rounding, variance, 0)),
            "rmse": np.sqrt(squared),
            "mae": sums(block, counts, np.abs(error)) / rows,
        }


@dataclass(frozen=True)
class Ranking:
    """Scores ``[rows]`` on rows with labels ``[rows]`` (0 or 1).

    A single draw is exact, and so are draws of up to ``most_bins`` distinct scores. Of more,
    neighbours share a bin and count as ties, half of the bins for as many rows each and half for as
    many positives, so that rare ones are told apart.
    """

    labels: Floats
    scores: Floats
    most_bins: int = MOST_BINS

    def areas(self, block: Integers, counts: Floats) -> Draws:
        """``auc``, the chance that a positive outranks a negative, ties half; and ``auc_pr``, the mean
        over the positives of the precision from their score on (Manning et al., 2008, section 8.4).
        """
        bins, n_bins = self._bins(self.most_bins if len(counts) > 1 else len(self.scores))
        rows = sums_by(block, counts, bins, n_bins)
        positive = sums_by(block, counts, bins, n_bins, self.labels)
        above, called = positive.cumsum(1), rows.cumsum(1)
        total = above[:, -1]
        won = ((rows - positive) * (above - positive / 2)).sum(1)
        precise = (positive * (above / np.maximum(called, 1))).sum(1)
        return {"auc": ratio(won, total * (called[:, -1] - total)), "auc_pr": ratio(precise, total)}

    def _bins(self, most: int) -> tuple[Integers, int]:
        """Each row's place among the distinct scores, the highest first, or among bins of them; and
        how many there are.
        """
        distinct, places = np.unique(-self.scores, return_inverse=True)
        if len(distinct) <= most:
            return places, len(distinct)
        rows, positive = np.bincount(places), np.bincount(places, self.labels)
        share = rows / rows.sum() / 2 + positive / max(positive.sum(), 1) / 2
        before = np.clip(np.cumsum(share) - share, 0, 1 - 1e-9)
        return (before * most).astype(np.int64)[places], most


def sums(block: Integers, counts: Floats, values: Floats | None = None) -> Floats:
    """The sum of values, else the number of rows, in each draw ``[draws]``."""
    return counts @ block_sums(block, counts.shape[1], values)


def sums_by(
    block: Integers, counts: Floats, bins: Integers, n_bins: int, values: Floats | None = None
) -> Floats:
    """The same by bin, ``[draws, bins]``."""
    n_blocks = counts.shape[1]
    flat = block_sums(block * n_bins + bins, n_blocks * n_bins, values)
    return counts @ flat.reshape(n_blocks, n_bins)


def block_sums(block: Integers, n_blocks: int, values: Floats | None = None) -> Floats:
    """The sum of values, else the number of rows, by block ``[blocks]``."""
    return np.bincount(block, values, n_blocks).astype(np.float64, copy=False)


def ratio(above: Floats, below: Floats, otherwise: float = np.nan) -> Floats:
    """A quotient that is ``otherwise`` where it would divide by zero."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=result, where=below != 0)
    return result


def confidence_bins(probabilities: Floats) -> Integers:
    """Which of 15 bins of equal width on [0, 1] each probability is in.

    The mean over rows of how far their bin is off is the expected calibration error (Guo et al., On
    Calibration of Modern Neural Networks, 2017).
    """
    return np.minimum((probabilities * ECE_BINS).astype(np.int64), ECE_BINS - 1)
