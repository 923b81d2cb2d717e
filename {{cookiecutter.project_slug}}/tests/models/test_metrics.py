import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.models.metrics import (
    ClassScores,
    Scores,
    ValueScores,
    best_threshold,
)

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


CLASSES = RANDOM.choice(4, 500, p=[0.5, 0.3, 0.15, 0.05]).astype(float)
SHARES = {
    "continuous": RANDOM.dirichlet(np.ones(4), 500),
    "better": RANDOM.dirichlet(np.ones(4), 500) / 2 + np.eye(4)[CLASSES.astype(int)] / 2,
    "ties": np.tile([0.1, 0.2, 0.3, 0.4], (500, 1)),
    "certain": np.eye(4)[CLASSES.astype(int)],
}


@pytest.mark.parametrize("case", SHARES)
@pytest.mark.parametrize("weighting", WEIGHTS)
def test_metrics_of_several_classes_are_sklearns(case: str, weighting: str) -> None:
    shares, weights = SHARES[case], WEIGHTS[weighting]
    each = [
        sklearn.roc_auc_score(k == CLASSES, shares[:, k], sample_weight=weights) for k in range(4)
    ]
    clipped = np.clip(shares, 1e-7, 1)
    own = -np.log(clipped[np.arange(500), CLASSES.astype(int)])
    assert ClassScores(CLASSES, shares).all(weights) == pytest.approx(
        {
            "auc": np.mean(each),
            "log_loss": np.average(own, weights=weights),
            "accuracy": sklearn.accuracy_score(CLASSES, shares.argmax(1), sample_weight=weights),
        }
    )
    if case == "continuous" and weighting == "ones":
        known = sklearn.roc_auc_score(CLASSES, shares, multi_class="ovr", average="macro")
        assert np.mean(each) == pytest.approx(known)
        assert own.mean() == pytest.approx(sklearn.log_loss(CLASSES, shares))


def test_a_class_that_no_row_or_no_draw_has_is_left_out_of_the_mean() -> None:
    labels, shares = np.array([0.0, 0, 1, 1]), SHARES["continuous"][:4]
    expected = [sklearn.roc_auc_score(labels == k, shares[:, k]) for k in (0, 1)]
    assert ClassScores(labels, shares).all()["auc"] == pytest.approx(np.mean(expected))
    drawn = ClassScores(np.array([0.0, 0, 1, 1, 2]), SHARES["continuous"][:5])
    weights = np.array([1.0, 1, 1, 1, 0])
    assert drawn.all(weights)["auc"] == pytest.approx(np.mean(expected))


def test_one_class_alone_has_an_accuracy_and_no_auc() -> None:
    found = ClassScores(np.zeros(3), SHARES["ties"][:3]).all()
    assert np.isnan(found["auc"])
    assert found["accuracy"] == 0


VALUES = RANDOM.normal(1e3, 50, 500)
GUESSES = {
    "near": VALUES + RANDOM.normal(0, 10, 500),
    "far": RANDOM.normal(0, 1, 500),
    "the mean": np.full(500, VALUES.mean()),
    "exact": VALUES.copy(),
}


@pytest.mark.parametrize("case", GUESSES)
@pytest.mark.parametrize("weighting", WEIGHTS)
def test_metrics_of_values_are_sklearns(case: str, weighting: str) -> None:
    guesses, weights = GUESSES[case], WEIGHTS[weighting]
    assert ValueScores(VALUES, guesses).all(weights) == pytest.approx(
        {
            "r2": sklearn.r2_score(VALUES, guesses, sample_weight=weights),
            "rmse": sklearn.root_mean_squared_error(VALUES, guesses, sample_weight=weights),
            "mae": sklearn.mean_absolute_error(VALUES, guesses, sample_weight=weights),
        },
        abs=1e-9,
    )


def test_values_that_do_not_vary_have_no_share_of_a_variance() -> None:
    found = ValueScores(np.full(3, 7.0), np.array([6.0, 7.0, 8.0])).all()
    assert np.isnan(found["r2"])
    assert found["mae"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("weighting", WEIGHTS)
def test_a_row_of_no_weight_is_as_good_as_gone(weighting: str) -> None:
    weights = WEIGHTS[weighting]
    kept = weights > 0
    for scores, part in (
        (
            ClassScores(CLASSES, SHARES["better"]),
            ClassScores(CLASSES[kept], SHARES["better"][kept]),
        ),
        (ValueScores(VALUES, GUESSES["near"]), ValueScores(VALUES[kept], GUESSES["near"][kept])),
    ):
        assert scores.all(weights) == pytest.approx(part.all(weights[kept]))
