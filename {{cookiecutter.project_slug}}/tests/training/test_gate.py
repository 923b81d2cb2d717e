from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import GateConfig
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

RANDOM = np.random.default_rng(0)
N = 3_000
LABELS = (RANDOM.random(N) < 0.4).astype(float)
NOISE = RANDOM.normal(0, 1, N)
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
    return evaluate(LABELS, predictions, block, resamples=100, confidence=0.95, seed=0)


def judged(*figures: Floats, parity: float = 0.1, **settings: float) -> dict[str, Rule]:
    rules = judge(evaluation_of(*figures), GateConfig.model_validate(settings), parity=parity)
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
    lost = judged(WEAK, GOOD, max_auc_loss_to_linear=0.3)
    assert broken(lost) == set()
    assert broken(judged(BETTER, GOOD, GOOD, min_improvement=0.4)) == {"better than champion"}
