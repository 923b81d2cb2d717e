"""What the gate judges by, gathered from a training that has ended."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ...data.leakage import tellings
from ...models.bundle import open_session
from ...models.inputs import Inputs
from ...models.ranking import Floats
from ...models.tasks import Outputs, Task
from ..evaluation.bootstrap import Bootstrap, Interval
from ..evaluation.evaluate import DUMMY, MODEL, Evaluation, large_enough
from ..rows import Rows
from .learned import Overlap, hashes_of, overlap

TIMED, WARM_UP = 200, 20


@dataclass(frozen=True, kw_only=True)
class SliceLoss:
    """What the model's loss is above the dummy's where a column has one value."""

    where: str
    rows: int
    difference: Interval


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that the rules look at, measured on test rows unless said."""

    task: Task
    evaluation: Evaluation
    parity: float
    """The largest difference ``between`` two ways to an answer, as a multiple of the tolerance."""
    between: str
    telling: Mapping[str, float]
    """How well each feature alone tells the target, on training rows."""
    overlap: Overlap
    slices: Sequence[SliceLoss]
    calibration: Interval
    """Calibration error; of a regression, mean of predicted − observed in spreads of the target."""
    size_mb: float
    row_ms: float
    git: Mapping[str, Any]
    """``commit``, or none, and whether the tree is ``dirty``."""
    ci: bool
    """Whether nobody sits before it."""


def gather(
    task: Task,
    evaluation: Evaluation,
    outputs: Mapping[str, Outputs],
    columns: Mapping[str, npt.NDArray[np.object_]],
    *,
    graph: bytes,
    parity: float,
    between: str,
    learned: Sequence[Rows],
    test: Rows,
    min_rows: int | None,
    git: Mapping[str, Any],
) -> Evidence:
    """Measure what the evaluation does not say.

    ``outputs`` are the model's and the dummy's on the test rows, ``columns`` what these are sliced
    by. ``learned`` are the rows that were fitted, then those that stopped, chose or calibrated.
    """
    contract = task.contract
    return Evidence(
        task=task,
        evaluation=evaluation,
        parity=parity,
        between=between,
        telling=dict(tellings(pl.DataFrame(pl.from_arrow(learned[0].table)), contract)),
        overlap=overlap(contract, hashes_of(contract, learned), hashes_of(contract, [test])),
        slices=slice_losses(
            task, test.labels, outputs, columns, evaluation.bootstrap, min_rows=min_rows
        ),
        calibration=miscalibration(task, evaluation, test.labels, outputs[MODEL]),
        size_mb=len(graph) / 1e6,
        row_ms=row_cost(graph, test.inputs),
        git=git,
        ci=unattended(),
    )


def slice_losses(
    task: Task,
    labels: Floats,
    outputs: Mapping[str, Outputs],
    columns: Mapping[str, npt.NDArray[np.object_]],
    bootstrap: Bootstrap,
    *,
    min_rows: int | None = None,
) -> list[SliceLoss]:
    """Loss less the dummy's in every slice that has enough rows, sure of all of them together."""
    found = list(large_enough(columns, min_rows))
    losses = []
    for column, value, rows in found:
        within = bootstrap.within(rows)
        (model, drawn), (dummy, drawn_dummy) = (
            _loss(task, labels[rows], outputs[name][rows], within) for name in (MODEL, DUMMY)
        )
        difference = within.interval_of_many(model - dummy, drawn - drawn_dummy, len(found))
        losses.append(SliceLoss(where=f"{column} = {value}", rows=len(rows), difference=difference))
    return losses


def _loss(
    task: Task, labels: Floats, outputs: Outputs, bootstrap: Bootstrap
) -> tuple[float, Floats]:
    scored = task.scores(labels, outputs)
    whole = scored.summed(np.zeros(len(labels), np.int64), np.ones((1, 1)))[task.loss]
    return float(whole[0]), scored.summed(bootstrap.drawn, bootstrap.counts)[task.loss]


def miscalibration(
    task: Task, evaluation: Evaluation, labels: Floats, outputs: Outputs
) -> Interval:
    """The calibration error, or how far values lean to one side, in spreads of the target.

    Noise alone raises the error, and draws again by about as much: that is taken off. What else a
    regression may be off by, its R² and RMSE count in full already.
    """
    bootstrap, spread = evaluation.bootstrap, float(labels.std()) or 1.0
    if task.contract.task != "regression":
        value = evaluation.values[MODEL]["ece"]
        draws = task.scores(labels, outputs).summed(bootstrap.drawn, bootstrap.counts)["ece"]
        noise = float(draws.mean()) - value
        return bootstrap.interval(value - noise, draws - 2 * noise)
    off = (outputs.astype(np.float64) - labels) / spread
    n = bootstrap.counts.shape[1]
    sums, rows = (bootstrap.counts @ np.bincount(bootstrap.drawn, w, n) for w in (off, None))
    return bootstrap.interval(float(off.mean()), sums / rows)


def row_cost(graph: bytes, inputs: Inputs) -> float:
    """Median milliseconds that the graph takes for one row, as the server runs it."""
    session, feeds = open_session(graph), [
        inputs[i : i + 1].feed() for i in range(min(WARM_UP, len(inputs)))
    ]
    return float(np.median(list(_timed(session, feeds))[WARM_UP:])) * 1e3


def _timed(session: Any, feeds: Sequence[Any]) -> Iterator[float]:
    for turn in range(WARM_UP + TIMED):
        start = time.perf_counter()
        session.run(None, feeds[turn % len(feeds)])
        yield time.perf_counter() - start


def unattended() -> bool:
    """Whether this is a CI run, by the variable that they all set."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}
