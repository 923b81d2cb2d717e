"""Metrics of predictions: of the rows as they are, and of each draw of a bootstrap.

A bootstrap draws how often each block of rows counts. A metric of sums is then one of sums over the
blocks, and no draw sees a row. Areas under curves come from histograms of the rows' ranks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ByDraw = dict[str, Floats]
"""A metric in each draw ``[draws]`` by its name; NaN where a draw gives it no meaning."""
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
class Draws:
    """How often rows count in each draw: each as often as the block that it is in."""

    block: Integers
    """The block of each row ``[rows]``, numbered from 0 on."""
    counts: Floats
    """How often each block counts, ``[draws, blocks]``."""

    @classmethod
    def once(cls, n_rows: int) -> "Draws":
        """A single draw: the rows as they are."""
        return cls(np.zeros(n_rows, np.int64), np.ones((1, 1)))

    @cached_property
    def n_rows(self) -> Floats:
        """The number of rows in each draw ``[draws]``."""
        return self.sum(None)

    def sum(self, values: Floats | None) -> Floats:
        """The sum of values ``[rows]``, or of ones, in each draw ``[draws]``."""
        return np.asarray(self.counts @ np.bincount(self.block, values, self.counts.shape[1]))

    def mean(self, values: Floats) -> Floats:
        """The mean of values ``[rows]`` in each draw ``[draws]``."""
        return self.sum(values) / self.n_rows

    def sum_by(self, bins: Integers, n_bins: int, values: Floats | None = None) -> Floats:
        """The sum of values, or of ones, over the rows of each bin, ``[draws, bins]``."""
        n_blocks = self.counts.shape[1]
        flat = np.bincount(self.block * n_bins + bins, values, n_blocks * n_bins)
        return np.asarray(self.counts @ flat.reshape(n_blocks, n_bins))


@dataclass(frozen=True)
class Scored:
    """A model's outputs on rows whose labels are known."""

    labels: Floats
    """``[rows]``."""
    outputs: Floats
    """``[rows]``, or ``[rows, classes]``."""
    compute: Callable[[Floats, Floats, Draws], ByDraw]
    """The task's metrics: one of the functions below."""

    def by_draw(self, draws: Draws) -> ByDraw:
        """Every metric of each draw."""
        return self.compute(self.labels, self.outputs, draws)

    def all(self) -> dict[str, float]:
        """Every metric of the rows as they are; NaN where it has no meaning."""
        by_draw = self.by_draw(Draws.once(len(self.labels)))
        return {name: float(values[0]) for name, values in by_draw.items()}


def binary_metrics(labels: Floats, outputs: Floats, draws: Draws, threshold: float) -> ByDraw:
    """Of probabilities ``[rows]`` and labels 0 or 1; from ``threshold`` on a row is called 1."""
    own = np.where(labels == 1, outputs, 1 - outputs)
    called = (outputs >= threshold).astype(np.float64)
    return rank_areas(labels, outputs, draws) | {
        "log_loss": draws.mean(log_losses(own)),
        "brier": draws.mean((1 - own) ** 2),
        "f1": ratio(2 * draws.sum(called * labels), draws.sum(called + labels), 0.0),
        "ece": calibration_error(labels, outputs, draws),
    }


def multiclass_metrics(labels: Floats, outputs: Floats, draws: Draws) -> ByDraw:
    """Of probabilities ``[rows, classes]`` and the number of each row's class.

    The AUC is the mean over the classes of one against the rest (Provost & Domingos, 2000). Means over
    classes leave out one that no row has; of F1, if none is decided for it either.
    """
    n_classes, codes, decided = outputs.shape[1], labels.astype(np.int64), outputs.argmax(1)
    most_bins = max(MOST_BINS // n_classes, FEWEST_BINS)
    columns = enumerate(outputs.T)
    one_against_rest = (((codes == k).astype(np.float64), column) for k, column in columns)
    areas = np.array([rank_areas(*pair, draws, most_bins)["auc"] for pair in one_against_rest])
    hits = draws.sum_by(codes, n_classes, (decided == codes).astype(np.float64))
    either = draws.sum_by(codes, n_classes) + draws.sum_by(decided, n_classes)
    return {
        "auc": ratio(np.nan_to_num(areas).sum(0), (~np.isnan(areas)).sum(0)),
        "log_loss": draws.mean(log_losses(outputs[np.arange(len(outputs)), codes])),
        "accuracy": hits.sum(1) / draws.n_rows,
        "f1": ratio(ratio(2 * hits, either, 0.0).sum(1), (either > 0).sum(1), 0.0),
        "ece": calibration_error(labels, outputs, draws),
    }


def regression_metrics(labels: Floats, outputs: Floats, draws: Draws) -> ByDraw:
    """Of predicted values ``[rows]`` and known ones."""
    error, centred = labels - outputs, labels - labels.mean()
    squared = draws.mean(error**2)
    variance = draws.mean(centred**2) - draws.mean(centred) ** 2
    # the most that the variance of equal labels comes to by rounding
    largest = np.abs(labels).max(initial=0)
    rounding = 1e-14 * np.ptp(labels) ** 2 + (1e-15 * largest) ** 2
    return {
        "r2": 1 - ratio(squared, np.where(variance > rounding, variance, 0)),
        "rmse": np.sqrt(squared),
        "mae": draws.mean(np.abs(error)),
    }


def rank_areas(labels: Floats, scores: Floats, draws: Draws, most_bins: int = MOST_BINS) -> ByDraw:
    """``auc``, the chance that a positive outranks a negative, ties half; and ``auc_pr``, the mean
    over the positives of the precision from their score on (Manning et al., 2008, section 8.4).

    A single draw is exact, and so are draws of up to ``most_bins`` distinct scores.
    """
    bins, n_bins = _rank_bins(labels, scores, most_bins if len(draws.counts) > 1 else len(scores))
    rows, positive = draws.sum_by(bins, n_bins), draws.sum_by(bins, n_bins, labels)
    above, called = positive.cumsum(1), rows.cumsum(1)
    total = above[:, -1]
    won = ((rows - positive) * (above - positive / 2)).sum(1)
    precise = (positive * (above / np.maximum(called, 1))).sum(1)
    return {"auc": ratio(won, total * (called[:, -1] - total)), "auc_pr": ratio(precise, total)}


def _rank_bins(labels: Floats, scores: Floats, most: int) -> tuple[Integers, int]:
    """Each row's place among the distinct scores, the highest first, and how many there are.

    Of too many, neighbours share a bin and count as ties, half of the bins for as many rows each and
    half for as many positives, so that rare ones are told apart.
    """
    distinct, places = np.unique(-scores, return_inverse=True)
    if len(distinct) <= most:
        return places, len(distinct)
    rows, positive = np.bincount(places), np.bincount(places, labels)
    share = rows / rows.sum() / 2 + positive / max(positive.sum(), 1) / 2
    before = np.clip(np.cumsum(share) - share, 0, 1 - 1e-9)
    return (before * most).astype(np.int64)[places], most


def log_losses(own: Floats) -> Floats:
    """The loss of each row, from the probability of its own class."""
    return np.asarray(-np.log(np.clip(own, SMALLEST, 1)))


def calibration_error(labels: Floats, outputs: npt.NDArray[np.floating], draws: Draws) -> Floats:
    """The mean over rows of how far their bin of confidence is off, in each draw (Guo et al., On
    Calibration of Modern Neural Networks, 2017).
    """
    confidence, came = confidences(labels, outputs)
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gaps = draws.sum_by(bins, ECE_BINS, confidence - came)
    return np.asarray(np.abs(gaps).sum(1) / draws.n_rows)


def confidences(labels: Floats, outputs: npt.NDArray[np.floating]) -> tuple[Floats, Floats]:
    """What is predicted ``[rows]`` and what came; of several classes, of the one decided for."""
    if outputs.ndim == 1:
        return outputs.astype(np.float64), labels
    return outputs.max(1).astype(np.float64), (outputs.argmax(1) == labels).astype(np.float64)


def ratio(above: Floats, below: Floats, otherwise: float = np.nan) -> Floats:
    """A quotient that is ``otherwise`` where it would divide by zero."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=result, where=below != 0)
    return result
