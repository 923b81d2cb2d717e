"""Outputs that know the labels more or less, and what the gate would know of them."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from {{ cookiecutter.__package }}.models.intervals import Bootstrap
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
    Evidence,
    calibration_gap,
    evaluate,
    slices,
)

from ..conftest import shop_of

N = 3_000
BLOCK = np.arange(N) // 50
CITIES = np.where(np.arange(N) % 15 == 0, "Metz", "Lyon")
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
    shares = likelihood / likelihood.sum(1, keepdims=True)
    return np.asarray(shares[:, 1] if name == "binary" else shares)


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
    scores = {name: task.scores(labels, values) for name, values in outputs.items()}
    bootstrap = Bootstrap(block=BLOCK, unit="days", resamples=200, confidence=0.95, seed=0)
    evaluation = evaluate(scores, bootstrap)
    known = Evidence(
        task=task,
        evaluation=evaluation,
        parity=0.1,
        leakage={"price": 0.7, "city": 0.6},
        overlap=0,
        slices=slices(task, labels, outputs, {"city": CITIES}, bootstrap),
        calibration=calibration_gap(task, evaluation, labels, model),
    )
    return replace(known, **changes)
