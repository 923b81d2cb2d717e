"""Metrics of predictions, and what a bootstrap needs to draw them again without the rows.

A bootstrap over blocks draws how often each block counts. A metric that is a function of sums over
rows is then one of ``counts @ sums``: no draw sees a row. Areas under curves come from histograms of
the rows' ranks.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Counts = npt.NDArray[np.floating]
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

    def _bins(self, *, exact: bool) -> tuple[Integers, int]:
        """Each row's place among the distinct scores, or bins of them, and how many they are."""
        distinct, places = np.unique(-self.scores, return_inverse=True)
        if exact or len(distinct) <= self.most_bins:
            return places, len(distinct)
        rows, positive = np.bincount(places), np.bincount(places, self.labels)
        share = rows / rows.sum() / 2 + positive / max(positive.sum(), 1) / 2
        before = np.clip(np.cumsum(share) - share, 0, 1 - 1e-9)
        return (before * self.most_bins).astype(np.int64)[places], self.most_bins

    def falling(
        self, block: Integers, counts: Floats, *, exact: bool = False
    ) -> tuple[Counts, Counts]:
        """Positive rows, and all rows, from each bin to the highest ``[draws, bins]``.

        The highest bin is first. Draws are float32, in which numbers of rows are exact below 2²⁴.
        """
        bins, n_bins = self._bins(exact=exact)
        weights: Counts = counts if exact else counts.astype(np.float32)
        positive, rows = (
            per_bin(block, counts.shape[1], bins, n_bins, values).cumsum(1, weights.dtype)
            for values in (self.labels, None)
        )
        return weights @ positive, weights @ rows

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        """``auc``, the chance that a positive outranks a negative, ties half; and ``auc_pr``, the mean
        over the positives of the precision from their score on (Manning et al., 2008, section 8.4).
        """
        above, called = self.falling(block, counts, exact=exact)
        positive = np.diff(above, prepend=0)
        negative = np.diff(called, prepend=0) - positive
        total = above[:, -1].astype(np.float64)
        won = (negative * (above - positive / 2)).sum(1, dtype=np.float64)
        precise = (positive * (above / np.maximum(called, 1))).sum(1, dtype=np.float64)
        return {"auc": ratio(won, total * (called[:, -1] - total)), "auc_pr": ratio(precise, total)}


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


def confidence_bins(probabilities: Floats) -> Integers:
    """Which of 15 bins of equal width on [0, 1] each probability is in."""
    return np.minimum((probabilities * ECE_BINS).astype(np.int64), ECE_BINS - 1)


def gaps(block: Integers, n_blocks: int, probabilities: Floats, hits: Floats) -> Floats:
    """Probabilities less the labels that came, summed by block and bin of confidence.

    The mean over rows of how far their bin is off is the expected calibration error (Guo et al., On
    Calibration of Modern Neural Networks, 2017).
    """
    bins = confidence_bins(probabilities)
    return per_bin(block, n_blocks, bins, ECE_BINS, probabilities - hits)


class Scored(ABC):
    """A model's predictions on rows whose labels ``[rows]`` are known."""

    labels: Floats

    @abstractmethod
    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        """Sums over the rows of each block, ``[blocks]`` or ``[blocks, bins]``."""

    @abstractmethod
    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        """Metrics of such sums, a row of them for each draw."""

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:  # noqa: ARG002
        """Metrics of the order of the rows, which are no function of few sums."""
        return {}

    def all(self) -> dict[str, float]:
        """Every metric on the rows as they are; NaN where it has no meaning."""
        block, once = np.zeros(len(self.labels), np.int64), np.ones((1, 1))
        draws = self.areas(block, once, exact=True) | self.summed(block, once)
        return {name: float(values[0]) for name, values in draws.items()}

    def draws(self, block: Integers, counts: Floats) -> Draws:
        """Every metric when block ``b`` counts ``counts[draw, b]`` times.

        ``block`` numbers each row's, from 0 on and without gaps.
        """
        return self.areas(block, counts, exact=False) | self.summed(block, counts)

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """The same of the metrics that follow from sums, which is much quicker."""
        sums = self.sums(block, counts.shape[1])
        return self.metrics({name: counts @ values for name, values in sums.items()})


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
    def _codes(self) -> Integers:
        return self.labels.astype(np.int64)

    @property
    def _binary(self) -> bool:
        return self.probabilities.ndim == 1

    @cached_property
    def _rankings(self) -> list[Ranking]:
        """Each class that some rows have and others have not, against the rest."""
        columns = {1: self.probabilities} if self._binary else dict(enumerate(self.probabilities.T))
        bins = max(MOST_BINS // len(columns), FEWEST_BINS)
        rankings = []
        for k, column in columns.items():
            hits = self._codes == k
            if 0 < hits.sum() < len(hits):
                rankings.append(Ranking(hits.astype(np.float64), column, bins))
        return rankings

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        each = [ranking.areas(block, counts, exact=exact) for ranking in self._rankings]
        means = {}
        for name in ("auc", "auc_pr") if self._binary else ("auc",):
            areas = np.array([one[name] for one in each]).reshape(-1, len(counts))
            known = ~np.isnan(areas)  # a draw may leave a class out
            means[name] = ratio(np.nan_to_num(areas).sum(0), known.sum(0))
        return means

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        p, codes = self.probabilities, self._codes
        if self._binary:
            decided, shown, n_classes = (p >= self.threshold).astype(np.int64), slice(1, 2), 2
            own, sure, right = np.where(codes == 1, p, 1 - p), p, self.labels
        else:
            decided, shown, n_classes = p.argmax(1), slice(None), p.shape[1]
            own, sure = p[np.arange(len(p)), codes], p.max(1)
            right = (decided == codes).astype(np.float64)
        hits = (decided == codes).astype(np.float64)
        return {
            "rows": block_sums(block, n_blocks),
            "loss": block_sums(block, n_blocks, -np.log(np.clip(own, SMALLEST, 1))),
            "squares": block_sums(block, n_blocks, (1 - own) ** 2),
            "hits": per_bin(block, n_blocks, codes, n_classes, hits)[:, shown],
            "called": per_bin(block, n_blocks, decided, n_classes)[:, shown],
            "support": per_bin(block, n_blocks, codes, n_classes)[:, shown],
            "gaps": gaps(block, n_blocks, sure, right),
        }

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        rows, concerned = sums["rows"], sums["called"] + sums["support"]
        f1 = ratio(2 * sums["hits"], concerned, 0.0)
        metrics: Draws = {
            "log_loss": sums["loss"] / rows,
            "f1": ratio(f1.sum(-1), (concerned > 0).sum(-1), 0.0),
            "ece": np.abs(sums["gaps"]).sum(-1) / rows,
        }
        if self._binary:
            metrics["brier"] = sums["squares"] / rows
        else:
            metrics["accuracy"] = sums["hits"].sum(-1) / rows
        return metrics


@dataclass(frozen=True)
class ValueScores(Scored):
    """Predicted values ``[rows]`` on rows with known ones ``[rows]``."""

    labels: Floats
    values: Floats

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        error, centred = self.labels - self.values, self.labels - self.labels.mean()
        return {
            "rows": block_sums(block, n_blocks),
            "labels": block_sums(block, n_blocks, centred),
            "label_squares": block_sums(block, n_blocks, centred**2),
            "squares": block_sums(block, n_blocks, error**2),
            "absolute": block_sums(block, n_blocks, np.abs(error)),
        }

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        rows = sums["rows"]
        squared = sums["squares"] / rows
        variance = sums["label_squares"] / rows - (sums["labels"] / rows) ** 2
        # the most that the variance of equal labels comes to by rounding
        largest = np.abs(self.labels).max(initial=0)
        rounding = 1e-14 * np.ptp(self.labels) ** 2 + (1e-15 * largest) ** 2
        return {
            "r2": 1 - ratio(squared, np.where(variance > rounding, variance, 0)),
            "rmse": np.sqrt(squared),
            "mae": sums["absolute"] / rows,
        }
