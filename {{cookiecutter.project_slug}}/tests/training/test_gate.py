"""Each rule refuses its own fault, from figures alone; ``test_faults`` plants faults in trainings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import GateConfig
from {{ cookiecutter.__package }}.models.intervals import (
    Interval,
)
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
)
from {{ cookiecutter.__package }}.training.evidence import slice_losses
from {{ cookiecutter.__package }}.training.gate import (
    RULES,
    Evidence,
    Overlap,
    Rule,
    judge,
    valid_outputs,
)

from ..conftest import TASKS, shop_of
from .gate_outputs import BLOCK, CITIES, Floats, N, evidence_of, guesses, labels_of

ALWAYS = {
    "parity",
    "no leaky feature",
    "unseen test rows",
    "better than dummy",
    "not worse than linear",
    "no broken slice",
    "calibrated",
    "size",
    "row cost",
    "clean commit",
}


def asked(evidence: Evidence, **settings: Any) -> dict[str, Rule]:
    rules = judge(evidence, GateConfig.model_validate(settings))
    return {rule.rule: rule for rule in rules}


def broken(evidence: Evidence, **settings: Any) -> set[str]:
    return {name for name, rule in asked(evidence, **settings).items() if not rule.passed}


WEAK, GOOD, BETTER = (guesses("binary", strength) for strength in (0.5, 1.0, 1.5))


@pytest.mark.parametrize("name", TASKS)
def test_a_good_model_is_asked_everything_and_passes(name: str) -> None:
    better, good = guesses(name, 1.5), guesses(name, 1.0)
    rules = asked(evidence_of(better, good, good, name=name))
    assert [rule for rule in rules.values() if not rule.passed] == []
    assert set(rules) == ALWAYS | {"better than champion"}
    assert all(rule.measured != "–" and rule.reason for rule in rules.values())


def test_the_first_model_has_no_champion_to_beat() -> None:
    assert set(asked(evidence_of(BETTER))) == ALWAYS


def promising(outputs: Floats) -> Floats:
    """All odds told four times too high; the order stays."""
    odds = 4 * outputs / (1 - outputs)
    return np.asarray(odds / (1 + odds))


def in_metz(outputs: Floats, other: Floats) -> Floats:
    return np.asarray(np.where(CITIES == "Metz", other, outputs))


CONSTANT = np.full(N, labels_of("binary").mean())
STRONG = guesses("binary", 2.5)
FAULTS: dict[str, tuple[Evidence, set[str]]] = {
    "constant": (evidence_of(CONSTANT), {"better than dummy"}),
    "weaker than a line": (evidence_of(WEAK, GOOD), {"not worse than linear"}),
    "worse than the champion": (evidence_of(GOOD, None, BETTER), {"better than champion"}),
    "the champion's equal": (evidence_of(GOOD, None, GOOD.copy()), {"better than champion"}),
    "an export that differs": (evidence_of(BETTER, parity=1.01), {"parity"}),
    "an export that fails": (evidence_of(BETTER, parity=float("inf")), {"parity"}),
    "a leak": (evidence_of(BETTER, leakage={"price": 0.99, "city": 0.6}), {"no leaky feature"}),
    "a test row learned": (
        evidence_of(BETTER, overlap=Overlap(rows=N, shared=1, expected=0, by="their 'order'")),
        {"unseen test rows"},
    ),
    "a slice the other way round": (
        evidence_of(in_metz(STRONG, 1 - GOOD), in_metz(STRONG, 1 - GOOD)),
        {"no broken slice"},
    ),
    "promises too much": (evidence_of(promising(BETTER)), {"calibrated"}),
    "commits what is not there": (
        evidence_of(BETTER, git={"commit": None, "dirty": True}, ci=True),
        {"clean commit"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_at_its_own_rule_and_no_other(fault: str) -> None:
    evidence, rules = FAULTS[fault]
    assert broken(evidence) == rules


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_that_is_switched_off_says_so_and_refuses_nothing(fault: str) -> None:
    evidence, (rule,) = FAULTS[fault]
    switches: dict[str, dict[str, Any]] = {
        "better than dummy": {"better_than_dummy": False},
        "not worse than linear": {"max_loss_to_linear": None},
        "better than champion": {"champion": "off"},
        "parity": {"parity": False},
        "no leaky feature": {"max_telling": None},
        "unseen test rows": {"unseen_test_rows": False},
        "no broken slice": {"slices": False},
        "calibrated": {"max_calibration_error": None},
        "clean commit": {"clean_commit": False},
    }
    switch = switches[rule]
    found = asked(evidence, **switch)
    assert (found[rule].passed, found[rule].limit) == (True, "off")
    assert broken(evidence, **switch) == set()


def test_every_rule_but_the_champions_is_asked_of_everything() -> None:
    assert set(RULES) == ALWAYS | {"better than champion", "not worse than champion"}


def test_the_figures_stand_beside_what_was_wanted() -> None:
    rules = asked(evidence_of(WEAK, GOOD, BETTER, parity=2.5))
    assert (rules["parity"].measured, rules["parity"].limit) == ("2.500", "≤ 1")
    assert rules["not worse than linear"].limit == "some ≥ 0"
    assert rules["better than champion"].limit == "all > 0"
    difference = evidence_of(WEAK, GOOD, BETTER).evaluation.difference(MODEL, CHAMPION, "auc")
    assert rules["better than champion"].measured == str(difference)
    assert asked(evidence_of(GOOD, None, GOOD.copy()))["better than champion"].reason == (
        "it is the champion's equal"
    )


def test_a_stale_champion_is_refreshed_by_one_that_is_not_worse() -> None:
    equal, worse = evidence_of(GOOD, None, GOOD.copy()), evidence_of(GOOD, None, BETTER)
    assert broken(equal) == {"better than champion"}
    assert broken(equal, champion="not_worse") == set()
    assert broken(worse, champion="not_worse") == {"not worse than champion"}
    assert broken(worse, champion="not_worse", max_loss_to_champion=0.3) == set()


def test_what_may_be_lost_and_must_be_won_is_configured() -> None:
    assert broken(evidence_of(WEAK, GOOD), max_loss_to_linear=0.3) == set()
    better = evidence_of(BETTER, GOOD, GOOD)
    assert broken(better, min_improvement=0.4) == {"better than champion"}


def test_a_model_that_may_be_as_good_as_linear_is_not_refused() -> None:
    """Its interval reaches above 0, so that it is not surely worse."""
    task, random = task_of(shop_of("binary")), np.random.default_rng(0)
    equal = np.clip(GOOD + random.normal(0, 0.02, N), 0.001, 0.999)
    difference = evidence_of(equal, GOOD).evaluation.difference(MODEL, LINEAR, task.main)
    assert difference.low < 0 <= difference.high
    assert broken(evidence_of(equal, GOOD)) == set()


def test_size_and_cost_are_recorded_and_refuse_above_a_limit() -> None:
    evidence = evidence_of(BETTER)
    rules = asked(evidence)
    assert (rules["size"].measured, rules["row cost"].measured) == ("0.5 MB", "0.05 ms")
    assert (rules["size"].limit, rules["row cost"].limit) == ("–", "–")
    assert broken(evidence, max_size_mb=0.5, max_row_ms=0.05) == set()
    assert broken(evidence, max_size_mb=0.4, max_row_ms=0.04) == {"size", "row cost"}


@pytest.mark.parametrize("git", [{"commit": "a" * 40, "dirty": True}, {"commit": None, "dirty": 0}])
def test_changes_beside_the_commit_warn_a_person_and_stop_a_machine(git: dict[str, Any]) -> None:
    laptop, machine = (evidence_of(BETTER, git=git, ci=ci) for ci in (False, True))
    assert broken(laptop) == set()
    assert "WARNING" in asked(laptop)["clean commit"].reason
    assert broken(machine) == {"clean commit"}


def test_the_leaky_feature_and_the_broken_slice_are_named() -> None:
    leaky = asked(FAULTS["a leak"][0])["no leaky feature"]
    assert leaky.measured == "0.9900 (price)"
    assert "'price' alone predicts the target" in leaky.reason
    assert "'city'" not in leaky.reason
    slices = asked(FAULTS["a slice the other way round"][0])["no broken slice"]
    assert "city = Metz (200 rows)" in slices.reason


def test_a_slice_on_one_day_accuses_nobody() -> None:
    task, labels, evaluation = task_of(shop_of("binary")), labels_of("binary"), evidence_of(GOOD)
    days = np.array([f"day {day}" for day in BLOCK], object)
    found = slice_losses(
        task,
        labels,
        {MODEL: 1 - STRONG, DUMMY: CONSTANT},
        {"day": days},
        evaluation.evaluation.bootstrap,
        min_rows=10,
    )
    assert len(found) == N // 50
    assert all(np.isnan(one.difference.low) for one in found)
    assert broken(replace(evaluation, slices=found)) == set()


def test_a_regression_that_leans_to_one_side_is_not_calibrated() -> None:
    values = guesses("regression", 1.5)
    for shift in (-5.0, 5.0):
        evidence = evidence_of(values + shift, name="regression")
        assert broken(evidence) == {"calibrated"}
        assert evidence.calibration.value == pytest.approx(shift / 20, abs=0.02)


@pytest.mark.parametrize("name", TASKS)
def test_an_answer_that_is_no_number_stops_before_all_else(name: str) -> None:
    task, outputs = task_of(shop_of(name)), guesses(name, 1.0).astype(np.float32)
    assert valid_outputs(task, {"test": outputs}).passed
    spoilt = outputs.copy()
    spoilt[:7] = np.nan
    rule = valid_outputs(task, {"test": spoilt, "training": outputs})
    assert not rule.passed
    assert rule.measured == "wrong in 7 of 3,000 test rows"
    assert f"no {task.output}" in rule.reason


def test_a_probability_of_more_than_one_is_no_answer() -> None:
    rule = valid_outputs(task_of(shop_of("binary")), {"test": np.array([0.2, 1.5])})
    assert not rule.passed


def test_what_no_interval_is_known_of_does_not_pass() -> None:
    unknown = Interval(value=0.01, low=np.nan, high=np.nan)
    assert broken(evidence_of(BETTER, calibration=unknown)) == {"calibrated"}
