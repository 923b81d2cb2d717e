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
    winner, linear, ranking = race(any_shop, settings(), train, validation, {})
    task, values = task_of(any_shop), [one["interval"].value for one in ranking]
    assert values == sorted(values, reverse=True)
    assert winner.choice == FEW[ranking[0]["name"]]
    assert task.valid(winner.outputs)
    scores = task.scores(validation.labels, winner.outputs).all()
    assert scores[task.main] == pytest.approx(values[0])
    assert winner.outputs == pytest.approx(winner.program.predict(validation.inputs), abs=1e-6)
    assert linear.choice == FEW["linear"]

    title = "R²" if any_shop.task == "regression" else "AUC"
    shown = capsys.readouterr().out
    assert f"kinds of model, ranked by {title} on 800 validation rows" in shown
    lines = [line for line in shown.splitlines() if line.strip().startswith(tuple(FEW))]
    assert [line.split()[0] for line in lines] == [one["name"] for one in ranking]
    (rounds,) = (one["rounds"] for one in ranking if one["name"] == "lightgbm")
    best, last = (int(word) for word in rounds.removesuffix(" trees").split(" of "))
    assert last == min(best + 2, 10)


def test_of_few_rows_every_one_is_held_out_once_and_networks_are_left_out(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 400), rows_of(any_shop, 100, seed=1)
    winner, _, ranking = race(any_shop, settings(), train, validation, {"by": "hash"})
    assert {one["name"] for one in ranking} == {"linear", "lightgbm"}
    shown = capsys.readouterr().out
    assert "mlp left out: below 3,000 rows networks rarely win" in shown
    assert "on 5 folds of 500 rows" in shown
    known = np.sort(np.concatenate([train.labels, validation.labels]))
    assert np.array_equal(np.sort(winner.labels), known)
    assert winner.fitted.rounds <= 10


def test_a_kind_that_is_named_runs_alone_whatever_the_rows(shop: Contract) -> None:
    named = settings(model={"kind": "mlp", "hidden": [4]})
    train, validation = rows_of(shop, 300), rows_of(shop, 100, seed=1)
    _, linear, ranking = race(shop, named, train, validation, {"by": "hash"})
    assert [one["name"] for one in ranking] == ["mlp"]
    assert linear.choice.kind == "linear"


def test_rows_whose_first_fold_has_one_label_are_ranked() -> None:
    contract = shop_of("binary")
    rows = rows_of(contract, 600)
    place = np.argsort(np.argsort(rows.inputs.time[:, 0]))
    labels = np.where(place > 300, rows.labels, 0.0)  # nothing positive in the older half
    few = Rows(table=rows.table, inputs=rows.inputs, labels=labels)
    winner, *_ = race(contract, settings(model={"kind": "linear"}), few, few, {"by": "date"})
    assert np.isfinite(winner.outputs).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"kind": "auto", "hidden": [3]}, "'auto' takes no hidden"),
        ({"kind": "forest"}, "'forest' is none; there are auto, linear"),
        ({"kind": "mlp", "hidden": "wide"}, "kind 'mlp': 1 not valid\n  hidden: "),
    ],
)
def test_who_cannot_run_is_refused(model: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        candidates(ModelConfig.model_validate(model), 0, 0)
