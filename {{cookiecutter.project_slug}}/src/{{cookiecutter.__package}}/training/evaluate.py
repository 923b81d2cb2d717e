"""Metrics of models on the same rows, with intervals that respect which rows belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..contract import Contract
from ..models.intervals import Bootstrap, Interval
from ..models.metrics import Draws
from ..models.profile import quartiles, ranges
from ..models.tasks import Outputs, Task, task_of
from ..values import canonical_category
from .rows import Blocks, Floats, Integers

MODEL, DUMMY, LINEAR, CHAMPION = "model", "dummy", "linear", "champion"
"""Who is evaluated on the same rows."""
MIN_ROWS, MIN_SHARE = 500, 0.05


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What one of them answers to the rows."""

    outputs: Outputs
    threshold: float | None = None
    """From where on it decides, if decisions need that; null is 0.5."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Models on the same rows, resampled together, so that differences are paired."""

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


def evaluate(
    task: Task,
    labels: Floats,
    predictions: Mapping[str, Predictions],
    blocks: Blocks,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> Evaluation:
    """Metrics of each model's outputs, and their draws over resampled blocks."""
    bootstrap = Bootstrap(
        block=blocks.of, unit=blocks.unit, resamples=resamples, confidence=confidence, seed=seed
    )
    scores = {
        name: task_of(task.contract, found.threshold).scores(labels, found.outputs)
        for name, found in predictions.items()
    }
    values = {name: score.all() for name, score in scores.items()}
    draws = {name: bootstrap.draw(score, values[name]) for name, score in scores.items()}
    return Evaluation(values=values, draws=draws, bootstrap=bootstrap)


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


def slices(
    task: Task,
    labels: Floats,
    outputs: Outputs,
    columns: Mapping[str, Outputs],
    bootstrap: Bootstrap,
    min_rows: int | None = None,
) -> Iterator[Slice]:
    """Quality by the values of each column; small slices, or those of one label, are left out."""
    for column, value, rows in large_enough(columns, min_rows):
        if task.variety(labels[rows]) < 2:
            continue
        scored, within = task.scores(labels[rows], outputs[rows]), bootstrap.within(rows)
        values = scored.all()
        draws = within.draw(scored, values)
        scalar = outputs.ndim == 1
        yield Slice(
            column=column,
            value=value,
            rows=len(rows),
            metrics={name: within.interval(values[name], draws[name]) for name in task.metrics},
            observed=float(labels[rows].mean()) if scalar else None,
            predicted=float(outputs[rows].mean()) if scalar else None,
        )


def large_enough(
    columns: Mapping[str, Outputs], min_rows: int | None = None
) -> Iterator[tuple[str, str, Integers]]:
    """The rows of each column's each value, unless they are below ``min_rows``.

    By default below 500 or, of few rows, a 20th of them.
    """
    for column, values in columns.items():
        fewest = min_rows or min(MIN_ROWS, int(MIN_SHARE * len(values)))
        names, place = np.unique(values.astype(str), return_inverse=True)
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(names)))
        for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
            if len(rows) >= fewest:
                yield column, str(name), rows


def slice_cuts(contract: Contract, table: pa.Table) -> dict[str, list[float]]:
    """Where each column of numbers to report by is cut into ranges."""
    return {
        name: quartiles(table[name].to_numpy())
        for name in contract.slices
        if name in table.column_names and contract.columns[name].type in {"integer", "float"}
    }


def slice_columns(contract: Contract, table: pa.Table) -> dict[str, Any]:
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
