"""Outputs that know the labels more or less, and what the gate would know of them."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
    Predictions,
    evaluate,
)
from {{ cookiecutter.__package }}.training.evidence import (
    miscalibration,
    slice_losses,
)
from {{ cookiecutter.__package }}.training.gate import Evidence, Overlap
from {{ cookiecutter.__package }}.training.rows import Blocks

from ..conftest import shop_of

N = 3_000
BLOCK = np.arange(N) // 50
CITIES = np.where(np.arange(N) % 15 == 0, "Metz", "Lyon").astype(object)
Floats = np.ndarray[Any, np.dtype[np.float64]]


@cache
def labels_of(name: str) -> Floats:
    random = np.random.default_rng(0)
    drawn = {
        "binary": (random.random(N) < 0.4).astype(float),
        "multiclass": random.choice(3, N, p=[0.5, 0.3, 0.2]).astype(float),
        "regression": random.normal(100, 20, N),
    }
    return drawn[name]


@cache
def guesses(name: str, strength: float) -> Floats:
    """Outputs that know the more of the labels the stronger, and are honest about it."""
    labels, random = labels_of(name), np.random.default_rng(1)
    if name == "regression":
        share = strength**2 / (1 + strength**2)
        noisy = labels + random.normal(0, 20 / max(strength, 1e-9), N)
        return np.asarray(share * noisy + (1 - share) * labels.mean())
    shares = np.array([0.6, 0.4] if name == "binary" else [0.5, 0.3, 0.2])
    n = len(shares)
    hints = strength * np.eye(n)[labels.astype(int)] + random.normal(0, 1, (N, n))
    likelihood = np.exp(strength * hints) * shares
    found = likelihood / likelihood.sum(1, keepdims=True)
    return np.asarray(found[:, 1] if name == "binary" else found)


def evidence_of(
    model: Floats,
    linear: Floats | None = None,
    champion: Floats | None = None,
    name: str = "binary",
    **changes: Any,
) -> Evidence:
    """What would be known of such outputs; whatever else the rules ask is without fault."""
    task, labels = task_of(shop_of(name)), labels_of(name)
    dummy = task.constant(labels, N)
    outputs = {MODEL: model, LINEAR: model if linear is None else linear, DUMMY: dummy}
    if champion is not None:
        outputs[CHAMPION] = champion
    predictions = {name: Predictions(outputs=found) for name, found in outputs.items()}
    blocks = Blocks(of=BLOCK, unit="days")
    evaluation = evaluate(task, labels, predictions, blocks, resamples=200, confidence=0.95, seed=0)
    columns, bootstrap = {"city": CITIES}, evaluation.bootstrap
    found = Evidence(
        task=task,
        evaluation=evaluation,
        parity=0.1,
        between="torch and ONNX",
        leakage={"price": 0.7, "city": 0.6},
        overlap=Overlap(rows=N, shared=0, expected=0, by="their 'order'"),
        slices=slice_losses(task, labels, {MODEL: model, DUMMY: dummy}, columns, bootstrap),
        calibration=miscalibration(task, evaluation, labels, model),
        size_mb=0.5,
        row_ms=0.05,
        git={"commit": "a" * 40, "dirty": False},
        ci=False,
    )
    return replace(found, **changes)
