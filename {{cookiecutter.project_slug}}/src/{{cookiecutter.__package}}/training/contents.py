"""What a bundle holds besides its graph: metadata, reference profile, sample."""

import io
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version as library_version
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..config import Config, TrainConfig
from ..contract import Contract
from ..data.dataset import Dataset
from ..models import profile
from ..models.days import FIRST_S, LAST_S, MONDAY, local_days, windows_of
from ..models.inputs import Inputs
from ..models.tasks import task_of
from ..models.threshold import Cut
from ..values import MISSING_TIME, json_value
from .evaluation.evaluate import DUMMY, LINEAR, MODEL, Evaluation
from .gate.learned import digest, hashes_of
from .rows import Rows

LIBRARIES = ("torch", "onnx", "onnxruntime", "numpy")
GOLDEN_ROWS = 16
SAMPLE_ROWS = 5_000


def describe(
    dataset: Dataset,
    settings: TrainConfig,
    evaluation: Evaluation,
    train: Rows,
    predicted: npt.NDArray[np.float32],
    cut: Cut | None,
    made: Mapping[str, Any],
) -> dict[str, Any]:
    """The bundle's ``metadata.json``: no clock time, so that the same training is the same bundle.

    ``made`` says of which kind the model is, and with what settings.
    """
    contract, task = dataset.contract, task_of(dataset.contract)
    return {
        "name": contract.name,
        "dataset": dataset.name,
        "train_rows": digest(hashes_of(contract, [train])),
        "span": span(contract, train),
        "contract": contract.hash,
        "git": git_state(),
        "model": dict(made),
        "metrics": {
            name: {
                metric: _finite(asdict(evaluation.interval(name, metric)))
                for metric in task.metrics
            }
            for name in (MODEL, LINEAR, DUMMY)
        },
        "threshold": None if cut is None else cut.threshold,
        "threshold_why": None if cut is None else cut.why,
        "fallback": task.constant(train.labels, 1)[0].tolist(),
        "golden": golden(contract, train.inputs, predicted),
        "typical": typical(contract, train),
        "seed": settings.seed,
        "settings": settings.model_dump(
            mode="json", exclude={"artifacts", "bundles", "checkpoints", "tracker", "tracking_uri"}
        ),
        "libraries": {name: library_version(name).split("+")[0] for name in LIBRARIES},
    }


def span(contract: Contract, train: Rows) -> dict[str, str] | None:
    """The first and the last local day of the training rows; none where rows have no time."""
    if contract.time is None:
        return None
    seconds = train.inputs.time[:, contract.times.index(contract.time)]
    known = seconds[(seconds >= FIRST_S) & (seconds < LAST_S)]
    if not len(known):
        return None
    ends = np.array([known.min(), known.max()])
    first, last = np.datetime_as_string(local_days(ends, contract.zone).astype("M8[D]")).tolist()
    return {"first": first, "last": last}


def golden(
    contract: Contract, inputs: Inputs, predicted: npt.NDArray[np.float32]
) -> dict[str, Any]:
    """Training rows, spread over the span, with the graph's answers, for every server to repeat."""
    at = np.linspace(0, len(inputs) - 1, GOLDEN_ROWS).astype(int)
    rows = []
    for row in at:
        numbers = zip(contract.numeric, inputs.numeric[row].tolist(), strict=True)
        values: dict[str, Any] = {n: None if v != v else v for n, v in numbers}
        values |= dict(zip(contract.category, inputs.category[row].tolist(), strict=True))
        times = zip(contract.times, inputs.time[row].tolist(), strict=True)
        rows.append(values | {n: None if v == MISSING_TIME else v for n, v in times})
    return {"rows": rows, "predictions": predicted[at].tolist()}


def typical(contract: Contract, train: Rows) -> dict[str, Any]:
    """A complete row to show as an example: the last training row with the fewest gaps, no personal data."""
    names = [name for name in contract.request if name in train.table.column_names]
    recent = train.table.select(names).slice(max(0, len(train.labels) - 1000)).to_pylist()
    row = min(reversed(recent), key=lambda row: sum(value is None for value in row.values()))
    public = {n: v for n, v in row.items() if not contract.columns[n].pii}
    return {name: json_value(public.get(name)) for name in contract.request}


def summarise(
    contract: Contract, config: Config, train: Rows, predicted: npt.NDArray[np.float32]
) -> dict[str, Any]:
    """The bundle's ``profile.json``: each column and the score, as monitoring will compare them."""
    columns = profile.columns_of(train.inputs, contract.numeric, contract.category)
    windows = _whole_windows(contract, config, train)
    columns[profile.SCORE] = task_of(contract).watched(predicted)
    profiles = [profile.describe(name, column, windows) for name, column in columns.items()]
    return {
        "rows": len(train.labels),
        "window_days": config.monitor.window_days,
        "columns": [asdict(found) for found in profiles],
    }


def _whole_windows(contract: Contract, config: Config, train: Rows) -> npt.NDArray[np.int64]:
    """The window of each training row, as monitoring cuts them; those cut short are no windows."""
    if contract.time is None:
        return np.arange(len(train.labels), dtype=np.int64) // config.monitor.window_rows
    seconds = train.inputs.time[:, contract.times.index(contract.time)]
    days, length = local_days(seconds, contract.zone), config.monitor.window_days
    windows = windows_of(days, length)
    whole = (windows * length + MONDAY >= days.min()) & (
        (windows + 1) * length + MONDAY - 1 <= days.max()
    )
    return np.where(whole, windows, profile.NO_WINDOW)


def sample(contract: Contract, train: Rows, predicted: npt.NDArray[np.float32]) -> bytes:
    """Some training rows with their scores, without ids, for reports to draw."""
    chosen = np.sort(
        np.random.default_rng(0).choice(
            len(predicted), min(SAMPLE_ROWS, len(predicted)), replace=False
        )
    )
    drawn = train.table.select([*contract.features, contract.target]).take(pa.array(chosen))
    drawn = drawn.append_column(
        profile.SCORE, pa.array(_plain(task_of(contract).watched(predicted[chosen])))
    )
    sink = io.BytesIO()
    pq.write_table(drawn, sink, compression="zstd")
    return sink.getvalue()


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    """JSON has no NaN."""
    return {key: None if value != value else value for key, value in values.items()}


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return column if column.dtype == object else column.astype(np.float64)


def git_state() -> dict[str, Any]:
    """The commit of the working tree, if it is one."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(("git", *arguments), capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
