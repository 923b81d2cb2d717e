"""What a model predicts, and how that is judged: one class for each ``task`` of the contract."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from ..config import ThresholdConfig
from ..contract import Contract
from .metrics import ClassScores, Scored, Scores, ValueScores
from .ranking import Floats
from .threshold import Cut, best_cut

Outputs = npt.NDArray[Any]


class Task(ABC):
    """Labels in, outputs out. Outputs are ``[rows]``, or ``[rows, classes]`` for multiclass."""

    output: ClassVar[str]
    """Name of the graph's output, and of what the prediction log keeps of it."""
    metrics: ClassVar[tuple[str, ...]]
    """Every metric in the order of a report, the one that decides first."""
    loss: ClassVar[str]
    """The metric by which a model must beat one that knows only the labels' frequencies."""
    chance: ClassVar[float]
    """What the deciding metric is for a model that has learned nothing."""

    def __init__(self, contract: Contract, threshold: float | None = None) -> None:
        self.contract = contract
        self.threshold = threshold
        """Probability from which a binary decision is positive."""

    @property
    def main(self) -> str:
        """The metric that decides."""
        return self.metrics[0]

    @property
    def headline(self) -> tuple[str, ...]:
        """The few metrics that a terminal shows."""
        return self.metrics[:3]

    @abstractmethod
    def encode(self, values: Sequence[Any] | Outputs) -> Floats:
        """The target's values as labels ``[rows]``; NaN where missing."""

    def variety(self, labels: Floats) -> int:
        """How many different labels there are; from two on there is something to learn."""
        return len(np.unique(labels))

    def constant(self, labels: Floats, n_rows: int) -> Floats:
        """The outputs of a model that knows nothing but the training labels: their mean."""
        return np.full(n_rows, labels.mean())

    @abstractmethod
    def scores(self, labels: Floats, outputs: Outputs) -> Scored:
        """Outputs beside the labels."""

    @abstractmethod
    def valid(self, outputs: Outputs) -> bool:
        """Whether every output can be one."""

    @abstractmethod
    def decisions(self, outputs: Outputs) -> Outputs:
        """What a caller acts on ``[rows]``: boolean, label or value."""

    @abstractmethod
    def certainty(self, outputs: Outputs) -> Outputs | None:
        """The probability that stands beside each decision ``[rows]``."""

    def watched(self, outputs: Outputs) -> Outputs:
        """Outputs as one column ``[rows]``, numbers or text, for drift to watch."""
        return outputs

    def scale(self, outputs: Outputs) -> float:  # noqa: ARG002 - a probability's is known
        """How large outputs are, for what may differ by rounding."""
        return 1.0


class Binary(Task):
    """The chance of the positive value."""

    output, loss, chance = "probability", "log_loss", 0.5
    metrics = ("auc", "log_loss", "brier", "auc_pr", "f1", "ece")

    @property
    def _from(self) -> float:
        return 0.5 if self.threshold is None else self.threshold

    @override
    def encode(self, values: Sequence[Any] | Outputs) -> Floats:
        positive = self.contract.positive
        labels = [np.nan if v is None else float(v == positive) for v in values]
        return np.array(labels, np.float64)

    @override
    def scores(self, labels: Floats, outputs: Outputs) -> Scored:
        return Scores(labels, outputs.astype(np.float64), self._from)

    @override
    def valid(self, outputs: Outputs) -> bool:
        if outputs.size == 1:  # as of most requests; numpy takes ten times as long
            return bool(0 <= outputs.item() <= 1)
        return bool(outputs.min(initial=0) >= 0 and outputs.max(initial=1) <= 1)  # NaN is neither

    @override
    def decisions(self, outputs: Outputs) -> Outputs:
        return np.asarray(outputs >= self._from)

    @override
    def certainty(self, outputs: Outputs) -> Outputs:
        return outputs


class Multiclass(Task):
    """The chance of each label, in the contract's order."""

    output, loss, chance = "probabilities", "log_loss", 0.5
    metrics = ("auc", "log_loss", "accuracy", "f1", "f1_weighted", "ece")

    def __init__(self, contract: Contract, threshold: float | None = None) -> None:
        super().__init__(contract, threshold)
        self.labels = np.array(contract.labels or (), object)
        self._codes = {label: float(code) for code, label in enumerate(self.labels)}

    @override
    def encode(self, values: Sequence[Any] | Outputs) -> Floats:
        return np.array([self._codes.get(value, np.nan) for value in values], np.float64)

    @override
    def constant(self, labels: Floats, n_rows: int) -> Floats:
        counts = np.bincount(labels.astype(np.int64), minlength=len(self.labels)) + 1.0
        return np.tile(counts / counts.sum(), (n_rows, 1))

    @override
    def scores(self, labels: Floats, outputs: Outputs) -> Scored:
        return ClassScores(labels, outputs.astype(np.float64))

    @override
    def valid(self, outputs: Outputs) -> bool:
        within = ((outputs >= 0) & (outputs <= 1)).all()
        return bool(within and np.allclose(outputs.sum(1), 1, atol=1e-3))

    @override
    def decisions(self, outputs: Outputs) -> Outputs:
        return np.asarray(self.labels[outputs.argmax(1)])

    @override
    def certainty(self, outputs: Outputs) -> Outputs:
        return np.asarray(outputs.max(1))

    @override
    def watched(self, outputs: Outputs) -> Outputs:
        return self.decisions(outputs)


class Regression(Task):
    """A number in the target's unit."""

    output, loss, chance = "value", "rmse", 0.0
    metrics = ("r2", "rmse", "mae")

    @override
    def encode(self, values: Sequence[Any] | Outputs) -> Floats:
        return np.array([np.nan if value is None else value for value in values], np.float64)

    @override
    def scores(self, labels: Floats, outputs: Outputs) -> Scored:
        return ValueScores(labels, outputs.astype(np.float64))

    @override
    def valid(self, outputs: Outputs) -> bool:
        return bool(np.isfinite(outputs).all())

    @override
    def scale(self, outputs: Outputs) -> float:
        return float(np.abs(outputs).max(initial=0)) or 1.0

    @override
    def decisions(self, outputs: Outputs) -> Outputs:
        return outputs

    @override
    def certainty(self, outputs: Outputs) -> None:
        return None


TASKS: dict[str, type[Task]] = {
    "binary": Binary,
    "multiclass": Multiclass,
    "regression": Regression,
}


def task_of(contract: Contract, threshold: float | None = None) -> Task:
    """The contract's task; ``threshold`` is that of a model's binary decisions."""
    return TASKS[contract.task](contract, threshold)


def threshold_of(
    task: Task, labels: Floats, outputs: Outputs, config: ThresholdConfig
) -> Cut | None:
    """From which probability on decisions serve the objective; only binary ones need that."""
    if not isinstance(task, Binary):
        return None
    return best_cut(labels, outputs.astype(np.float64), config)
