"""What a model predicts, and how that is judged: the three tasks of a contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import ThresholdConfig
from ..contract import Contract
from .metrics import ClassScores, Scored, Scores, ValueScores
from .ranking import Floats
from .threshold import Cut, best_cut

Outputs = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """By what a task is judged."""

    output: str
    metrics: tuple[str, ...]
    loss: str
    chance: float


JUDGED = {
    "binary": Judged(
        output="probability",
        metrics=("auc", "log_loss", "brier", "auc_pr", "f1", "ece"),
        loss="log_loss",
        chance=0.5,
    ),
    "multiclass": Judged(
        output="probabilities",
        metrics=("auc", "log_loss", "accuracy", "f1", "f1_weighted", "ece"),
        loss="log_loss",
        chance=0.5,
    ),
    "regression": Judged(output="value", metrics=("r2", "rmse", "mae"), loss="rmse", chance=0.0),
}


class Task:
    """Labels in, outputs out. Outputs are ``[rows]``, or ``[rows, classes]`` for multiclass."""

    def __init__(self, contract: Contract, threshold: float | None = None) -> None:
        self.contract = contract
        self.kind = contract.task
        self.threshold = threshold
        """Probability from which a binary decision is positive."""
        self.output = JUDGED[self.kind].output
        """Name of the graph's output, and of what the prediction log keeps of it."""
        self.metrics = JUDGED[self.kind].metrics
        """Every metric in the order of a report, the one that decides first."""
        self.main, self.headline = self.metrics[0], self.metrics[:3]
        """The metric that decides, and the few that a terminal shows."""
        self.loss = JUDGED[self.kind].loss
        """The metric by which a model must beat one that knows only the labels' frequencies."""
        self.chance = JUDGED[self.kind].chance
        """What the deciding metric is for a model that has learned nothing."""
        self._labels = np.array(contract.labels or (), object)
        self._codes = {label: float(code) for code, label in enumerate(self._labels)}
        self._from = 0.5 if threshold is None else threshold

    def encode(self, values: Sequence[Any] | Outputs) -> Floats:
        """The target's values as labels ``[rows]``; NaN where missing."""
        labels: list[Any]
        if self.kind == "multiclass":
            labels = [self._codes.get(value, np.nan) for value in values]
        elif self.kind == "binary":
            positive = self.contract.positive
            labels = [np.nan if v is None else float(v == positive) for v in values]
        else:
            labels = [np.nan if value is None else value for value in values]
        return np.array(labels, np.float64)

    def variety(self, labels: Floats) -> int:
        """How many different labels there are; from two on there is something to learn."""
        return len(np.unique(labels))

    def constant(self, labels: Floats, n_rows: int) -> Floats:
        """The outputs of a model that knows only the training labels: frequencies, or the mean."""
        if self.kind != "multiclass":
            return np.full(n_rows, labels.mean())
        counts = np.bincount(labels.astype(np.int64), minlength=len(self._labels)) + 1.0
        return np.tile(counts / counts.sum(), (n_rows, 1))

    def scores(self, labels: Floats, outputs: Outputs) -> Scored:
        """Outputs beside the labels."""
        values = outputs.astype(np.float64)
        if self.kind == "multiclass":
            return ClassScores(labels, values)
        binary = self.kind == "binary"
        return Scores(labels, values, self._from) if binary else ValueScores(labels, values)

    def valid(self, outputs: Outputs) -> bool:
        """Whether every output can be one: finite, and a probability in [0, 1]."""
        if self.kind == "regression":
            return bool(np.isfinite(outputs).all())
        if outputs.size == 1:  # as of most requests; numpy takes ten times as long
            return bool(0 <= outputs.item() <= 1)
        within = outputs.min(initial=0) >= 0 and outputs.max(initial=1) <= 1  # NaN is neither
        if self.kind == "multiclass":
            within = within and np.allclose(outputs.sum(1), 1, atol=1e-3)
        return bool(within)

    def decisions(self, outputs: Outputs) -> Outputs:
        """What a caller acts on ``[rows]``: boolean, label or value."""
        if self.kind == "multiclass":
            return np.asarray(self._labels[outputs.argmax(1)])
        return np.asarray(outputs >= self._from) if self.kind == "binary" else outputs

    def certainty(self, outputs: Outputs) -> Outputs | None:
        """The probability that stands beside each decision ``[rows]``; a value has none."""
        if self.kind == "multiclass":
            return np.asarray(outputs.max(1))
        return outputs if self.kind == "binary" else None

    def watched(self, outputs: Outputs) -> Outputs:
        """Outputs as one column ``[rows]``, numbers or text, for drift to watch."""
        return self.decisions(outputs) if self.kind == "multiclass" else outputs

    def scale(self, outputs: Outputs) -> float:
        """How large outputs are, for what may differ by rounding."""
        if self.kind != "regression":
            return 1.0
        return float(np.abs(outputs).max(initial=0)) or 1.0


def task_of(contract: Contract, threshold: float | None = None) -> Task:
    """The contract's task; ``threshold`` is that of a model's binary decisions."""
    return Task(contract, threshold)


def threshold_of(
    task: Task, labels: Floats, outputs: Outputs, config: ThresholdConfig
) -> Cut | None:
    """From which probability on decisions serve the objective; only binary ones need that."""
    if task.kind != "binary":
        return None
    return best_cut(labels, outputs.astype(np.float64), config)
