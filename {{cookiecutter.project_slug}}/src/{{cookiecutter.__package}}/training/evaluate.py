"""Metrics of models on the same rows, with intervals that respect which rows belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..contract import Contract
from ..models.intervals import Bootstrap, Interval
from ..models.metrics import Draws, Scored
from ..models.profile import quartiles, ranges
from ..models.tasks import Outputs, Task
from ..values import canonical_category
from .rows import Floats, Integers

MODEL, DUMMY, LINEAR, CHAMPION = "model", "dummy", "linear", "champion"
"""Who is evaluated on the same rows."""
MIN_ROWS, MIN_SHARE = 500, 0.05


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
        draws = self.draws[model][metric] - self.draws[other][metric]
        return self.bootstrap.interval(value, draws)


def evaluate(scores: Mapping[str, Scored], bootstrap: Bootstrap) -> Evaluation:
    """Metrics of each model's outputs on the same rows, and their draws over resampled blocks."""
    values = {name: scored.all() for name, scored in scores.items()}
    draws = {name: bootstrap.draw(scored, values[name]) for name, scored in scores.items()}
    return Evaluation(values=values, draws=draws, bootstrap=bootstrap)


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Quality on the rows where a column has one value, or one range of them."""

    column: str
    value: str
    rows: int
    loss: Interval
    """The model's loss less the dummy's, sure of all slices together."""
    metrics: Mapping[str, Interval]
    """From the same blocks as on all rows, drawn among those that the slice has."""
    observed: float | None
    """Mean label: the share of positive rows, or the mean value; none for multiclass."""
    predicted: float | None
    """Mean output, to compare with it."""


def slices(
    task: Task,
    labels: Floats,
    outputs: Mapping[str, Outputs],
    columns: Mapping[str, Outputs],
    bootstrap: Bootstrap,
) -> list[Slice]:
    """Quality of the model beside the dummy by the values of each column; small slices are left out."""
    parts, results = list(large_enough(columns)), []
    for column, value, rows in parts:
        within, scalar = bootstrap.within(rows), outputs[MODEL].ndim == 1
        scores = {n: task.scores(labels[rows], outputs[n][rows]) for n in (MODEL, DUMMY)}
        evaluation = evaluate(scores, within)
        value_less = evaluation.difference(MODEL, DUMMY, task.loss).value
        draws = evaluation.draws[MODEL][task.loss] - evaluation.draws[DUMMY][task.loss]
        one = Slice(
            column=column,
            value=value,
            rows=len(rows),
            loss=within.interval_of_many(value_less, draws, len(parts)),
            metrics={name: evaluation.interval(MODEL, name) for name in task.metrics},
            observed=float(labels[rows].mean()) if scalar else None,
            predicted=float(outputs[MODEL][rows].mean()) if scalar else None,
        )
        results.append(one)
    return results


def large_enough(columns: Mapping[str, Outputs]) -> Iterator[tuple[str, str, Integers]]:
    """The rows of each column's each value: 500 or more or, of few rows, a 20th of them."""
    for column, values in columns.items():
        fewest = min(MIN_ROWS, int(MIN_SHARE * len(values)))
        names, place = np.unique(values.astype(str), return_inverse=True)
        ends = np.cumsum(np.bincount(place, minlength=len(names)))[:-1]
        parts = np.split(np.argsort(place, kind="stable"), ends)
        for name, rows in zip(names, parts, strict=True):
            if len(rows) >= fewest:
                yield column, str(name), rows


def slice_columns(
    contract: Contract, table: pa.Table
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """The columns to report by, as text, numbers as the range they are in; and where these are cut."""
    columns, cuts = {}, {}
    for name in contract.slices:
        if name not in table.column_names:
            continue
        if contract.columns[name].type in {"integer", "float"}:
            cuts[name] = quartiles(table[name].to_numpy())
            columns[name] = ranges(table[name].to_numpy(), cuts[name])
        else:
            texts = [canonical_category(value) for value in table[name].to_pylist()]
            columns[name] = np.array(texts, object)
    return columns, cuts


def calibration_gap(
    task: Task, evaluation: Evaluation, labels: Floats, outputs: Outputs
) -> Interval:
    """The calibration error, or how far values lean to one side, in spreads of the target.

    Noise alone raises the error, and draws again by about as much: that is taken off. What else a
    regression may be off by, its R² and RMSE count in full already.
    """
    bootstrap = evaluation.bootstrap
    if task.contract.task != "regression":
        value = evaluation.values[MODEL]["ece"]
        draws = task.scores(labels, outputs).summed(bootstrap.drawn, bootstrap.counts)["ece"]
        noise = float(draws.mean()) - value
        return bootstrap.interval(value - noise, draws - 2 * noise)
    off = (outputs.astype(np.float64) - labels) / (float(labels.std()) or 1.0)
    n = bootstrap.counts.shape[1]
    sums, rows = (bootstrap.counts @ np.bincount(bootstrap.drawn, w, n) for w in (off, None))
    return bootstrap.interval(float(off.mean()), sums / rows)
