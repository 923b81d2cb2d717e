"""Metrics of models on the same rows, with intervals that respect which rows belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...contract import Contract
from ...models.ranking import Draws, Floats, Integers
from ...models.slices import cuts_of, ranges
from ...models.tasks import Task, task_of
from ...values import canonical_category
from .bootstrap import Bootstrap, Interval

MODEL, DUMMY, LINEAR, CHAMPION = "model", "dummy", "linear", "champion"
"""Who is evaluated on the same rows."""
MIN_ROWS, MIN_SHARE = 500, 0.05


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Models on the same rows, resampled together, so that differences are paired."""

    names: tuple[str, ...]
    values: Mapping[str, Mapping[str, float]]
    """``values[model][metric]`` on the rows as they are."""
    draws: Mapping[str, Draws]
    """``draws[model][metric]`` over the bootstrap."""
    bootstrap: Bootstrap

    def interval(self, model: str, metric: str) -> Interval:
        """A metric of one model."""
        return self.bootstrap.interval(self.values[model][metric], self.draws[model][metric])

    def difference(self, model: str, other: str, metric: str) -> Interval:
        """``model − other`` on the same draws."""
        value = self.values[model][metric] - self.values[other][metric]
        drawn = self.draws[model][metric] - self.draws[other][metric]
        return self.bootstrap.interval(value, drawn)

    @property
    def confidence(self) -> float:
        """Coverage of the intervals."""
        return self.bootstrap.confidence

    @property
    def n_blocks(self) -> int:
        """How many blocks the rows have."""
        return self.bootstrap.n_blocks


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Quality on the rows where a column has one value, or one range of them."""

    column: str
    value: str
    rows: int
    metrics: Mapping[str, Interval]
    """From the same blocks as on all rows, drawn among those that the slice has."""
    observed: float | None
    """Mean label: the share of positive rows, or the mean value; none for multiclass."""
    predicted: float | None
    """Mean output, to compare with it."""


def evaluate(
    task: Task,
    labels: Floats,
    predictions: Mapping[str, npt.NDArray[Any]],
    block: Integers,
    *,
    resamples: int,
    confidence: float,
    seed: int,
    unit: str = "rows",
    thresholds: Mapping[str, float | None] | None = None,
) -> Evaluation:
    """Metrics of each model's outputs, and their draws over resampled blocks.

    Binary decisions are made at the model's own of ``thresholds``, else at 0.5.
    """
    bootstrap = Bootstrap(
        block=block, unit=unit, resamples=resamples, confidence=confidence, seed=seed
    )
    scores = {
        name: task_of(task.contract, (thresholds or {}).get(name)).scores(labels, outputs)
        for name, outputs in predictions.items()
    }
    values = {name: score.all() for name, score in scores.items()}
    return Evaluation(
        names=tuple(scores),
        values=values,
        draws={name: bootstrap.draw(score, values[name]) for name, score in scores.items()},
        bootstrap=bootstrap,
    )


def slices(
    task: Task,
    labels: Floats,
    outputs: npt.NDArray[Any],
    columns: Mapping[str, npt.NDArray[np.object_]],
    bootstrap: Bootstrap,
    min_rows: int | None = None,
) -> Iterator[Slice]:
    """Quality by the values of each column; small slices, or those of one label, say nothing."""
    for column, value, rows in large_enough(columns, min_rows):
        if task.variety(labels[rows]) > 1:
            yield _slice(task, labels, outputs, bootstrap, rows, column, value)


def large_enough(
    columns: Mapping[str, npt.NDArray[np.object_]], min_rows: int | None = None
) -> Iterator[tuple[str, str, Integers]]:
    """The rows of each column's each value, unless they are too few to say something.

    Few are those below ``min_rows``, else below 500 or, of few rows, a 20th of them.
    """
    for column, values in columns.items():
        fewest = min_rows or min(MIN_ROWS, int(MIN_SHARE * len(values)))
        names, place = np.unique(values.astype(str), return_inverse=True)
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(names)))
        for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
            if len(rows) >= fewest:
                yield column, str(name), rows


def _slice(
    task: Task,
    labels: Floats,
    outputs: npt.NDArray[Any],
    bootstrap: Bootstrap,
    rows: Integers,
    column: str,
    value: str,
) -> Slice:
    labels, outputs, within = labels[rows], outputs[rows], bootstrap.within(rows)
    scored, scalar = task.scores(labels, outputs), outputs.ndim == 1
    values = scored.all()
    draws = within.draw(scored, values)
    return Slice(
        column=column,
        value=value,
        rows=len(rows),
        metrics={name: within.interval(values[name], draws[name]) for name in task.metrics},
        observed=float(labels.mean()) if scalar else None,
        predicted=float(outputs.mean()) if scalar else None,
    )


def slice_cuts(contract: Contract, table: pa.Table) -> dict[str, list[float]]:
    """Where each column of numbers to report by is cut into ranges."""
    return {
        name: cuts_of(table[name].to_numpy())
        for name in contract.slices
        if name in table.column_names and contract.columns[name].type in {"integer", "float"}
    }


def slice_columns(contract: Contract, table: pa.Table) -> dict[str, npt.NDArray[np.object_]]:
    """The columns to report by, features or not, as text; numbers as the range they are in."""
    cuts = slice_cuts(contract, table)
    return {
        name: (
            ranges(table[name].to_numpy(), cuts[name])
            if name in cuts
            else np.array([canonical_category(v) for v in table[name].to_pylist()], object)
        )
        for name in contract.slices
        if name in table.column_names
    }
