"""A model as the graph that predicts for it, and how good that is on test rows.

Intervals respect which rows belong together, and models are compared on the same draws.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..config import TrainConfig
from ..data.leakage import feature_scores
from ..errors import BundleError, DataError
from ..models import graph
from ..models.bundle import open_bundle, open_session, predict
from ..models.intervals import Bootstrap, Interval
from ..models.metrics import METRICS, ByDraw, Floats, Integers, Scored, calibration_error
from ..models.tables import from_table
from ..models.tasks import Outputs, Task, task_of
from ..models.versions import Versions
from ..terminal import say, table
from ..values import canonical_category
from .race import Model
from .rows import Rows, Splits, bootstrap_of, overlap

MODEL, DUMMY, LINEAR, CHAMPION = "model", "dummy", "linear", "champion"
"""Who is evaluated on the same rows."""
MIN_ROWS, MIN_SHARE = 500, 0.05
EXAMPLE_ROWS = 16


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A model as a graph, and what the graph predicts."""

    model: Model
    graph: bytes
    tested: Outputs
    """On the test rows."""
    trained: Outputs
    """On the training rows."""
    parity: float
    """How far off the graph is over the test rows, as a multiple of the tolerance."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Models on the same rows, resampled together, so that differences are paired."""

    values: Mapping[str, Mapping[str, float]]
    """``values[model][metric]`` on the rows as they are."""
    draws: Mapping[str, ByDraw]
    """``draws[model][metric]`` over the bootstrap."""
    bootstrap: Bootstrap

    def interval(self, model: str, metric: str) -> Interval:
        """A metric of one model."""
        return self.bootstrap.interval(self.values[model][metric], self.draws[model][metric])

    def difference(self, model: str, other: str, metric: str, many: int = 0) -> Interval:
        """``model − other`` on the same draws; one of ``many`` that hold all together."""
        value = self.values[model][metric] - self.values[other][metric]
        draws = self.draws[model][metric] - self.draws[other][metric]
        if many:
            return self.bootstrap.interval_of_many(value, draws, many)
        return self.bootstrap.interval(value, draws)


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Quality on the rows where a column has one value."""

    column: str
    value: str
    rows: int
    loss: Interval
    """The model's loss less the dummy's, sure of all slices together."""
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that the gate looks at, measured on test rows unless said."""

    task: Task
    evaluation: Evaluation
    parity: float
    leakage: Mapping[str, float]
    """How well each feature alone predicts the target, on training rows."""
    overlap: int | None
    """How many test rows were learned from, by their id."""
    slices: Sequence[Slice]
    calibration: Interval
    """Calibration error; of a regression, mean of predicted − observed in spreads of the target."""


def export(model: Model, splits: Splits) -> Exported:
    """From here on the graph predicts, and nothing else.

    Raises:
        ModelFailedError: an output cannot be one; no server would open such a bundle.
    """
    train, test, task = splits["train"], splits["test"], model.task
    content = graph.export(model.program, train.inputs[:EXAMPLE_ROWS]).SerializeToString()
    session = open_session(content)
    n_threads = os.cpu_count() or 1
    tested, trained = (predict(session, part.inputs, task, n_threads) for part in (test, train))
    expected = model.program.predict(test.inputs)
    return Exported(
        model=model,
        graph=content,
        tested=tested,
        trained=trained,
        parity=float(task.parity_errors(expected, tested).max(initial=0)),
    )


def assess(settings: TrainConfig, splits: Splits, exported: Exported, linear: Model) -> Evidence:
    """Compare a graph with the baselines and the champion on the test rows, and show it."""
    train, test, task = splits["train"], splits["test"], exported.model.task
    contract, labels = test.contract, test.labels
    outputs = {
        MODEL: exported.tested,
        LINEAR: linear.program.predict(test.inputs),
        DUMMY: task.constant(train.labels, len(test)),
    }
    tasks = {MODEL: task, LINEAR: linear.task, DUMMY: task_of(contract)}
    scores = {name: tasks[name].scores(labels, outputs[name]) for name in tasks}
    scores |= champion(Versions(settings.bundles, contract.name), test)
    bootstrap = bootstrap_of(test, settings)
    evaluation = evaluate(scores, bootstrap)
    form = ".4g" if task.kind == "regression" else ".3f"  # 80 columns hold three intervals
    lines = [
        (name, *(format(evaluation.interval(name, metric), form) for metric in task.headline))
        for name in scores
    ]
    titles = [METRICS[metric].title for metric in task.headline]
    table(f"{len(test):,} test rows; {bootstrap}", ["", *titles], lines)
    if task.threshold is not None:
        say(f"threshold {task.threshold:.4f}, {exported.model.threshold_why}")
    return Evidence(
        task=task,
        evaluation=evaluation,
        parity=exported.parity,
        leakage=dict(feature_scores(pl.DataFrame(pl.from_arrow(train.table)), contract)),
        overlap=overlap([train, splits["validation"]], test),
        slices=slices(task, labels, outputs, slice_columns(test), bootstrap),
        calibration=calibration_gap(task, evaluation, labels, exported.tested),
    )


def champion(versions: Versions, test: Rows) -> Mapping[str, Scored]:
    """What serves now on the same test rows; nothing where none does or its bundle is damaged.

    Raises:
        DataError: it is of another task, or the dataset no longer has a column that it needs.
    """
    if (served := versions.served()) is None:
        return {}
    name, task = f"the served version {served.number}", test.contract.task
    try:
        bundle = open_bundle(versions.folder / served.bundle)
        if bundle.contract.task != task:
            raise DataError(f"its task is {bundle.contract.task}: give the contract another name")
        outputs = bundle.predict(from_table(bundle.contract, test.table))
    except BundleError as error:
        say(f"warning   nothing is compared with {name}, which is damaged: {error}")
        return {}
    except DataError as error:
        raise DataError(f"{name} cannot be compared on this dataset: {error}") from None
    return {CHAMPION: bundle.task.scores(test.labels, outputs)}


def evaluate(scores: Mapping[str, Scored], bootstrap: Bootstrap) -> Evaluation:
    """Metrics of each model's outputs on the same rows, and their draws over resampled blocks."""
    measured = {name: bootstrap.measure(scored) for name, scored in scores.items()}
    values = {name: values for name, (values, _) in measured.items()}
    draws = {name: by_draw for name, (_, by_draw) in measured.items()}
    return Evaluation(values=values, draws=draws, bootstrap=bootstrap)


def slice_columns(rows: Rows) -> dict[str, Outputs]:
    """The columns to report by, as text."""
    return {
        name: np.array([canonical_category(value) for value in rows.table[name].to_pylist()])
        for name in rows.contract.slices
        if name in rows.table.column_names
    }


def slices(
    task: Task,
    labels: Floats,
    outputs: Mapping[str, Outputs],
    columns: Mapping[str, Outputs],
    bootstrap: Bootstrap,
) -> list[Slice]:
    """Quality of the model beside the dummy by the values of each column; small slices are left out."""
    parts, results = list(_large_enough(columns)), []
    for column, value, rows in parts:
        scores = {n: task.scores(labels[rows], outputs[n][rows]) for n in (MODEL, DUMMY)}
        evaluation = evaluate(scores, bootstrap.within(rows))
        one = Slice(
            column=column,
            value=value,
            rows=len(rows),
            loss=evaluation.difference(MODEL, DUMMY, task.loss, many=len(parts)),
            metrics={name: evaluation.interval(MODEL, name) for name in task.metrics},
        )
        results.append(one)
    return results


def _large_enough(columns: Mapping[str, Outputs]) -> Iterator[tuple[str, str, Integers]]:
    """The rows of each column's each value: 500 or more or, of few rows, a 20th of them."""
    for column, values in columns.items():
        fewest = min(MIN_ROWS, int(MIN_SHARE * len(values)))
        names, counts = np.unique(values, return_counts=True)
        for name in names[counts >= fewest].tolist():
            yield column, name, np.flatnonzero(values == name)


def calibration_gap(
    task: Task, evaluation: Evaluation, labels: Floats, outputs: Outputs
) -> Interval:
    """The calibration error, or how far values lean to one side, in spreads of the target.

    Noise alone raises the error, and draws again by about as much: that is taken off. What else a
    regression may be off by, its R² and RMSE count in full already.
    """
    bootstrap = evaluation.bootstrap
    if task.kind == "regression":
        spread = float(labels.std()) or 1.0
        return bootstrap.bias(outputs / spread, labels / spread)
    value = evaluation.values[MODEL]["ece"]
    draws = calibration_error(labels, outputs, bootstrap.draws)
    noise = float(draws.mean()) - value
    return bootstrap.interval(value - noise, draws - 2 * noise)
