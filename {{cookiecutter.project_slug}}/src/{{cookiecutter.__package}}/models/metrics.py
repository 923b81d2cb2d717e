"""Metrics of predictions, and what a bootstrap needs to draw them again without the rows.

A bootstrap over blocks draws how often each block counts. A metric that is a function of sums over
rows is then one of ``counts @ sums``: no draw sees a row.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .ranking import (
    MOST_BINS,
    Draws,
    Floats,
    Integers,
    Ranking,
    block_sums,
    per_bin,
    ratio,
)

SMALLEST = 1e-7
ECE_BINS = 15
FEWEST_BINS = 256


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How a metric is called and read."""

    title: str
    sign: int
    """1 where more is better, −1 where less is."""
    raised: bool = False
    """Whether noise alone raises it, so that draws, which are noisier, lie too high."""


METRICS: Mapping[str, Metric] = {
    "auc": Metric(title="AUC", sign=1),
    "auc_pr": Metric(title="average precision", sign=1),
    "log_loss": Metric(title="log loss", sign=-1),
    "brier": Metric(title="Brier", sign=-1),
    "f1": Metric(title="F1", sign=1),
    "f1_weighted": Metric(title="weighted F1", sign=1),
    "accuracy": Metric(title="accuracy", sign=1),
    "ece": Metric(title="calibration error", sign=-1, raised=True),
    "r2": Metric(title="R²", sign=1),
    "rmse": Metric(title="RMSE", sign=-1),
    "mae": Metric(title="MAE", sign=-1),
}


class Scored(ABC):
    """A model's predictions on rows whose labels ``[rows]`` are known."""

    labels: Floats

    @abstractmethod
    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        """Sums over the rows of each block, ``[blocks]`` or ``[blocks, bins]``."""

    @abstractmethod
    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        """Metrics of such sums, a row of them for each draw."""

    def areas(
        self,
        block: Integers,  # noqa: ARG002 - not every task ranks
        counts: Floats,  # noqa: ARG002
        *,
        exact: bool,  # noqa: ARG002
    ) -> Draws:
        """Metrics of the order of the rows, which are no function of few sums."""
        return {}

    def all(self) -> dict[str, float]:
        """Every metric on the rows as they are; NaN where it has no meaning."""
        draws = self._drawn(np.zeros(len(self.labels), np.int64), np.ones((1, 1)), exact=True)
        return {name: float(values[0]) for name, values in draws.items()}

    def draws(self, block: Integers, counts: Floats) -> Draws:
        """Every metric when block ``b`` counts ``counts[draw, b]`` times.

        ``block`` numbers each row's, from 0 on and without gaps.
        """
        return self._drawn(block, counts, exact=False)

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """The same of the metrics that follow from sums, which is much quicker."""
        sums = self.sums(block, counts.shape[1])
        return self.metrics({name: counts @ values for name, values in sums.items()})

    def _drawn(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        return self.areas(block, counts, exact=exact) | self.summed(block, counts)


@dataclass(frozen=True)
class Scores(Scored):
    """Probabilities ``[rows]`` on rows with labels ``[rows]`` (0 or 1)."""

    labels: Floats
    probabilities: Floats
    threshold: float = 0.5
    """Probability from which a row is called positive."""

    @cached_property
    def ranking(self) -> Ranking:
        """The rows by their probability."""
        return Ranking(self.labels, self.probabilities)

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        return self.ranking.areas(block, counts, exact=exact)

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        p = np.clip(self.probabilities, SMALLEST, 1 - SMALLEST)
        called = (self.probabilities >= self.threshold).astype(np.float64)
        values = {
            "rows": np.ones(len(p)),
            "loss": -np.where(self.labels == 1, np.log(p), np.log1p(-p)),
            "squares": (self.probabilities - self.labels) ** 2,
            "called": called,
            "positive": self.labels,
            "hits": called * self.labels,
        }
        sums = {name: block_sums(block, n_blocks, each) for name, each in values.items()}
        return sums | {"gaps": gaps(block, n_blocks, self.probabilities, self.labels)}

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        rows = sums["rows"]
        return {
            "log_loss": sums["loss"] / rows,
            "brier": sums["squares"] / rows,
            "f1": ratio(2 * sums["hits"], sums["called"] + sums["positive"], 0.0),
            "ece": calibration_error(sums["gaps"], rows),
        }


@dataclass(frozen=True, kw_only=True)
class ClassQuality:
    """How well one label is told from the others; NaN where it is never decided for or there."""

    label: str
    support: int
    """Rows that have it."""
    precision: float
    recall: float
    f1: float
    auc: float


@dataclass(frozen=True)
class ClassScores(Scored):
    """Probabilities ``[rows, classes]`` on rows with the number of their class ``[rows]``.

    The AUC is the mean over the classes of one against the rest (Provost & Domingos, 2000); F1 leaves
    out a class that no row has and none is decided for.
    """

    labels: Floats
    probabilities: Floats

    @cached_property
    def _codes(self) -> Integers:
        return self.labels.astype(np.int64)

    @cached_property
    def _rankings(self) -> dict[int, Ranking]:
        """Each class that some rows have and others have not, against the rest."""
        n_rows, n_classes = self.probabilities.shape
        bins = max(MOST_BINS // n_classes, FEWEST_BINS)
        support = np.bincount(self._codes, minlength=n_classes)
        return {
            k: Ranking((self._codes == k).astype(np.float64), self.probabilities[:, k], bins)
            for k in np.flatnonzero((support > 0) & (support < n_rows)).tolist()
        }

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        total, known = np.zeros(len(counts)), np.zeros(len(counts))
        for ranking in self._rankings.values():
            areas = ranking.areas(block, counts, exact=exact)["auc"]
            total += np.nan_to_num(areas)
            known += ~np.isnan(areas)  # a draw may leave a class out
        return {"auc": ratio(total, known)}

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        rows, n_classes = np.arange(len(self.labels)), self.probabilities.shape[1]
        decided = np.asarray(self.probabilities.argmax(1), np.int64)
        hits = (decided == self._codes).astype(np.float64)
        loss = -np.log(np.clip(self.probabilities[rows, self._codes], SMALLEST, 1))
        return {
            "rows": block_sums(block, n_blocks),
            "loss": block_sums(block, n_blocks, loss),
            "hits": per_bin(block, n_blocks, self._codes, n_classes, hits),
            "called": per_bin(block, n_blocks, decided, n_classes),
            "support": per_bin(block, n_blocks, self._codes, n_classes),
            "gaps": gaps(block, n_blocks, self.probabilities.max(1), hits),
        }

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        rows, support = sums["rows"], sums["support"]
        seen = sums["called"] + support
        f1 = ratio(2 * sums["hits"], seen, 0.0)
        return {
            "log_loss": sums["loss"] / rows,
            "accuracy": sums["hits"].sum(-1) / rows,
            "f1": f1.sum(-1) / (seen > 0).sum(-1),
            "f1_weighted": (f1 * support).sum(-1) / rows,
            "ece": calibration_error(sums["gaps"], rows),
        }

    def classes(self, names: Sequence[str]) -> list[ClassQuality]:
        """Quality of each class, called by its name."""
        one, counts = np.zeros(len(self.labels), np.int64), np.ones((1, 1))
        sums = {name: values[0] for name, values in self.sums(one, 1).items()}
        hits, called, support = sums["hits"], sums["called"], sums["support"]
        precision, recall = ratio(hits, called), ratio(hits, support)
        f1, qualities = ratio(2 * hits, called + support), []
        for k, name in enumerate(names):
            ranking = self._rankings.get(k)
            areas = ranking.areas(one, counts, exact=True)["auc"] if ranking else [np.nan]
            quality = ClassQuality(
                label=name,
                support=int(support[k]),
                precision=float(precision[k]),
                recall=float(recall[k]),
                f1=float(f1[k]),
                auc=float(areas[0]),
            )
            qualities.append(quality)
        return qualities


@dataclass(frozen=True)
class ValueScores(Scored):
    """Predicted values ``[rows]`` on rows with known ones ``[rows]``."""

    labels: Floats
    values: Floats

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        error = self.labels - self.values
        centred = self.labels - self.labels.mean()
        values = {
            "rows": np.ones(len(error)),
            "labels": centred,
            "label_squares": centred**2,
            "squares": error**2,
            "absolute": np.abs(error),
        }
        return {name: block_sums(block, n_blocks, each) for name, each in values.items()}

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


def confidence_bins(probabilities: Floats) -> Integers:
    """Which of 15 bins of equal width on [0, 1] each probability is in."""
    return np.minimum((probabilities * ECE_BINS).astype(np.int64), ECE_BINS - 1)


def gaps(block: Integers, n_blocks: int, probabilities: Floats, hits: Floats) -> Floats:
    """Probabilities less the labels that came, summed by block and bin."""
    bins = confidence_bins(probabilities)
    return per_bin(block, n_blocks, bins, ECE_BINS, probabilities - hits)


def calibration_error(gap: Floats, rows: Floats) -> Floats:
    """Expected calibration error: the mean over rows of how far their bin is off.

    15 bins of equal width, as in Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    return np.asarray(np.abs(gap).sum(-1) / rows, np.float64)
