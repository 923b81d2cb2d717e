from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.models.metrics import (
    Draws,
    Floats,
    Scored,
    rank_areas,
)
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import shop_of

RANDOM = np.random.default_rng(0)
N = 500
LABELS = (RANDOM.random(N) < 0.3).astype(float)
CASES = {
    "continuous": RANDOM.random(N),
    "ties": RANDOM.integers(0, 4, N) / 4,
    "all equal": np.full(N, 0.3),
    "certain": LABELS.copy(),
    "wrong": 1 - LABELS,
}
CLASSES = RANDOM.choice(4, N, p=[0.5, 0.3, 0.15, 0.05]).astype(float)
SHARES = {
    "continuous": RANDOM.dirichlet(np.ones(4), N),
    "better": RANDOM.dirichlet(np.ones(4), N) / 2 + np.eye(4)[CLASSES.astype(int)] / 2,
    "ties": np.tile([0.1, 0.2, 0.3, 0.4], (N, 1)),
    "certain": np.eye(4)[CLASSES.astype(int)],
}
VALUES = RANDOM.normal(1e3, 50, N)
GUESSES = {
    "near": VALUES + RANDOM.normal(0, 10, N),
    "far": RANDOM.normal(0, 1, N),
    "the mean": np.full(N, VALUES.mean()),
    "exact": VALUES.copy(),
}


def scored(task: str, labels: Any, outputs: Any, threshold: float | None = None) -> Scored:
    return task_of(shop_of(task), threshold).scores(np.asarray(labels), np.asarray(outputs))


EVERY: dict[str, Scored] = {
    **{f"binary {name}": scored("binary", LABELS, case, 0.4) for name, case in CASES.items()},
    **{f"classes {name}": scored("multiclass", CLASSES, case) for name, case in SHARES.items()},
    **{f"values {name}": scored("regression", VALUES, case) for name, case in GUESSES.items()},
}


def calibration_error(probabilities: Floats, hits: Floats) -> float:
    """As it is defined, bin by bin."""
    bins = np.minimum(np.floor(probabilities * 15), 14)
    rows = [bins == k for k in np.unique(bins)]
    gaps = [r.mean() * abs(probabilities[r].mean() - hits[r].mean()) for r in rows]
    return float(np.sum(gaps))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_metrics_are_sklearns(case: str, threshold: float) -> None:
    probabilities = CASES[case]
    own = np.clip(np.where(LABELS == 1, probabilities, 1 - probabilities), 1e-7, 1)
    called = probabilities >= threshold
    assert scored("binary", LABELS, probabilities, threshold).all() == pytest.approx(
        {
            "auc": sklearn.roc_auc_score(LABELS, probabilities),
            "auc_pr": sklearn.average_precision_score(LABELS, probabilities),
            "log_loss": -np.log(own).mean(),
            "brier": sklearn.brier_score_loss(LABELS, probabilities),
            "f1": sklearn.f1_score(LABELS, called, zero_division=0.0),
            "ece": calibration_error(probabilities, LABELS),
        }
    )


@pytest.mark.parametrize("case", SHARES)
def test_metrics_of_several_classes_are_sklearns(case: str) -> None:
    shares = SHARES[case]
    decided = shares.argmax(1)
    own = np.clip(shares[np.arange(N), CLASSES.astype(int)], 1e-7, 1)
    assert scored("multiclass", CLASSES, shares).all() == pytest.approx(
        {
            "auc": sklearn.roc_auc_score(CLASSES, shares, multi_class="ovr", average="macro"),
            "log_loss": -np.log(own).mean(),
            "accuracy": sklearn.accuracy_score(CLASSES, decided),
            "f1": sklearn.f1_score(CLASSES, decided, average="macro"),
            "ece": calibration_error(shares.max(1), (decided == CLASSES).astype(float)),
        }
    )


@pytest.mark.parametrize("case", GUESSES)
def test_metrics_of_values_are_sklearns(case: str) -> None:
    guesses = GUESSES[case]
    assert scored("regression", VALUES, guesses).all() == pytest.approx(
        {
            "r2": sklearn.r2_score(VALUES, guesses),
            "rmse": sklearn.root_mean_squared_error(VALUES, guesses),
            "mae": sklearn.mean_absolute_error(VALUES, guesses),
        },
        abs=1e-9,
    )


def test_what_the_rows_cannot_tell_is_no_number_or_left_out_of_the_mean() -> None:
    scores = scored("binary", [0.0] * 3, [0.1, 0.2, 0.3]).all()
    assert np.isnan([scores["auc"], scores["auc_pr"]]).all()
    assert (scores["f1"], scores["log_loss"] > 0) == (0, True)
    labels, shares = np.array([0.0, 0, 1, 1]), SHARES["continuous"][:4]
    expected = [sklearn.roc_auc_score(labels == k, shares[:, k]) for k in (0, 1)]
    assert scored("multiclass", labels, shares).all()["auc"] == pytest.approx(np.mean(expected))
    for value in (7.0, 0.1, 1e9):
        assert np.isnan(scored("regression", [value] * 3, value + np.arange(3.0)).all()["r2"])


@pytest.mark.parametrize("case", EVERY)
def test_a_draw_is_the_metric_of_rows_repeated(case: str) -> None:
    every = EVERY[case]
    block = RANDOM.integers(0, 20, N)
    counts = np.random.default_rng(1).poisson(1, (5, 20)).astype(float)
    drawn = every.by_draw(Draws(block, counts))
    for number, times in enumerate(counts):
        rows = np.repeat(np.arange(N), times[block].astype(int))
        repeated = replace(every, labels=every.labels[rows], outputs=every.outputs[rows])
        assert {name: values[number] for name, values in drawn.items()} == pytest.approx(
            repeated.all(), rel=1e-5, abs=1e-7, nan_ok=True
        )


@pytest.mark.parametrize("rate", [0.3, 0.002])
def test_of_many_scores_areas_of_draws_are_near_the_exact_ones(rate: float) -> None:
    random = np.random.default_rng(2)
    labels = (random.random(40_000) < rate).astype(float)
    scores = random.normal(0, 1, 40_000) + 2 * labels
    block, counts = random.integers(0, 50, 40_000), random.poisson(1, (20, 50)).astype(float)
    near = rank_areas(labels, scores, Draws(block, counts))
    single = [rank_areas(labels, scores, Draws(block, draw[None])) for draw in counts]
    for name in near:
        values = np.concatenate([draw[name] for draw in single])
        assert near[name] == pytest.approx(values, abs=3e-4)
        assert np.std(near[name] - values) < 0.01 * np.std(values)
