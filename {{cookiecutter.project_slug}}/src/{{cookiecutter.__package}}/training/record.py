"""What a bundle holds besides its graph: metadata, profile, evaluation, sample and card.

No clock time and no path: the same training is the same bundle.
"""

import io
import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import version as library_version
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..config import Config
from ..contract import Contract
from ..data.dataset import Dataset
from ..models import profile
from ..models.days import FIRST_S, LAST_S, MONDAY, local_days, windows_of
from ..models.inputs import Inputs
from ..models.tasks import Outputs, task_of
from ..values import MISSING_TIME, json_value
from .card import write_card
from .evaluate import DUMMY, LINEAR, MODEL, Evaluation, slice_columns, slice_cuts, slices
from .evidence import digest, hashes_of
from .exported import Exported
from .rows import Integers, Rows, Splits, times

LIBRARIES = ("torch", "onnx", "onnxruntime", "numpy")
GOLDEN_ROWS = 16
SAMPLE_ROWS = 5_000


def bundle_files(
    config: Config,
    dataset: Dataset,
    splits: Splits,
    exported: Exported,
    evaluation: Evaluation,
    findings: dict[str, Any],
) -> dict[str, bytes]:
    """Each file's content by name; ``findings`` go into the evaluation beside ours."""
    contract = dataset.contract
    metadata = jsonable(_metadata(config, dataset, splits.train, exported, evaluation), digits=17)
    record = jsonable(_evaluation(splits.test, contract, exported, evaluation) | findings)
    card = write_card(contract, metadata, record, dataset.manifest["splits"])
    return {
        "model.onnx": exported.graph,
        "contract.json": contract.text.encode(),
        "metadata.json": json.dumps(metadata, indent=2).encode(),
        "profile.json": json.dumps(_profile(contract, config, splits.train, exported)).encode(),
        "evaluation.json": json.dumps(record).encode(),
        "sample.parquet": _sample(contract, splits.train, exported.trained),
        "card.md": card.encode(),
    }


def _metadata(
    config: Config, dataset: Dataset, train: Rows, exported: Exported, evaluation: Evaluation
) -> dict[str, Any]:
    """What the model was made of, how good it is, and what a server needs to answer by it."""
    contract, settings, cut = dataset.contract, config.train, exported.cut
    task = task_of(contract)
    left_out = {"artifacts", "bundles", "tracker", "tracking_uri"}
    return {
        "name": contract.name,
        "dataset": dataset.name,
        "train_rows": digest(hashes_of(contract, [train])),
        "span": _span(contract, train),
        "contract": contract.hash,
        "git": git_state(),
        "model": exported.choice.model_dump(mode="json") | {"rounds": exported.fitted.rounds},
        "metrics": _metrics(task.metrics, evaluation),
        "threshold": None if cut is None else cut.threshold,
        "threshold_why": None if cut is None else cut.why,
        "fallback": task.constant(train.labels, 1)[0].tolist(),
        "golden": _golden(contract, train.inputs, exported.trained),
        "typical": _typical(contract, train),
        "seed": settings.seed,
        "settings": settings.model_dump(mode="json", exclude=left_out),
        "libraries": {name: library_version(name).split("+")[0] for name in LIBRARIES},
    }


def _evaluation(
    test: Rows, contract: Contract, exported: Exported, evaluation: Evaluation
) -> dict[str, Any]:
    """All that was measured on the test rows; the champion stays out, as another may serve."""
    task = task_of(contract, exported.cut.threshold if exported.cut else None)
    bootstrap, fitted = evaluation.bootstrap, exported.fitted
    columns = slice_columns(contract, test.table)
    parts = slices(task, test.labels, exported.tested, columns, bootstrap)
    curves = {name: [*enumerate(c, start=1)] for name, c in fitted.curves.items()}
    return {
        "rows": len(test),
        "blocks": bootstrap.n_blocks,
        "block": bootstrap.unit,
        "confidence": bootstrap.confidence,
        "size": {"parameters": exported.parameters, "bytes": len(exported.graph)},
        "metrics": _metrics(task.metrics, evaluation),
        "slices": list(parts),
        "cuts": slice_cuts(contract, test.table),
        "learning": (
            {"by": fitted.unit, "best": fitted.rounds, "curves": curves} if curves else None
        ),
        "race": [
            {"name": e.name, "interval": e.interval, "rounds": e.rounds} for e in exported.entries
        ],
    }


def _metrics(names: tuple[str, ...], evaluation: Evaluation) -> dict[str, Any]:
    return {
        model: {metric: evaluation.interval(model, metric) for metric in names}
        for model in (MODEL, LINEAR, DUMMY)
    }


def _span(contract: Contract, train: Rows) -> dict[str, str] | None:
    """The first and the last local day of the training rows; none where rows have no time."""
    if contract.time is None:
        return None
    seconds = times(contract, train)
    known = seconds[(seconds >= FIRST_S) & (seconds < LAST_S)]
    if not len(known):
        return None
    days = local_days(np.array([known.min(), known.max()]), contract.zone)
    first, last = np.datetime_as_string(days.astype("M8[D]")).tolist()
    return {"first": first, "last": last}


def _golden(contract: Contract, inputs: Inputs, predicted: Outputs) -> dict[str, Any]:
    """Training rows, spread over the span, with the graph's outputs, for every server to repeat."""
    at = np.linspace(0, len(inputs) - 1, GOLDEN_ROWS).astype(int)
    rows = []
    for row in at:
        numbers = zip(contract.numeric, inputs.numeric[row].tolist(), strict=True)
        values: dict[str, Any] = {n: None if v != v else v for n, v in numbers}
        values |= dict(zip(contract.category, inputs.category[row].tolist(), strict=True))
        seconds = zip(contract.times, inputs.time[row].tolist(), strict=True)
        rows.append(values | {n: None if v == MISSING_TIME else v for n, v in seconds})
    return {"rows": rows, "predictions": predicted[at].tolist()}


def _typical(contract: Contract, train: Rows) -> dict[str, Any]:
    """A complete row to show as an example: the last training row with the fewest gaps, no personal data."""
    names = [name for name in contract.request if name in train.table.column_names]
    recent = train.table.select(names).slice(max(0, len(train) - 1000)).to_pylist()
    row = min(reversed(recent), key=lambda row: sum(value is None for value in row.values()))
    public = {n: v for n, v in row.items() if not contract.columns[n].pii}
    return {name: json_value(public.get(name)) for name in contract.request}


def _profile(contract: Contract, config: Config, train: Rows, exported: Exported) -> dict[str, Any]:
    """Each column and the score, as monitoring will compare them."""
    columns = profile.columns_of(train.inputs, contract.numeric, contract.category)
    columns[profile.SCORE] = task_of(contract).watched(exported.trained)
    windows = _whole_windows(contract, config, train)
    found = [profile.describe(name, column, windows) for name, column in columns.items()]
    return {
        "rows": len(train),
        "window_days": config.monitor.window_days,
        "columns": [asdict(one) for one in found],
    }


def _whole_windows(contract: Contract, config: Config, train: Rows) -> Integers:
    """The window of each training row, as monitoring cuts them; those cut short are no windows."""
    if contract.time is None:
        return np.arange(len(train), dtype=np.int64) // config.monitor.window_rows
    days, length = local_days(times(contract, train), contract.zone), config.monitor.window_days
    windows = windows_of(days, length)
    whole = (windows * length + MONDAY >= days.min()) & (
        (windows + 1) * length + MONDAY - 1 <= days.max()
    )
    return np.where(whole, windows, profile.NO_WINDOW)


def _sample(contract: Contract, train: Rows, predicted: Outputs) -> bytes:
    """Some training rows with their scores, without ids, for reports to draw."""
    n = len(predicted)
    chosen = np.sort(np.random.default_rng(0).choice(n, min(SAMPLE_ROWS, n), replace=False))
    table = train.table.select([*contract.features, contract.target]).take(pa.array(chosen))
    scores: npt.NDArray[Any] = task_of(contract).watched(predicted[chosen])
    scores = scores if scores.dtype == object else scores.astype(np.float64)
    sink = io.BytesIO()
    pq.write_table(table.append_column(profile.SCORE, pa.array(scores)), sink, compression="zstd")
    return sink.getvalue()


def jsonable(value: Any, digits: int = 6) -> Any:
    """Arrays and results as lists and dicts; numbers to so many digits; what is not finite is null."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, digits) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [jsonable(item, digits) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{digits}g}") if np.isfinite(value) else None
    return value


def git_state() -> dict[str, Any]:
    """The commit of the working tree, if it is one."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(("git", *arguments), capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
