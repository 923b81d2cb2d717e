"""Metrics of predictions as functions of sums over blocks of rows.

A bootstrap draws how often each block counts, ``counts`` ``[draws, blocks]``. A metric of sums is then
one of ``counts @ sums``, and no draw sees a row. ``block`` ``[rows]`` numbers the block of each row,
from 0 on and without gaps. Areas under curves come from histograms of the rows' ranks.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

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
    """Probabilities of class 1 ``[rows]`` on rows with labels 0 or 1."""

    labels: Floats
    probabilities: Floats
    threshold: float = 0.5
    """Probability from which a row is called class 1."""

    def areas(self, block: Integers, counts: Floats) -> Draws:
        """``auc`` and ``auc_pr``."""
        return Ranking(self.labels, self.probabilities).areas(block, counts)

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """``log_loss``, ``brier``, ``f1`` and ``ece``."""
        p, rows = self.probabilities, sums(block, counts)
        own, called = np.where(self.labels == 1, p, 1 - p), (p >= self.threshold).astype(np.float64)
        hits = sums(block, counts, called * self.labels)
        return {
            "log_loss": sums(block, counts, log_losses(own)) / rows,
            "brier": sums(block, counts, (1 - own) ** 2) / rows,
            "f1": ratio(2 * hits, sums(block, counts, called + self.labels), 0.0),
            "ece": calibration_error(block, counts, p, self.labels),
        }


@dataclass(frozen=True)
class ClassScores(Scored):
    """Probabilities of every class ``[rows, classes]`` on rows with the number of their class.

    The AUC is the mean over the classes of one against the rest (Provost & Domingos, 2000). Means over
    classes leave out one that no row has; of F1, if none is decided for it either.
    """

    labels: Floats
    probabilities: Floats

    def areas(self, block: Integers, counts: Floats) -> Draws:
        """``auc``."""
        columns = self.probabilities.T
        bins = max(MOST_BINS // len(columns), FEWEST_BINS)
        rankings = [
            Ranking((self.labels == k).astype(np.float64), column, bins)
            for k, column in enumerate(columns)
        ]
        areas = np.array([ranking.areas(block, counts)["auc"] for ranking in rankings])
        return {"auc": ratio(np.nan_to_num(areas).sum(0), (~np.isnan(areas)).sum(0))}

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """``log_loss``, ``accuracy``, ``f1`` and ``ece``."""
        p, codes, rows = self.probabilities, self.labels.astype(np.int64), sums(block, counts)
        decided, n_classes = p.argmax(1), p.shape[1]
        own, right = p[np.arange(len(p)), codes], (decided == codes).astype(np.float64)
        hits = sums_by(block, counts, codes, n_classes, right)
        support = sums_by(block, counts, codes, n_classes)
        called = sums_by(block, counts, decided, n_classes)
        f1 = ratio(2 * hits, support + called, 0.0)
        return {
            "log_loss": sums(block, counts, log_losses(own)) / rows,
            "accuracy": hits.sum(1) / rows,
            "f1": ratio(f1.sum(1), (support + called > 0).sum(1), 0.0),
            "ece": calibration_error(block, counts, p.max(1), right),
        }


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
    return np.asarray(counts @ np.bincount(block, values, counts.shape[1]))


def sums_by(
    block: Integers, counts: Floats, bins: Integers, n_bins: int, values: Floats | None = None
) -> Floats:
    """The same by bin, ``[draws, bins]``."""
    n_blocks = counts.shape[1]
    flat = np.bincount(block * n_bins + bins, values, n_blocks * n_bins)
    return np.asarray(counts @ flat.reshape(n_blocks, n_bins))


def log_losses(own: Floats) -> Floats:
    """The loss of each row, from the probability of its own class."""
    return np.asarray(-np.log(np.clip(own, SMALLEST, 1)))


def calibration_error(block: Integers, counts: Floats, confidence: Floats, came: Floats) -> Floats:
    """The mean over rows of how far their bin of confidence is off, in each draw (Guo et al., On
    Calibration of Modern Neural Networks, 2017).
    """
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gaps = sums_by(block, counts, bins, ECE_BINS, confidence - came)
    return np.asarray(np.abs(gaps).sum(1) / sums(block, counts))


def ratio(above: Floats, below: Floats, otherwise: float = np.nan) -> Floats:
    """A quotient that is ``otherwise`` where it would divide by zero."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=result, where=below != 0)
    return result
