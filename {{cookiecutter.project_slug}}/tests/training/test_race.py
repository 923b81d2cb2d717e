"""Which kind wins, on what, and how the race shows it."""

from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training import race as module
from {{ cookiecutter.__package }}.training.race import candidates, race
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import shop_of
from .kinds.conftest import rows_of

FEW = {
    "linear": ModelConfig(kind="linear"),
    "mlp": ModelConfig.model_validate({"kind": "mlp", "hidden": [4]}),
    "lightgbm": ModelConfig.model_validate({"kind": "lightgbm", "trees": 10, "patience": 2}),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    monkeypatch.setattr(module, "CANDIDATES", FEW)


def settings(**more: Any) -> TrainConfig:
    return TrainConfig.model_validate(
        {"threads": 1, "epochs": 1, "gate": {"resamples": 100}} | more
    )


def test_the_best_on_the_validation_rows_wins_beside_the_linear_baseline(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 3_000), rows_of(any_shop, 800, seed=1)
    outcome = race(any_shop, settings(), train, validation, {})
    task, winner = task_of(any_shop), outcome.winner
    values = [entry.interval.value for entry in outcome.entries]
    assert values == sorted(values, reverse=True)
    assert winner.choice == FEW[outcome.entries[0].name]
    assert task.valid(winner.outputs)
    found = task.scores(validation.labels, winner.outputs).all()[task.main]
    assert found == pytest.approx(values[0])
    predicted = winner.program.predict(validation.inputs)
    assert winner.outputs == pytest.approx(predicted, abs=1e-6)
    assert outcome.linear.choice == FEW["linear"]

    title = "R²" if any_shop.task == "regression" else "AUC"
    shown = capsys.readouterr().out
    assert f"kinds of model, ranked by {title} on 800 validation rows" in shown
    lines = [line for line in shown.splitlines() if line.strip().startswith(tuple(FEW))]
    assert [line.split()[0] for line in lines] == [entry.name for entry in outcome.entries]
    (trees,) = (entry for entry in outcome.entries if entry.name == "lightgbm")
    best, last = (int(word) for word in trees.rounds.removesuffix(" trees").split(" of "))
    assert last == min(best + 2, 10)


def test_of_few_rows_every_one_is_held_out_once_and_networks_are_left_out(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 400), rows_of(any_shop, 100, seed=1)
    outcome = race(any_shop, settings(), train, validation, {"by": "hash"})
    assert {entry.name for entry in outcome.entries} == {"linear", "lightgbm"}
    shown = capsys.readouterr().out
    assert "mlp left out: below 3,000 rows networks rarely win" in shown
    assert "on 5 folds of 500 rows" in shown
    known = np.sort(np.concatenate([train.labels, validation.labels]))
    assert np.array_equal(np.sort(outcome.winner.labels), known)
    assert outcome.winner.fitted.rounds <= 10


def test_a_kind_that_is_named_runs_alone_whatever_the_rows(shop: Contract) -> None:
    outcome = race(
        shop,
        settings(model={"kind": "mlp", "hidden": [4]}),
        rows_of(shop, 300),
        rows_of(shop, 100, seed=1),
        {"by": "hash"},
    )
    assert [entry.name for entry in outcome.entries] == ["mlp"]
    assert outcome.linear.choice.kind == "linear"


def test_rows_whose_first_fold_has_one_label_are_ranked() -> None:
    contract = shop_of("binary")
    rows = rows_of(contract, 600)
    place = np.argsort(np.argsort(rows.inputs.time[:, 0]))
    labels = np.where(place > 300, rows.labels, 0.0)  # nothing positive in the older half
    few = Rows(table=rows.table, inputs=rows.inputs, labels=labels)
    outcome = race(contract, settings(model={"kind": "linear"}), few, few, {"by": "date"})
    assert np.isfinite(outcome.winner.outputs).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_calibrated_model_is_no_worse_on_what_it_was_calibrated_on(task: str) -> None:
    contract, found = shop_of(task), {}
    rows = rows_of(contract, 800, seed=1)
    for how in (None, "temperature"):
        given = settings(calibration=how, folds={"below_rows": 0}, model={"kind": "linear"})
        winner = race(contract, given, rows_of(contract, 300), rows, {}).winner
        found[how] = winner.outputs
        assert winner.program.predict(rows.inputs) == pytest.approx(found[how], abs=1e-6)
    judged = task_of(contract)
    before, after = (judged.scores(rows.labels, outputs).all() for outputs in found.values())
    assert after[judged.loss] <= before[judged.loss] + 1e-6
    assert np.array_equal(found[None], found["temperature"]) is (task == "regression")


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
        candidates(ModelConfig.model_validate(model), 0, 0)
