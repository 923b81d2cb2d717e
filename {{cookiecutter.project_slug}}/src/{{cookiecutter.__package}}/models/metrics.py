"""Metrics of probabilities, with weights per row so that a bootstrap is only new weights."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SMALLEST = 1e-7


@dataclass(frozen=True)
class Scores:
    """One model's probabilities ``[rows]`` on rows with known labels ``[rows]`` (0 or 1)."""

    labels: Floats
    probabilities: Floats

    @cached_property
    def _order(self) -> npt.NDArray[np.int64]:
        return np.argsort(self.probabilities, kind="stable")

    @cached_property
    def _ties(self) -> npt.NDArray[np.int64]:
        """Where, in that order, each run of equal probabilities starts."""
        ordered = self.probabilities[self._order]
        return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    def auc(self, weights: Floats) -> float:
        """Area under the ROC curve: the chance that a positive outranks a negative, ties half."""
        labels, weights = self.labels[self._order], weights[self._order]
        positive = np.add.reduceat(weights * labels, self._ties)
        negative = np.add.reduceat(weights * (1 - labels), self._ties)
        below = np.cumsum(negative) - negative
        pairs = positive.sum() * negative.sum()
        return float((positive * (below + negative / 2)).sum() / pairs) if pairs else float("nan")

    @cached_property
    def _row_losses(self) -> Floats:
        p = np.clip(self.probabilities, SMALLEST, 1 - SMALLEST)
        return -np.where(self.labels == 1, np.log(p), np.log1p(-p))

    def log_loss(self, weights: Floats) -> float:
        """Mean negative log-likelihood in nats; probabilities are clipped at 1e-7."""
        return float(np.average(self._row_losses, weights=weights))

    def brier(self, weights: Floats) -> float:
        """Mean squared distance between probability and label (Brier, 1950)."""
        return float(np.average((self.probabilities - self.labels) ** 2, weights=weights))

    def all(self, weights: Floats | None = None) -> dict[str, float]:
        """Every metric by name."""
        weights = np.ones(len(self.labels)) if weights is None else weights
        return {
            "auc": self.auc(weights),
            "log_loss": self.log_loss(weights),
            "brier": self.brier(weights),
        }


def best_threshold(scores: Scores) -> float:
    """The probability from which calling a row positive has the highest F1."""
    order = np.argsort(-scores.probabilities, kind="stable")
    ordered = scores.probabilities[order]
    found = np.cumsum(scores.labels[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + scores.labels.sum())
    f1[:-1][ordered[:-1] == ordered[1:]] = 0  # a threshold takes all of equal probabilities
    return float(ordered[int(np.argmax(f1))])
