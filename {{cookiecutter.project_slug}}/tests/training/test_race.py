"""Which kind is taken, on what, and how that is told."""

from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.training import race as module
from {{ cookiecutter.__package }}.training.fitting import fit_model
from {{ cookiecutter.__package }}.training.race import (
    calibrated,
    contestants,
    race,
    show,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import shop_of
from .kinds.conftest import rows_of

FEW = {
    "linear": ModelConfig(kind="linear"),
    "lightgbm": ModelConfig.model_validate({"kind": "lightgbm", "trees": 10}),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    monkeypatch.setattr(module, "CONTESTANTS", FEW)


def settings(**more: Any) -> TrainConfig:
    return TrainConfig.model_validate({"threads": 1} | more)


def test_the_best_on_the_validation_rows_is_taken(any_shop: Contract) -> None:
    train, validation = rows_of(any_shop, 3_000), rows_of(any_shop, 800, seed=1)
    outcome = race(any_shop, settings(), train, validation, {})
    scores = {entry.name: entry.score for entry in outcome.entries}
    assert list(scores) == sorted(FEW, key=lambda name: -scores[name])
    assert outcome.winner.choice == FEW[max(scores, key=lambda name: scores[name])]
    assert outcome.how == "800 validation rows"
    task = outcome.lesson.task
    assert task.valid(outcome.held_out.outputs)
    found = task.scores(validation.labels, outcome.held_out.outputs).all()[task.main]
    assert found == pytest.approx(max(scores.values()))
    answered = outcome.winner.program.predict(validation.inputs)
    assert outcome.held_out.outputs == pytest.approx(answered, abs=1e-6)


def test_of_few_rows_every_one_is_held_out_once_and_then_learned(any_shop: Contract) -> None:
    train, validation = rows_of(any_shop, 400), rows_of(any_shop, 100, seed=1)
    outcome = race(any_shop, settings(), train, validation, {"by": "hash"})
    assert outcome.how == "5 folds of 500 rows, 4 times over"
    assert len(outcome.lesson.train) == 500
    assert outcome.lesson.held_out is None
    known = np.sort(np.concatenate([train.labels, validation.labels]))
    assert np.array_equal(np.sort(outcome.held_out.labels), known.astype(np.float32))
    assert outcome.winner.fitted.rounds <= 10


def test_a_kind_that_is_named_runs_alone(shop: Contract) -> None:
    given = settings(model={"kind": "lightgbm", "trees": 7}, folds={"below_rows": 0})
    outcome = race(shop, given, rows_of(shop, 400), rows_of(shop, 100, seed=1), {})
    assert [entry.name for entry in outcome.entries] == ["lightgbm"]
    assert outcome.winner.fitted.rounds <= 7


def test_the_race_is_a_table(shop: Contract, capsys: pytest.CaptureFixture[str]) -> None:
    given = settings(folds={"below_rows": 0})
    show(race(shop, given, rows_of(shop, 400), rows_of(shop, 100, seed=1), {}))
    lines = capsys.readouterr().out.splitlines()
    assert any("kinds of model on 100 validation rows" in line for line in lines)
    named = [line.split()[0] for line in lines if line.strip().startswith(tuple(FEW))]
    assert sorted(named) == sorted(FEW)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_calibrated_model_is_no_worse_on_what_it_was_calibrated_on(task: str) -> None:
    contract = shop_of(task)
    given = settings(calibration="temperature", folds={"below_rows": 0}, model={"kind": "linear"})
    outcome = race(contract, given, rows_of(contract, 300), rows_of(contract, 800, seed=1), {})
    judged = outcome.lesson.task
    before = judged.scores(outcome.held_out.labels, outcome.held_out.outputs).all()
    found = calibrated(outcome, given)
    after = judged.scores(found.labels, found.outputs).all()
    assert judged.valid(found.outputs)
    assert after["log_loss"] <= before["log_loss"] + 1e-6
    again = outcome.winner.program.predict(rows_of(contract, 800, seed=1).inputs)
    assert again == pytest.approx(found.outputs, abs=1e-6)


def test_calibrating_one_model_leaves_another_of_the_same_lesson_as_it_is() -> None:
    contract = shop_of("binary")
    given = settings(calibration="temperature", folds={"below_rows": 0}, model={"kind": "linear"})
    rows = rows_of(contract, 800, seed=1)
    outcome = race(contract, given, rows_of(contract, 300), rows, {})
    other = fit_model(outcome.lesson, ModelConfig(kind="linear"))
    before = other.program.predict(rows.inputs)
    calibrated(outcome, given)
    assert np.array_equal(other.program.predict(rows.inputs), before)
    assert not np.allclose(outcome.winner.program.predict(rows.inputs), before, atol=1e-4)


def test_rows_whose_first_fold_has_one_label_are_raced() -> None:
    contract = shop_of("binary")
    rows = rows_of(contract, 600)
    place = np.argsort(np.argsort(rows.inputs.time[:, 0]))
    labels = np.where(place > 300, rows.labels, 0.0)  # nothing positive in the older half
    few = Rows(table=rows.table, inputs=rows.inputs, labels=labels)
    outcome = race(contract, settings(model={"kind": "linear"}), few, few, {"by": "date"})
    assert np.isfinite(outcome.held_out.outputs).all()


def test_values_are_not_calibrated() -> None:
    contract = shop_of("regression")
    given = settings(calibration="temperature", folds={"below_rows": 0}, model={"kind": "linear"})
    outcome = race(contract, given, rows_of(contract, 300), rows_of(contract, 100, seed=1), {})
    assert calibrated(outcome, given) is outcome.held_out


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"kind": "auto", "hidden": [3]}, "'auto' takes no hidden"),
        ({"kind": "forest"}, "'forest' is none; there are auto, linear"),
        ({"kind": "mlp", "hidden": "wide"}, "kind 'mlp': 1 not valid\n  hidden: "),
    ],
)
def test_who_cannot_run_is_refused(model: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        contestants(ModelConfig.model_validate(model))
