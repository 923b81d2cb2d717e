"""Metrics with intervals that respect which rows belong together.

Rows of one day share their weather, so the bootstrap draws whole days: over rows it would claim
intervals several times too narrow (Künsch, 1989, on resampling blocks of dependent data).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from ..models.days import local_days
from ..models.inputs import Inputs
from ..models.tasks import Task

SLICE_MIN_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with the ends of its confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Models on the same rows, resampled together, so that differences are paired."""

    names: tuple[str, ...]
    values: Mapping[str, Mapping[str, float]]
    """``values[model][metric]`` on the rows as they are."""
    draws: Mapping[str, Mapping[str, npt.NDArray[np.float64]]]
    """``draws[model][metric]`` over the bootstrap."""
    confidence: float
    n_blocks: int

    def interval(self, model: str, metric: str) -> Interval:
        """A metric of one model."""
        return self._interval(self.values[model][metric], self.draws[model][metric])

    def difference(self, model: str, other: str, metric: str) -> Interval:
        """``model − other`` on the same draws."""
        value = self.values[model][metric] - self.values[other][metric]
        return self._interval(value, self.draws[model][metric] - self.draws[other][metric])

    def _interval(self, value: float, draws: npt.NDArray[np.float64]) -> Interval:
        tail = (1 - self.confidence) / 2
        known = draws[~np.isnan(draws)]
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
        return Interval(value=value, low=float(low), high=float(high))


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Quality on the rows where a column has one value."""

    column: str
    value: str
    rows: int
    metrics: Mapping[str, float]
    observed: float | None
    """Mean label: the share of positive rows, or the mean value; none for multiclass."""
    predicted: float | None
    """Mean output, to compare with it."""


def blocks(contract: Contract, inputs: Inputs) -> npt.NDArray[np.int64]:
    """The block of each row: its local day where the contract has a time, else the row itself."""
    if contract.time is None:
        return np.arange(len(inputs))
    seconds = inputs.time[:, contract.times.index(contract.time)]
    _, block = np.unique(local_days(seconds, contract.zone), return_inverse=True)
    return block.astype(np.int64)


def evaluate(
    task: Task,
    labels: npt.NDArray[np.float64],
    predictions: Mapping[str, npt.NDArray[Any]],
    block: npt.NDArray[np.int64],
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> Evaluation:
    """Metrics of each model's outputs, and their draws over resampled blocks."""
    scores = {name: task.scores(labels, outputs) for name, outputs in predictions.items()}
    n_blocks = int(block.max()) + 1
    random = np.random.default_rng(seed)
    drawn: dict[str, list[dict[str, float]]] = {name: [] for name in scores}
    for _ in range(resamples):
        weights = np.bincount(random.integers(n_blocks, size=n_blocks), minlength=n_blocks)[block]
        for name, score in scores.items():
            drawn[name].append(score.all(weights.astype(np.float64)))
    return Evaluation(
        names=tuple(scores),
        values={name: score.all() for name, score in scores.items()},
        draws={name: _columns(rows) for name, rows in drawn.items()},
        confidence=confidence,
        n_blocks=n_blocks,
    )


def slices(
    task: Task,
    labels: npt.NDArray[np.float64],
    outputs: npt.NDArray[Any],
    columns: Mapping[str, npt.NDArray[np.object_]],
) -> Iterator[Slice]:
    """Quality by the values of each column; small slices, or those of one label, say nothing."""
    for column, values in columns.items():
        for value in np.unique(values.astype(str)):
            rows = values == value
            if rows.sum() < SLICE_MIN_ROWS or task.variety(labels[rows]) < 2:
                continue
            scalar = outputs.ndim == 1
            yield Slice(
                column=column,
                value=str(value),
                rows=int(rows.sum()),
                metrics=task.scores(labels[rows], outputs[rows]).all(),
                observed=float(labels[rows].mean()) if scalar else None,
                predicted=float(outputs[rows].mean()) if scalar else None,
            )


def _columns(rows: list[dict[str, float]]) -> dict[str, npt.NDArray[np.float64]]:
    return {metric: np.array([row[metric] for row in rows]) for metric in rows[0]}
