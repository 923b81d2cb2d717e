"""What the gate judges by and the evaluation does not say, measured after a training."""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort
import polars as pl

from ..contract import Contract
from ..data.leakage import tellings
from ..data.split import Hashes, row_hashes
from ..models.inputs import Inputs
from ..models.intervals import Bootstrap, Interval
from ..models.tasks import Outputs, Task
from .evaluate import DUMMY, MODEL, Evaluation, large_enough
from .gate import Overlap, SliceLoss
from .rows import Floats, Rows

TIMED, WARM_UP = 200, 20
SIGMAS = 3.0


def leakage(contract: Contract, train: Rows) -> dict[str, float]:
    """How well each feature alone predicts the target."""
    return dict(tellings(pl.DataFrame(pl.from_arrow(train.table)), contract))


def hashes_of(contract: Contract, parts: Sequence[Rows]) -> Hashes:
    """A hash of each row ``[rows]``: of its id, or without one of all its values."""
    names, _ = _told_apart_by(contract)
    return np.concatenate([row_hashes(rows.table.select(names)) for rows in parts])


def digest(hashes: Hashes) -> str:
    """One name for a set of rows, in whatever order they were learned."""
    return hashlib.blake2b(np.sort(hashes).tobytes(), digest_size=16).hexdigest()


def overlap(contract: Contract, learned: Sequence[Rows], test: Rows) -> Overlap:
    """How many of the test rows are among those learned, next to what chance alone explains.

    Rows of few columns look alike: then about the share of learned rows that have a twin among
    themselves is met among test rows too, give or take three standard errors.
    """
    hashes = hashes_of(contract, learned)
    distinct, counts = np.unique(hashes, return_counts=True)
    twins = counts[counts > 1].sum() / max(len(hashes), 1)
    n = len(test)
    expected = twins * n + SIGMAS * np.sqrt(twins * (1 - twins) * n)
    return Overlap(
        rows=n,
        shared=int(np.isin(hashes_of(contract, [test]), distinct).sum()),
        expected=min(int(expected), n),
        by=_told_apart_by(contract)[1],
    )


def _told_apart_by(contract: Contract) -> tuple[list[str], str]:
    """The columns that tell rows apart and that datasets keep, and how to call them."""
    public = [name for name, column in contract.columns.items() if not column.pii]
    if contract.id in public:
        return [contract.id], f"their '{contract.id}'"
    return public, "all their values"


def slice_losses(
    task: Task,
    labels: Floats,
    outputs: Mapping[str, Outputs],
    columns: Mapping[str, Outputs],
    bootstrap: Bootstrap,
    min_rows: int | None = None,
) -> list[SliceLoss]:
    """The loss less the dummy's in every slice with enough rows, sure of all of them together.

    ``outputs`` are the model's and the dummy's.
    """
    found, losses = list(large_enough(columns, min_rows)), []
    for column, value, rows in found:
        within = bootstrap.within(rows)
        scored = [task.scores(labels[rows], outputs[name][rows]) for name in (MODEL, DUMMY)]
        every, once = np.zeros(len(rows), np.int64), np.ones((1, 1))
        model, dummy = (float(one.summed(every, once)[task.loss][0]) for one in scored)
        drawn, drawn_dummy = (one.summed(within.drawn, within.counts)[task.loss] for one in scored)
        difference = within.interval_of_many(model - dummy, drawn - drawn_dummy, len(found))
        losses.append(SliceLoss(where=f"{column} = {value}", rows=len(rows), difference=difference))
    return losses


def miscalibration(
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


def row_cost(session: ort.InferenceSession, inputs: Inputs) -> float:
    """Median milliseconds that the graph takes for one row, as the server runs it."""
    feeds = [inputs[i : i + 1].feed() for i in range(min(WARM_UP, len(inputs)))]
    seconds = []
    for turn in range(WARM_UP + TIMED):
        start = time.perf_counter()
        session.run(None, feeds[turn % len(feeds)])
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[WARM_UP:])) * 1e3


def unattended() -> bool:
    """Whether this is a CI run, by the variable that they all set."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}
