"""What a model predicts, how that is judged, and from which probability on it decides."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import ThresholdConfig
from ..contract import Contract
from .metrics import (
    Floats,
    Scored,
    binary_metrics,
    log_losses,
    multiclass_metrics,
    regression_metrics,
)

Outputs = npt.NDArray[Any]
TOLERANCE = 1e-5
# By task: the graph's output, and its metrics in the order of a report, the one that decides first.
TASKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "binary": ("probability", ("auc", "log_loss", "brier", "auc_pr", "f1", "ece")),
    "multiclass": ("probabilities", ("auc", "log_loss", "accuracy", "f1", "ece")),
    "regression": ("value", ("r2", "rmse", "mae")),
}


class Task:
    """Labels in, outputs out. Outputs are ``[rows]``, or ``[rows, classes]`` for multiclass."""

    def __init__(self, contract: Contract, threshold: float | None = None) -> None:
        self.contract = contract
        self.kind = contract.task
        self.threshold = 0.5 if threshold is None else threshold
        """Probability from which a binary decision is positive."""
        self.output, self.metrics = TASKS[self.kind]
        """Name of the graph's output, and of what the prediction log keeps of it; every metric."""
        self.main, self.headline = self.metrics[0], self.metrics[:3]
        """The metric that decides, and the few that a terminal shows."""
        self.loss = "rmse" if self.kind == "regression" else "log_loss"
        """The metric that chooses in the race, and by which a model must beat one that knows only
        the labels' frequencies."""
        self.chance = 0.0 if self.kind == "regression" else 0.5
        """What the deciding metric is for a model that has learned nothing."""
        self._labels = np.array(contract.labels or (), object)

    def encode(self, values: Sequence[Any] | Outputs) -> Floats:
        """The target's values as labels ``[rows]``; NaN where missing."""
        if self.kind == "regression":
            return np.asarray(values, np.float64)
        codes: dict[Any, float] = {label: code for code, label in enumerate(self._labels)}
        other = np.nan
        if self.kind == "binary":
            codes, other = {self.contract.positive: 1.0, None: np.nan}, 0.0
        return np.array([codes.get(value, other) for value in values], np.float64)

    def constant(self, labels: Floats, n_rows: int) -> Floats:
        """The outputs of a model that knows only the training labels: frequencies, or the mean."""
        if self.kind != "multiclass":
            return np.full(n_rows, labels.mean())
        counts = np.bincount(labels.astype(np.int64), minlength=len(self._labels)) + 1.0
        return np.tile(counts / counts.sum(), (n_rows, 1))

    def scores(self, labels: Floats, outputs: Outputs) -> Scored:
        """Outputs beside the labels."""
        values = outputs.astype(np.float64)
        if self.kind == "binary":
            return Scored(labels, values, partial(binary_metrics, threshold=self.threshold))
        several = self.kind == "multiclass"
        return Scored(labels, values, multiclass_metrics if several else regression_metrics)

    def losses(self, labels: Floats, outputs: Outputs) -> Floats:
        """What training minimises the mean of, row by row: log loss, or squared error."""
        if self.kind == "regression":
            return np.asarray((labels - outputs) ** 2)
        if self.kind == "binary":
            return log_losses(np.where(labels == 1, outputs, 1 - outputs))
        return log_losses(outputs[np.arange(len(outputs)), labels.astype(np.int64)])

    def valid(self, outputs: Outputs) -> bool:
        """Whether every output can be one: finite, and a probability in [0, 1]."""
        if self.kind == "regression":
            return bool(np.isfinite(outputs).all())
        within = outputs.min(initial=0) >= 0 and outputs.max(initial=1) <= 1  # NaN is neither
        if self.kind == "multiclass":
            within = within and np.allclose(outputs.sum(1), 1, atol=1e-3)
        return bool(within)

    def decisions(self, outputs: Outputs) -> Outputs:
        """What a caller acts on ``[rows]``: boolean, label or value."""
        if self.kind == "multiclass":
            return np.asarray(self._labels[outputs.argmax(1)])
        return np.asarray(outputs >= self.threshold) if self.kind == "binary" else outputs

    def drift_values(self, outputs: Outputs) -> Outputs:
        """Outputs as one column ``[rows]``, numbers or text, for drift to watch."""
        return self.decisions(outputs) if self.kind == "multiclass" else outputs

    def parity_errors(self, expected: Outputs, actual: Outputs) -> Floats:
        """``|a − b|`` as multiples of what is tolerated, ``1e-5·(scale + |b|)``; up to 1 is.

        The scale of values is the largest: float32 is as exact near 0 as what was added up there.
        """
        largest = np.abs(expected).max(initial=0) if self.kind == "regression" else 1.0
        difference = np.abs(actual.astype(np.float64) - expected)
        errors = difference / (TOLERANCE * ((largest or 1.0) + np.abs(expected)))
        return np.where(np.isfinite(errors), errors, np.inf)


def task_of(contract: Contract, threshold: float | None = None) -> Task:
    """The contract's task; ``threshold`` is that of a model's binary decisions."""
    return Task(contract, threshold)


def choose_threshold(
    labels: Floats, probabilities: Outputs, config: ThresholdConfig
) -> tuple[float, str]:
    """The threshold, of all that tell rows apart, where the objective is best; and why it is there.

    Of equal ones the highest. Calling no row positive is one of them where that costs the least.
    """
    if len(np.unique(labels)) < 2:
        return 0.5, "as validation rows have one label alone"
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order].astype(np.float64)
    last = np.append(ordered[:-1] != ordered[1:], True)  # a threshold takes all of equal ones
    hits = np.append(0, np.cumsum(labels[order])[last])
    called = np.append(0, np.flatnonzero(last) + 1)
    none = np.nextafter(np.float32(ordered[0]), np.float32(2))  # the graph's outputs are float32
    thresholds = np.append(float(none), ordered[last])
    positive = labels.sum()
    if config.objective == "f1":
        value = 2 * hits / (called + positive)
    else:
        missed, false = config.false_negative_cost or 0.0, config.false_positive_cost or 0.0
        value = -(missed * (positive - hits) + false * (called - hits))
    return float(thresholds[value.argmax()]), config.reason
