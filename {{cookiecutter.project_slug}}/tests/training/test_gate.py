from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import GateConfig
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import (
    Evaluation,
    evaluate,
)
from {{ cookiecutter.__package }}.training.gate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
    Rule,
    judge,
)

from ..conftest import shop_of

RANDOM = np.random.default_rng(0)
N = 3_000
LABELS = (RANDOM.random(N) < 0.4).astype(float)
NOISE = RANDOM.normal(0, 1, N)
BINARY = task_of(shop_of("binary"))
Floats = np.ndarray[Any, np.dtype[np.float64]]


def probabilities(strength: float) -> Floats:
    """The likelihood's own probabilities, the better the stronger."""
    logit = strength * (strength * (LABELS - 0.5) + NOISE) + np.log(0.4 / 0.6)
    values: Floats = 1 / (1 + np.exp(-logit))
    return values


CONSTANT = np.full(N, LABELS.mean())
WEAK, GOOD, BETTER = probabilities(0.5), probabilities(1.0), probabilities(1.5)


def evaluation_of(
    model: Floats, linear: Floats = GOOD, champion: Floats | None = None
) -> Evaluation:
    predictions = {MODEL: model, LINEAR: linear, DUMMY: CONSTANT}
    if champion is not None:
        predictions[CHAMPION] = champion
    block = np.arange(N) // 50
    return evaluate(BINARY, LABELS, predictions, block, resamples=100, confidence=0.95, seed=0)


def judged(*figures: Floats, parity: float = 0.1, **settings: float) -> dict[str, Rule]:
    config = GateConfig.model_validate(settings)
    rules = judge(BINARY, evaluation_of(*figures), config, parity=parity)
    return {rule.rule: rule for rule in rules}


def broken(rules: dict[str, Rule]) -> set[str]:
    return {name for name, rule in rules.items() if not rule.passed}


def test_a_good_model_passes_every_rule() -> None:
    rules = judged(BETTER, GOOD, GOOD)
    assert broken(rules) == set()
    assert set(rules) == {
        "parity",
        "better than dummy",
        "not worse than linear",
        "better than champion",
    }


def test_the_first_model_has_no_champion_to_beat() -> None:
    assert "better than champion" not in judged(BETTER)


@pytest.mark.parametrize(
    ("model", "linear", "champion", "rule"),
    [
        (CONSTANT, CONSTANT, None, "better than dummy"),
        (1 - GOOD, 1 - GOOD, None, "better than dummy"),
        (GOOD**0.05, GOOD, None, "better than dummy"),
        (WEAK, GOOD, None, "not worse than linear"),
        (GOOD, GOOD, BETTER, "better than champion"),
        (GOOD, GOOD, GOOD.copy(), "better than champion"),
    ],
    ids=["constant", "reversed", "overconfident", "weak", "worse", "equal"],
)
def test_a_fault_stops_at_its_own_rule(
    model: Floats, linear: Floats, champion: Floats | None, rule: str
) -> None:
    predictions = (model, linear) if champion is None else (model, linear, champion)
    assert broken(judged(*predictions)) == {rule}


@pytest.mark.parametrize(
    ("parity", "faults"), [(1.0, set()), (1.01, {"parity"}), (float("inf"), {"parity"})]
)
def test_an_export_that_differs_stops_at_parity(parity: float, faults: set[str]) -> None:
    assert broken(judged(BETTER, parity=parity)) == faults


def test_an_equal_challenger_is_told_so() -> None:
    assert judged(GOOD, GOOD, GOOD.copy())["better than champion"].reason == (
        "it is the champion's equal"
    )


def test_the_reasons_hold_the_figures() -> None:
    rules = judged(WEAK, GOOD, BETTER, parity=2.5)
    assert "2.500" in rules["parity"].reason
    assert "from -0.01 wanted" in rules["not worse than linear"].reason
    assert "above 0 wanted" in rules["better than champion"].reason


def test_what_may_be_lost_and_must_be_won_is_configured() -> None:
    lost = judged(WEAK, GOOD, max_loss_to_linear=0.3)
    assert broken(lost) == set()
    assert broken(judged(BETTER, GOOD, GOOD, min_improvement=0.4)) == {"better than champion"}


CLASSES = RANDOM.choice(3, N, p=[0.5, 0.3, 0.2]).astype(float)
VALUES = RANDOM.normal(100, 20, N)


def guesses(name: str, strength: float) -> Floats:
    """Outputs that know the more the stronger, and are honest about it."""
    if name == "regression":
        share = strength**2 / (1 + strength**2)
        noisy = VALUES + RANDOM.normal(0, 20 / max(strength, 1e-9), N)
        values: Floats = share * noisy + (1 - share) * VALUES.mean()
        return values
    hints = strength * np.eye(3)[CLASSES.astype(int)] + RANDOM.normal(0, 1, (N, 3))
    likelihood = np.exp(strength * hints) * np.array([0.5, 0.3, 0.2])
    shares: Floats = likelihood / likelihood.sum(1, keepdims=True)
    return shares


@pytest.mark.parametrize("name", ["multiclass", "regression"])
@pytest.mark.parametrize(
    ("model", "linear", "champion", "faults"),
    [
        (1.0, 0.9, None, set()),
        (1.5, 0.9, 1.0, set()),
        (0.0, 0.0, None, {"better than dummy"}),
        (0.5, 1.0, None, {"not worse than linear"}),
        (1.0, 0.9, 1.5, {"better than champion"}),
    ],
)
def test_each_task_is_judged_by_the_same_rules(
    name: str, model: float, linear: float, champion: float | None, faults: set[str]
) -> None:
    task, labels = task_of(shop_of(name)), CLASSES if name == "multiclass" else VALUES
    known = {MODEL: guesses(name, model), LINEAR: guesses(name, linear)}
    if not model:
        known[LINEAR] = known[MODEL]
    predictions = known | {DUMMY: task.constant(labels, N)}
    if champion is not None:
        predictions[CHAMPION] = guesses(name, champion)
    evaluation = evaluate(
        task, labels, predictions, np.arange(N) // 50, resamples=100, confidence=0.95, seed=0
    )
    rules = judge(task, evaluation, GateConfig(), parity=0.1)
    assert broken({rule.rule: rule for rule in rules}) == faults
    titles = {"multiclass": ("AUC", "log loss"), "regression": ("R²", "RMSE")}[name]
    assert all(title in rules[1].reason for title in titles)
    assert titles[0] in rules[2].reason


def test_an_equal_regression_is_told_so() -> None:
    task, values = task_of(shop_of("regression")), guesses("regression", 1.0)
    predictions = {MODEL: values, LINEAR: values, DUMMY: task.constant(VALUES, N)}
    evaluation = evaluate(
        task,
        VALUES,
        predictions | {CHAMPION: values.copy()},
        np.arange(N),
        resamples=100,
        confidence=0.95,
        seed=0,
    )
    rules = judge(task, evaluation, GateConfig(), parity=0.1)
    assert rules[-1].reason == "it is the champion's equal"
    assert not rules[-1].passed
