"""From which probability on rows are called positive, by each objective."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.config import ThresholdConfig
from {{ cookiecutter.__package }}.models.ranking import Floats
from {{ cookiecutter.__package }}.models.threshold import best_cut

RANDOM = np.random.default_rng(0)
N = 300
LABELS = (RANDOM.random(N) < 0.3).astype(float)
CASES = {
    "continuous": np.clip(RANDOM.random(N) + 0.2 * LABELS, 0, 1),
    "ties": RANDOM.integers(0, 4, N) / 4,
    "all equal": np.full(N, 0.3),
    "certain": LABELS.copy(),
    "wrong": 1 - LABELS,
}
COST: dict[str, Any] = {
    "objective": "cost",
    "false_negative_cost": 5,
    "false_positive_cost": 2,
}


def value_of(objective: str, called: Any) -> float:
    _, wrong, missed, found = (
        float(n) for n in sklearn.confusion_matrix(LABELS, called, labels=[0, 1]).ravel()
    )
    values = {
        "f1": 2 * found / (2 * found + wrong + missed),
        "cost": -(5 * missed + 2 * wrong),
    }
    return values[objective]


def every_threshold(probabilities: Floats) -> list[float]:
    return [*np.unique(probabilities).tolist(), 2.0]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("objective", ["f1", "cost"])
def test_no_threshold_serves_the_objective_better(case: str, objective: str) -> None:
    probabilities = CASES[case]
    config = ThresholdConfig(**(COST if objective == "cost" else {"objective": objective}))
    cut = best_cut(LABELS, probabilities, config)
    best = max(value_of(objective, probabilities >= t) for t in every_threshold(probabilities))
    assert value_of(objective, probabilities >= cut.threshold) == pytest.approx(best)
    assert (cut.why, cut.reached) == (config.told, True)


@pytest.mark.parametrize(("objective", "other"), [("precision", "recall"), ("recall", "precision")])
def test_what_is_to_be_kept_is_kept_with_the_most_of_the_other(objective: str, other: str) -> None:
    probabilities, scores = CASES["continuous"], {
        "precision": sklearn.precision_score,
        "recall": sklearn.recall_score,
    }
    config = ThresholdConfig.model_validate({"objective": objective, "at_least": 0.45})
    cut = best_cut(LABELS, probabilities, config)

    def of(name: str, threshold: float) -> float:
        return float(scores[name](LABELS, probabilities >= threshold, zero_division=0))

    kept = [t for t in np.unique(probabilities).tolist() if of(objective, t) >= 0.45]
    assert cut.reached
    assert of(objective, cut.threshold) >= 0.45
    assert of(other, cut.threshold) == pytest.approx(max(of(other, t) for t in kept))


def test_a_precision_that_no_threshold_has_gives_the_nearest_and_says_so() -> None:
    labels, probabilities = np.array([1.0, 0, 1, 0, 0]), np.array([0.9, 0.9, 0.4, 0.3, 0.2])
    config = ThresholdConfig(objective="precision", at_least=0.95)
    cut = best_cut(labels, probabilities, config)
    assert (cut.threshold, cut.reached) == (0.4, False)
    assert cut.why == "where precision on validation rows is 0.667, the nearest to 0.95"


def test_a_threshold_takes_all_rows_of_one_probability_or_none() -> None:
    labels, probabilities = np.array([1.0, 1, 0, 0, 0]), np.array([0.9, 0.5, 0.5, 0.5, 0.5])
    assert best_cut(labels, probabilities, ThresholdConfig()).threshold == 0.9


def test_where_alarms_cost_most_none_is_raised_in_float32_either() -> None:
    labels, probabilities = np.array([0.0, 1, 0, 0]), np.array([1.0, 0.9, 0.5, 0.2])
    config = ThresholdConfig(objective="cost", false_negative_cost=1, false_positive_cost=9)
    cut = best_cut(labels, probabilities, config)
    assert not (probabilities.astype(np.float32) >= cut.threshold).any()


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_rows_of_one_label_tell_no_threshold(label: float) -> None:
    cut = best_cut(np.full(3, label), np.array([0.1, 0.2, 0.3]), ThresholdConfig())
    assert (cut.threshold, cut.reached) == (0.5, False)
