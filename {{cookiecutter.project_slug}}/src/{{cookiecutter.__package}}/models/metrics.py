"""Metrics of predictions, with weights per row so that a bootstrap is only new weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SMALLEST = 1e-7


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How a metric is called and read."""

    title: str
    sign: int
    """1 where more is better, −1 where less is."""


METRICS: Mapping[str, Metric] = {
    "auc": Metric(title="AUC", sign=1),
    "log_loss": Metric(title="log loss", sign=-1),
    "brier": Metric(title="Brier", sign=-1),
    "accuracy": Metric(title="accuracy", sign=1),
    "r2": Metric(title="R²", sign=1),
    "rmse": Metric(title="RMSE", sign=-1),
    "mae": Metric(title="MAE", sign=-1),
}


class Scored(Protocol):
    """A model's predictions on rows whose labels are known."""

    def all(self, weights: Floats | None = None) -> dict[str, float]:
        """Every metric by name, rows counted by ``weights``; NaN where it has no meaning."""


@dataclass(frozen=True)
class Scores:
    """Probabilities ``[rows]`` on rows with labels ``[rows]`` (0 or 1)."""

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
        """AUC, log loss and Brier score."""
        weights = np.ones(len(self.labels)) if weights is None else weights
        return {
            "auc": self.auc(weights),
            "log_loss": self.log_loss(weights),
            "brier": self.brier(weights),
        }


@dataclass(frozen=True)
class ClassScores:
    """Probabilities ``[rows, classes]`` on rows with the number of their class ``[rows]``."""

    labels: Floats
    probabilities: Floats

    @cached_property
    def _each(self) -> list[Scores]:
        """Each class that some rows have and others have not, against the rest."""
        classes = [self.labels == k for k in range(self.probabilities.shape[1])]
        return [
            Scores(hit.astype(np.float64), self.probabilities[:, k])
            for k, hit in enumerate(classes)
            if 0 < hit.sum() < len(hit)
        ]

    def auc(self, weights: Floats) -> float:
        """Mean over the classes of the AUC of one against the rest (Provost & Domingos, 2000)."""
        found = np.array([one.auc(weights) for one in self._each])
        known = found[~np.isnan(found)]  # a draw may leave a class out
        return float(known.mean()) if len(known) else float("nan")

    @cached_property
    def _row_losses(self) -> Floats:
        rows = np.arange(len(self.labels))
        own = self.probabilities[rows, self.labels.astype(np.int64)]
        losses: Floats = -np.log(np.clip(own, SMALLEST, 1))
        return losses

    @cached_property
    def _hits(self) -> npt.NDArray[np.bool_]:
        hits: npt.NDArray[np.bool_] = self.probabilities.argmax(1) == self.labels
        return hits

    def all(self, weights: Floats | None = None) -> dict[str, float]:
        """AUC (macro, one against the rest), log loss and accuracy."""
        weights = np.ones(len(self.labels)) if weights is None else weights
        return {
            "auc": self.auc(weights),
            "log_loss": float(np.average(self._row_losses, weights=weights)),
            "accuracy": float(np.average(self._hits, weights=weights)),
        }


@dataclass(frozen=True)
class ValueScores:
    """Predicted values ``[rows]`` on rows with known ones ``[rows]``."""

    labels: Floats
    values: Floats

    @cached_property
    def _errors(self) -> Floats:
        return self.values - self.labels

    def all(self, weights: Floats | None = None) -> dict[str, float]:
        """Share of the variance explained, root mean squared and mean absolute error."""
        weights = np.ones(len(self.labels)) if weights is None else weights
        mean = np.average(self.labels, weights=weights)
        variance = float(np.average((self.labels - mean) ** 2, weights=weights))
        squared = float(np.average(self._errors**2, weights=weights))
        return {
            "r2": 1 - squared / variance if variance else float("nan"),
            "rmse": squared**0.5,
            "mae": float(np.average(np.abs(self._errors), weights=weights)),
        }


def best_threshold(scores: Scores) -> float:
    """The probability from which calling a row positive has the highest F1."""
    order = np.argsort(-scores.probabilities, kind="stable")
    ordered = scores.probabilities[order]
    found = np.cumsum(scores.labels[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + scores.labels.sum())
    f1[:-1][ordered[:-1] == ordered[1:]] = 0  # a threshold takes all of equal probabilities
    return float(ordered[int(np.argmax(f1))])
