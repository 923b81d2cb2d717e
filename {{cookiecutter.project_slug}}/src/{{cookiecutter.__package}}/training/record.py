"""What a bundle holds besides its graph: metadata, profile, evaluation and card.

No clock time and no path: the same training is the same bundle.
"""

import json
import subprocess
from importlib.metadata import version as library_version
from typing import Any

import numpy as np
from pydantic_core import to_json

from ..config import Config
from ..contract import Contract
from ..data.dataset import Dataset
from ..models import profile
from ..models.days import FIRST_S, LAST_S, MONDAY, local_days, windows_of
from ..models.inputs import Inputs
from ..models.metrics import Integers
from ..models.tasks import Outputs, task_of
from ..values import json_value
from .card import write_card
from .evaluate import DUMMY, LINEAR, MODEL, Evidence, Exported
from .rows import Rows, Splits

LIBRARIES = ("torch", "onnx", "onnxruntime", "numpy")
PLACES = {"artifacts", "bundles", "tracker", "tracking_uri"}
"""Settings that change nothing about a model."""
GOLDEN_ROWS, RECENT_ROWS, WINDOW_ROWS = 16, 1_000, 1_000


def bundle_files(
    config: Config,
    dataset: Dataset,
    splits: Splits,
    exported: Exported,
    evidence: Evidence,
    findings: dict[str, Any],
) -> dict[str, bytes]:
    """Each file's content by name; ``findings`` go into the evaluation beside ours."""
    contract, train, test = dataset.contract, splits["train"], splits["test"]
    task, evaluation = evidence.task, evidence.evaluation
    metrics = {  # of another champion the same bundle would be another
        model: {name: evaluation.interval(model, name) for name in task.metrics}
        for model in (MODEL, LINEAR, DUMMY)
    }
    metadata = dump_json(_metadata(config, dataset, train, exported) | {"metrics": metrics})
    record = dump_json(_evaluation(test, exported, evidence) | {"metrics": metrics} | findings)
    counts = dataset.manifest["splits"]
    card = write_card(contract, json.loads(metadata), json.loads(record), counts)
    return {
        "model.onnx": exported.graph,
        "contract.json": contract.text.encode(),
        "metadata.json": metadata,
        "profile.json": dump_json(_profile(train, exported.trained, config.monitor.window_days)),
        "evaluation.json": record,
        "card.md": card.encode(),
    }


def dump_json(value: Any) -> bytes:
    """Results and arrays as JSON; what is not finite is null."""
    return to_json(value, inf_nan_mode="null", fallback=lambda array: array.tolist())


def _metadata(config: Config, dataset: Dataset, train: Rows, exported: Exported) -> dict[str, Any]:
    """What the model was made of, and what a server needs to answer by it."""
    contract, settings, model = dataset.contract, config.train, exported.model
    return {
        "name": contract.name,
        "dataset": dataset.name,
        "span": _span(train),
        "contract": contract.hash,
        "git": git_state(),
        "model": model.choice.model_dump(mode="json") | {"rounds": model.fitted.rounds},
        "threshold": model.task.threshold,
        "threshold_why": model.threshold_why,
        "golden": _golden(contract, train.inputs, exported.trained),
        "typical": _typical(train),
        "seed": settings.seed,
        "settings": settings.model_dump(mode="json", exclude=PLACES),
        "libraries": {name: library_version(name).split("+")[0] for name in LIBRARIES},
    }


def _evaluation(test: Rows, exported: Exported, evidence: Evidence) -> dict[str, Any]:
    """What was measured on the test rows, and how it learned."""
    task, bootstrap, fitted = evidence.task, evidence.evaluation.bootstrap, exported.model.fitted
    curves = {name: [*enumerate(curve, start=1)] for name, curve in fitted.curves.items()}
    return {
        "rows": len(test),
        "blocks": bootstrap.n_blocks,
        "block": bootstrap.unit,
        "confidence": bootstrap.confidence,
        "size": {"bytes": len(exported.graph)},
        "bias": bootstrap.bias(exported.tested, test.labels),
        "slices": [s for s in evidence.slices if not np.isnan(s.metrics[task.main].value)],
        "learning": {"best": fitted.rounds, "curves": curves},
    }


def _span(train: Rows) -> dict[str, str] | None:
    """The first and the last local day of the training rows; none where rows have no time."""
    if train.contract.time is None:
        return None
    known = train.times[(train.times >= FIRST_S) & (train.times < LAST_S)]
    if not len(known):
        return None
    days = local_days(np.array([known.min(), known.max()]), train.contract.zone)
    first, last = np.datetime_as_string(days.astype("M8[D]")).tolist()
    return {"first": first, "last": last}


def _golden(contract: Contract, inputs: Inputs, predicted: Outputs) -> dict[str, Any]:
    """Training rows, spread over the span, with the graph's outputs, for every server to repeat."""
    at = np.linspace(0, len(inputs) - 1, GOLDEN_ROWS).astype(int)
    chosen, names = inputs[at], [*contract.numeric, *contract.category, *contract.times]
    groups = (chosen.numeric, chosen.category, chosen.time)
    columns = [column for group in groups for column in group.T.tolist()]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return {"rows": rows, "predictions": predicted[at].tolist()}


def _typical(train: Rows) -> dict[str, Any]:
    """A complete row to show as an example: the last training row with the fewest gaps, no personal data."""
    contract = train.contract
    names = [name for name in contract.request if name in train.table.column_names]
    recent = train.table.select(names).slice(max(0, len(train) - RECENT_ROWS)).to_pylist()
    row = min(reversed(recent), key=lambda row: sum(value is None for value in row.values()))
    public = {n: v for n, v in row.items() if not contract.columns[n].pii}
    return {name: json_value(public.get(name)) for name in contract.request}


def _profile(train: Rows, predicted: Outputs, window_days: int) -> dict[str, Any]:
    """Each column and the score, as monitoring will compare them."""
    contract = train.contract
    columns = profile.columns_of(contract, train.inputs)
    columns[profile.SCORE] = task_of(contract).drift_values(predicted)
    windows = _whole_windows(train, window_days)
    return {
        "rows": len(train),
        "window_days": window_days,
        "columns": [profile.describe(n, column, windows) for n, column in columns.items()],
    }


def _whole_windows(train: Rows, length: int) -> Integers:
    """The window of each training row, as monitoring cuts them; those cut short are no windows.

    Rows without a time are cut into blocks.
    """
    if train.contract.time is None:
        return np.arange(len(train), dtype=np.int64) // WINDOW_ROWS
    days = local_days(train.times, train.contract.zone)
    windows = windows_of(days, length)
    first = windows * length + MONDAY
    whole = (first >= days.min()) & (first + length - 1 <= days.max())
    return np.where(whole, windows, profile.NO_WINDOW)


def git_state() -> dict[str, Any]:
    """The commit of the working tree, if it is one, and whether changes lie beside it."""

    def git(*arguments: str) -> str:
        command = ("git", *arguments)
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return ""

    commit = git("rev-parse", "HEAD").strip() or None
    return {"commit": commit, "dirty": bool(git("status", "--porcelain"))}
