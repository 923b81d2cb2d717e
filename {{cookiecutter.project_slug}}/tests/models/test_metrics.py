import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.models.metrics import (
    ClassScores,
    Scored,
    Scores,
    ValueScores,
)
from {{ cookiecutter.__package }}.models.ranking import Floats, Ranking

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
EVERY: dict[str, Scored] = {
    **{f"binary {name}": Scores(LABELS, case, 0.4) for name, case in CASES.items()},
    **{f"classes {name}": ClassScores(CLASSES, case) for name, case in SHARES.items()},
    **{f"values {name}": ValueScores(VALUES, case) for name, case in GUESSES.items()},
}


def off_by_hand(probabilities: Floats, hits: Floats) -> float:
    """Calibration error as it is defined, bin by bin."""
    total = 0.0
    for k in range(15):
        last = k == 14
        rows = (probabilities >= k / 15) & ((probabilities < (k + 1) / 15) | last)
        if rows.any():
            total += rows.mean() * abs(probabilities[rows].mean() - hits[rows].mean())
    return total


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_metrics_are_sklearns(case: str, threshold: float) -> None:
    probabilities = CASES[case]
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    called = probabilities >= threshold
    assert Scores(LABELS, probabilities, threshold).all() == pytest.approx(
        {
            "auc": sklearn.roc_auc_score(LABELS, probabilities),
            "auc_pr": sklearn.average_precision_score(LABELS, probabilities),
            "log_loss": sklearn.log_loss(LABELS, clipped),
            "brier": sklearn.brier_score_loss(LABELS, probabilities),
            "f1": sklearn.f1_score(LABELS, called, zero_division=0.0),
            "ece": off_by_hand(probabilities, LABELS),
        }
    )


def test_one_class_has_no_areas() -> None:
    scores = Scores(np.zeros(3), np.array([0.1, 0.2, 0.3])).all()
    assert np.isnan([scores["auc"], scores["auc_pr"]]).all()
    assert scores["log_loss"] > 0
    assert scores["f1"] == 0


@pytest.mark.parametrize("case", SHARES)
def test_metrics_of_several_classes_are_sklearns(case: str) -> None:
    shares = SHARES[case]
    decided, clipped = shares.argmax(1), np.clip(shares, 1e-7, 1)
    own = -np.log(clipped[np.arange(N), CLASSES.astype(int)])
    assert ClassScores(CLASSES, shares).all() == pytest.approx(
        {
            "auc": sklearn.roc_auc_score(CLASSES, shares, multi_class="ovr", average="macro"),
            "log_loss": own.mean(),
            "accuracy": sklearn.accuracy_score(CLASSES, decided),
            "f1": sklearn.f1_score(CLASSES, decided, average="macro"),
            "f1_weighted": sklearn.f1_score(CLASSES, decided, average="weighted"),
            "ece": off_by_hand(shares.max(1), (decided == CLASSES).astype(float)),
        }
    )
    if case == "continuous":
        assert own.mean() == pytest.approx(sklearn.log_loss(CLASSES, shares))


def test_each_class_has_its_own_quality() -> None:
    shares = SHARES["better"]
    qualities = ClassScores(CLASSES, shares).classes(["a", "b", "c", "d"])
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(
        CLASSES, shares.argmax(1)
    )
    assert [one.label for one in qualities] == ["a", "b", "c", "d"]
    assert [one.support for one in qualities] == support.tolist()
    assert [one.precision for one in qualities] == pytest.approx(precision)
    assert [one.recall for one in qualities] == pytest.approx(recall)
    assert [one.f1 for one in qualities] == pytest.approx(f1)
    aucs = [sklearn.roc_auc_score(k == CLASSES, shares[:, k]) for k in range(4)]
    assert [one.auc for one in qualities] == pytest.approx(aucs)


def test_a_class_that_no_row_has_is_left_out_of_the_mean() -> None:
    labels, shares = np.array([0.0, 0, 1, 1]), SHARES["continuous"][:4]
    expected = [sklearn.roc_auc_score(labels == k, shares[:, k]) for k in (0, 1)]
    scores = ClassScores(labels, shares)
    assert scores.all()["auc"] == pytest.approx(np.mean(expected))
    never = scores.classes(["a", "b", "c", "d"])[3]
    assert never.support == 0
    assert np.isnan([never.recall, never.auc]).all()


@pytest.mark.parametrize("case", GUESSES)
def test_metrics_of_values_are_sklearns(case: str) -> None:
    guesses = GUESSES[case]
    assert ValueScores(VALUES, guesses).all() == pytest.approx(
        {
            "r2": sklearn.r2_score(VALUES, guesses),
            "rmse": sklearn.root_mean_squared_error(VALUES, guesses),
            "mae": sklearn.mean_absolute_error(VALUES, guesses),
        },
        abs=1e-9,
    )


@pytest.mark.parametrize("value", [7.0, 0.1, 1e9])
def test_values_that_do_not_vary_have_no_share_of_a_variance(value: float) -> None:
    found = ValueScores(np.full(3, value), value + np.array([-1.0, 0, 1])).all()
    assert np.isnan(found["r2"])
    assert found["mae"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("case", EVERY)
def test_a_draw_is_the_metric_of_rows_repeated(case: str) -> None:
    scores = EVERY[case]
    block = RANDOM.integers(0, 20, N)
    counts = np.random.default_rng(1).poisson(1, (5, 20)).astype(float)
    drawn = scores.draws(block, counts)
    for number, times in enumerate(counts):
        at = np.repeat(np.arange(N), times[block].astype(int))
        expected = repeated(scores, at).all()
        assert {name: values[number] for name, values in drawn.items()} == pytest.approx(
            expected, rel=1e-5, abs=1e-7, nan_ok=True
        )


def repeated(scores: Scored, at: npt.NDArray[np.int64]) -> Scored:
    match scores:
        case Scores():
            return Scores(scores.labels[at], scores.probabilities[at], scores.threshold)
        case ClassScores():
            return ClassScores(scores.labels[at], scores.probabilities[at])
        case _:
            assert isinstance(scores, ValueScores)
            return ValueScores(scores.labels[at], scores.values[at])


@pytest.mark.parametrize("rate", [0.3, 0.002])
def test_of_many_scores_areas_of_draws_are_near_the_exact_ones(rate: float) -> None:
    random = np.random.default_rng(2)
    labels = (random.random(40_000) < rate).astype(float)
    scores = random.normal(0, 1, 40_000) + 2 * labels
    block, counts = random.integers(0, 50, 40_000), random.poisson(1, (20, 50)).astype(float)
    near = Ranking(labels, scores).areas(block, counts, exact=False)
    exact = Ranking(labels, scores).areas(block, counts, exact=True)
    for name, values in exact.items():
        assert near[name] == pytest.approx(values, abs=3e-4)
        assert np.std(near[name] - values) < 0.01 * np.std(values)
