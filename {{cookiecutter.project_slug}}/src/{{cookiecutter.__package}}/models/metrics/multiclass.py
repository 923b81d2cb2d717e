"""How good probabilities of several labels are, together and label by label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .ranking import MOST_BINS, Ranking
from .scored import (
    SMALLEST,
    Draws,
    Floats,
    Integers,
    Scored,
    block_sums,
    calibration_error,
    gaps,
    per_bin,
    ratio,
)

FEWEST_BINS = 256


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
    """Probabilities ``[rows, classes]`` on rows with the number of their class ``[rows]``."""

    labels: Floats
    probabilities: Floats

    @cached_property
    def _codes(self) -> Integers:
        return self.labels.astype(np.int64)

    @cached_property
    def _decided(self) -> Integers:
        return np.asarray(self.probabilities.argmax(1), np.int64)

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
        """Mean over the classes of the AUC of one against the rest (Provost & Domingos, 2000)."""
        total, known = np.zeros(len(counts)), np.zeros(len(counts))
        for ranking in self._rankings.values():
            found = ranking.areas(block, counts, exact=exact)["auc"]
            total += np.nan_to_num(found)
            known += ~np.isnan(found)  # a draw may leave a class out
        return {"auc": ratio(total, known)}

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        """Rows, losses, decisions by class and what calibration is off."""
        rows, n_classes = np.arange(len(self.labels)), self.probabilities.shape[1]
        hits = (self._decided == self._codes).astype(np.float64)
        loss = -np.log(np.clip(self.probabilities[rows, self._codes], SMALLEST, 1))
        return {
            "rows": block_sums(block, n_blocks),
            "loss": block_sums(block, n_blocks, loss),
            "hits": per_bin(block, n_blocks, self._codes, n_classes, hits),
            "called": per_bin(block, n_blocks, self._decided, n_classes),
            "support": per_bin(block, n_blocks, self._codes, n_classes),
            "gaps": gaps(block, n_blocks, self.probabilities.max(1), hits),
        }

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        """Log loss in nats, accuracy, F1 (mean over classes, and over rows), calibration.

        A class that no row has and none is decided for is left out of the mean.
        """
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
        sums = {name: found[0] for name, found in self.sums(one, 1).items()}
        hits, called, support = sums["hits"], sums["called"], sums["support"]
        aucs = {
            k: float(ranking.areas(one, counts, exact=True)["auc"][0])
            for k, ranking in self._rankings.items()
        }
        figures = np.stack(
            [ratio(hits, called), ratio(hits, support), ratio(2 * hits, called + support)], 1
        )
        return [
            ClassQuality(
                label=name,
                support=int(support[k]),
                precision=float(figures[k, 0]),
                recall=float(figures[k, 1]),
                f1=float(figures[k, 2]),
                auc=aucs.get(k, float("nan")),
            )
            for k, name in enumerate(names)
        ]
