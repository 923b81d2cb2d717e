"""Each rule refuses its own fault, from figures alone; ``test_gate_faults`` plants faults in trainings."""

from typing import Any, get_args

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import GateConfig
from {{ cookiecutter.__package }}.config.train import SwitchableRule
from {{ cookiecutter.__package }}.models.intervals import Bootstrap, Interval
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import DUMMY, LINEAR, MODEL, Evidence, slices
from {{ cookiecutter.__package }}.training.gate import RULES, Rule, judge

from ..conftest import TASKS, shop_of
from .gate_outputs import BLOCK, CITIES, Floats, N, evidence_of, guesses, labels_of

WEAK, GOOD, BETTER = (guesses("binary", strength) for strength in (0.5, 1.0, 1.5))


def judged(evidence: Evidence, **settings: Any) -> dict[str, Rule]:
    rules = judge(evidence, GateConfig.model_validate(settings))
    return {rule.rule: rule for rule in rules}


def broken(evidence: Evidence, **settings: Any) -> set[str]:
    return {name for name, rule in judged(evidence, **settings).items() if not rule.passed}


@pytest.mark.parametrize("name", TASKS)
def test_a_good_model_passes_every_rule(name: str) -> None:
    better, good = guesses(name, 1.5), guesses(name, 1.0)
    rules = judged(evidence_of(better, good, good, name=name))
    assert [rule for rule in rules.values() if not rule.passed] == []
    assert list(rules) == list(RULES)
    assert all(rule.measured != "–" and rule.reason for rule in rules.values())


def test_the_first_model_has_no_champion_to_beat_and_parity_is_always_asked() -> None:
    assert set(RULES) - set(judged(evidence_of(BETTER))) == {"better than champion"}
    assert set(RULES) - set(get_args(SwitchableRule)) == {"parity"}
    for parity in (1.01, float("inf")):
        assert broken(evidence_of(BETTER, parity=parity)) == {"parity"}


def promising(outputs: Floats) -> Floats:
    """All odds four times too high; the order stays."""
    odds = 4 * outputs / (1 - outputs)
    return np.asarray(odds / (1 + odds))


CONSTANT = np.full(N, labels_of("binary").mean())
STRONG = guesses("binary", 2.5)
BROKEN_SLICE = np.asarray(np.where(CITIES == "Metz", 1 - GOOD, STRONG))
FAULTS: dict[str, tuple[Evidence, str]] = {
    "constant": (evidence_of(CONSTANT), "better than dummy"),
    "weaker than a line": (evidence_of(WEAK, GOOD), "not worse than linear"),
    "worse than the champion": (evidence_of(GOOD, None, BETTER), "better than champion"),
    "the champion's equal": (evidence_of(GOOD, None, GOOD.copy()), "better than champion"),
    "a leak": (evidence_of(BETTER, leakage={"price": 0.99, "city": 0.6}), "no leaky feature"),
    "a test row learned": (evidence_of(BETTER, overlap=1), "unseen test rows"),
    "a slice the other way round": (evidence_of(BROKEN_SLICE, BROKEN_SLICE), "no broken slice"),
    "promises too much": (evidence_of(promising(BETTER)), "calibrated"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_at_its_own_rule_and_no_other_unless_that_is_skipped(fault: str) -> None:
    evidence, rule = FAULTS[fault]
    assert broken(evidence) == {rule}
    rules = judged(evidence, skip=[rule])
    assert (rules[rule].passed, rules[rule].limit) == (True, "skipped")
    assert broken(evidence, skip=[rule]) == set()


def test_the_figures_stand_beside_the_limits() -> None:
    rules = judged(evidence_of(WEAK, GOOD, BETTER, parity=2.5))
    assert (rules["parity"].measured, rules["parity"].limit) == ("2.500", "≤ 1")
    assert rules["not worse than linear"].limit == "some ≥ 0"
    assert rules["better than champion"].limit == "all > 0"
    equal = judged(FAULTS["the champion's equal"][0])["better than champion"]
    assert equal.reason == "it is the champion's equal"
    leaky = judged(FAULTS["a leak"][0])["no leaky feature"]
    assert leaky.measured == "0.9900 (price)"
    assert "'price' alone predicts the target" in leaky.reason
    assert "'city'" not in leaky.reason
    part = judged(FAULTS["a slice the other way round"][0])["no broken slice"]
    assert "city = Metz (200 rows)" in part.reason


def test_what_may_be_lost_and_must_be_won_is_configured() -> None:
    assert broken(evidence_of(WEAK, GOOD), max_loss_to_linear=0.3) == set()
    champion = {"better than champion"}
    assert broken(evidence_of(BETTER, GOOD, GOOD), min_improvement=0.4) == champion
    equal, worse = FAULTS["the champion's equal"][0], FAULTS["worse than the champion"][0]
    assert broken(equal, min_improvement=-0.005) == set(), "a stale champion is refreshed"
    assert broken(worse, min_improvement=-0.005) == champion
    assert broken(worse, min_improvement=-0.3) == set()


def test_a_model_that_may_be_as_good_as_linear_is_not_refused() -> None:
    """Its interval reaches above 0, so that it is not surely worse."""
    noise = np.random.default_rng(0).normal(0, 0.02, N)
    evidence = evidence_of(np.clip(GOOD + noise, 0.001, 0.999), GOOD)
    difference = evidence.evaluation.difference(MODEL, LINEAR, "auc")
    assert difference.low < 0 <= difference.high
    assert broken(evidence) == set()


def test_a_slice_on_one_day_accuses_nobody() -> None:
    few = N // 10
    days = np.array([f"day {day}" for day in BLOCK[:few]])
    outputs = {MODEL: (1 - STRONG)[:few], DUMMY: CONSTANT[:few]}
    bootstrap = Bootstrap(block=BLOCK[:few], unit="days", resamples=100, confidence=0.95, seed=0)
    labels = labels_of("binary")[:few]
    parts = slices(task_of(shop_of("binary")), labels, outputs, {"day": days}, bootstrap)
    assert len(parts) == few // 50
    assert all(np.isnan(one.loss.low) for one in parts)
    assert broken(evidence_of(GOOD, slices=parts)) == set()


@pytest.mark.parametrize("shift", [-5.0, 5.0])
def test_a_regression_that_leans_to_one_side_is_not_calibrated(shift: float) -> None:
    evidence = evidence_of(guesses("regression", 1.5) + shift, name="regression")
    assert broken(evidence) == {"calibrated"}
    assert evidence.calibration.value == pytest.approx(shift / 20, abs=0.02)


def test_an_unknown_calibration_does_not_pass() -> None:
    unknown = Interval(value=0.01, low=np.nan, high=np.nan)
    assert broken(evidence_of(BETTER, calibration=unknown)) == {"calibrated"}
