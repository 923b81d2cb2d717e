import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.models.metrics import Scores, best_threshold

RANDOM = np.random.default_rng(0)
LABELS = (RANDOM.random(500) < 0.3).astype(float)
CASES = {
    "continuous": RANDOM.random(500),
    "ties": RANDOM.integers(0, 4, 500) / 4,
    "all equal": np.full(500, 0.3),
    "certain": LABELS.copy(),
    "wrong": 1 - LABELS,
}
WEIGHTS = {
    "ones": np.ones(500),
    "draws": RANDOM.poisson(1, 500).astype(float),
    "fractions": RANDOM.random(500),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weighting", WEIGHTS)
def test_metrics_are_sklearns(case: str, weighting: str) -> None:
    probabilities, weights = CASES[case], WEIGHTS[weighting]
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    assert Scores(LABELS, probabilities).all(weights) == pytest.approx(
        {
            "auc": sklearn.roc_auc_score(LABELS, probabilities, sample_weight=weights),
            "log_loss": sklearn.log_loss(LABELS, clipped, sample_weight=weights),
            "brier": sklearn.brier_score_loss(LABELS, probabilities, sample_weight=weights),
        }
    )


def test_a_weight_is_a_repetition() -> None:
    weights = WEIGHTS["draws"]
    at = np.repeat(np.arange(500), weights.astype(int))
    repeated = Scores(LABELS[at], CASES["ties"][at]).all()
    assert Scores(LABELS, CASES["ties"]).all(weights) == pytest.approx(repeated)


def test_without_weights_every_row_counts_once() -> None:
    scores = Scores(LABELS, CASES["continuous"])
    assert scores.all() == scores.all(np.ones(500))


def test_one_class_has_no_auc() -> None:
    scores = Scores(np.zeros(3), np.array([0.1, 0.2, 0.3])).all()
    assert np.isnan(scores["auc"])
    assert scores["log_loss"] > 0


@pytest.mark.parametrize("case", ["continuous", "ties", "certain", "wrong", "all equal"])
def test_no_threshold_has_a_higher_f1(case: str) -> None:
    probabilities = CASES[case]

    def f1(threshold: float) -> float:
        return float(sklearn.f1_score(LABELS, probabilities >= threshold))

    best = max(f1(threshold) for threshold in np.unique(probabilities))
    assert f1(best_threshold(Scores(LABELS, probabilities))) == pytest.approx(best)


def test_a_threshold_takes_all_rows_of_one_probability_or_none() -> None:
    scores = Scores(np.array([1.0, 1, 0, 0, 0]), np.array([0.9, 0.5, 0.5, 0.5, 0.5]))
    assert best_threshold(scores) == 0.9
