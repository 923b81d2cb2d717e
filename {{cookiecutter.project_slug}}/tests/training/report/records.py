"""Records of findings about the shop's models, and a bundle that holds one."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.intervals import Bootstrap
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import evaluate, slices
from {{ cookiecutter.__package }}.training.record import dump_json

from ...models.conftest import constant_files

N_ROWS = 1_200
THRESHOLD = 0.375


def outputs_of(contract: Contract, labels: Any) -> Any:
    """Outputs that know something of the labels."""
    random = np.random.default_rng(1)
    if contract.task == "regression":
        return (labels + random.normal(0, 0.5, len(labels))).astype(np.float32)
    if contract.task == "multiclass":
        n = len(contract.labels or ())
        noise = random.dirichlet(np.ones(n), len(labels))
        return (0.3 * np.eye(n)[labels.astype(int)] + 0.7 * noise).astype(np.float32)
    return np.clip(0.3 + 0.2 * labels + random.normal(0, 0.15, len(labels)), 0, 1).astype("f4")


def record_of(
    contract: Contract,
    value: str = "web",
    measure: Callable[..., dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The evaluation of a training on made labels, with a slice of the channel named as said."""
    task, random = task_of(contract, THRESHOLD), np.random.default_rng(0)
    labels = random.integers(0, len(contract.labels or "ab"), N_ROWS).astype(np.float64)
    outputs = outputs_of(contract, labels)
    bootstrap = Bootstrap(
        block=np.arange(N_ROWS) // 20, unit="days", resamples=100, confidence=0.9, seed=0
    )
    dummy = task.constant(labels, N_ROWS)
    named = {"model": outputs, "linear": dummy, "dummy": dummy}
    scores = {name: task.scores(labels, predicted) for name, predicted in named.items()}
    evaluation = evaluate(scores, bootstrap)
    columns = {"channel": np.array([value, "store"] * (N_ROWS // 2), object)}
    record = {
        "rows": N_ROWS,
        "blocks": bootstrap.n_blocks,
        "block": bootstrap.unit,
        "confidence": bootstrap.confidence,
        "size": {"bytes": 56_789},
        "metrics": {
            name: {m: evaluation.interval(name, m) for m in task.metrics} for name in named
        },
        "slices": slices(task, labels, named, columns, bootstrap),
        "importance": {name: 0.1 / k for k, name in enumerate(contract.features, 1)},
    }
    if measure is not None:
        record |= measure(task, labels, outputs)
    content: dict[str, Any] = json.loads(dump_json(record))
    return content


def metadata_of(contract: Contract) -> dict[str, Any]:
    """What a report takes from a bundle's metadata."""
    binary = contract.task == "binary"
    return {
        "threshold": THRESHOLD if binary else None,
        "threshold_why": "where F1 on validation rows is highest" if binary else None,
        "model": {"kind": "mlp", "rounds": 3},
        "dataset": "d4t4",
        "git": {"commit": "abc123", "dirty": True},
        "seed": 7,
        "libraries": {"torch": "2.13.0", "numpy": "2.4.0"},
        "settings": {"epochs": 1, "intended_use": None},
    }


def reported_files(contract: Contract, record: dict[str, Any]) -> dict[str, bytes]:
    """The files of a bundle with a record."""
    files = constant_files(contract, **metadata_of(contract))
    return files | {"evaluation.json": json.dumps(record).encode()}
