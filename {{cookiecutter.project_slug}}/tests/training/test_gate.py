"""Each rule refuses its own fault, from figures alone; ``test_gate_faults`` plants faults in trainings."""

from dataclasses import replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import GateConfig
from {{ cookiecutter.__package }}.config.train import SwitchableRule
from {{ cookiecutter.__package }}.models.intervals import Bootstrap, Interval
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.models.versions import Rule
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
from {{ cookiecutter.__package }}.training.gate import RULES, verdict_of

from ..conftest import TASKS, shop_of

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


WEAK, GOOD, BETTER = (guesses("binary", strength) for strength in (0.5, 1.0, 1.5))


def judged(evidence: Evidence, **settings: Any) -> dict[str, Rule]:
    verdict = verdict_of(evidence, GateConfig.model_validate(settings))
    return {rule.name: rule for rule in verdict}


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


def leaning(shift: float) -> Evidence:
    return evidence_of(guesses("regression", 1.5) + shift, name="regression")


CONSTANT = np.full(N, labels_of("binary").mean())
PROMISING = np.asarray(4 * BETTER / (1 + 3 * BETTER))  # all odds four times too high
STRONG = guesses("binary", 2.5)
TURNED = evidence_of(np.asarray(np.where(CITIES == "Metz", 1 - GOOD, STRONG)))
LEAK, UNKNOWN = {"price": 0.99, "city": 0.6}, Interval(value=0.01, low=np.nan, high=np.nan)
EQUAL = evidence_of(GOOD, None, GOOD.copy())
WORSE = evidence_of(GOOD, None, BETTER)
# what is known of a model, the one rule that it breaks, and what is said of it
FAULTS: dict[str, tuple[Evidence, str, str]] = {
    "constant": (evidence_of(CONSTANT), "better than dummy", ""),
    "weaker than a line": (evidence_of(WEAK, GOOD), "not worse than linear", ""),
    "worse than the champion": (WORSE, "better than champion", ""),
    "the champion's equal": (EQUAL, "better than champion", "it is the champion's equal"),
    "a leak": (evidence_of(BETTER, leakage=LEAK), "no leaky feature", "'price' alone predicts"),
    "a test row learned": (evidence_of(BETTER, overlap=1), "unseen test rows", ""),
    "a slice the other way round": (TURNED, "no broken slice", "city = Metz (200 rows)"),
    "promises too much": (evidence_of(PROMISING), "calibrated", ""),
    "leans downwards": (leaning(-5.0), "calibrated", ""),
    "leans upwards": (leaning(5.0), "calibrated", ""),
    "a calibration unknown": (evidence_of(BETTER, calibration=UNKNOWN), "calibrated", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_at_its_own_rule_and_no_other_unless_that_is_skipped(fault: str) -> None:
    evidence, rule, says = FAULTS[fault]
    assert broken(evidence) == {rule}
    assert says in judged(evidence)[rule].reason
    rules = judged(evidence, skip=[rule])
    assert (rules[rule].passed, rules[rule].limit) == (True, "skipped")
    assert broken(evidence, skip=[rule]) == set()


def test_what_may_be_lost_and_won_is_configured_and_what_is_unknown_accuses_no_slice() -> None:
    assert broken(evidence_of(WEAK, GOOD), max_loss_to_linear=0.3) == set()
    champion = {"better than champion"}
    assert broken(evidence_of(BETTER, GOOD, GOOD), min_improvement=0.4) == champion
    assert broken(EQUAL, min_improvement=-0.005) == set(), "a stale champion is refreshed"
    assert broken(WORSE, min_improvement=-0.005) == champion
    assert broken(WORSE, min_improvement=-0.3) == set()
    of_one_day = [replace(part, loss=UNKNOWN) for part in TURNED.slices]
    assert broken(replace(TURNED, slices=of_one_day)) == set()
