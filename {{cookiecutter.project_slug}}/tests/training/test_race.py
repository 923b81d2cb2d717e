"""Which kind wins, on what, and how the race shows it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training import race as module
from {{ cookiecutter.__package }}.training.race import candidates, race
from {{ cookiecutter.__package }}.training.rows import make_rows

from .conftest import rows_of

FEW = {
    "linear": ModelConfig(kind="linear"),
    "mlp": ModelConfig.model_validate({"kind": "mlp", "hidden": [4]}),
    "lightgbm": ModelConfig.model_validate({"kind": "lightgbm", "trees": 10, "patience": 2}),
}
pytestmark = pytest.mark.usefixtures("no_features")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES", FEW)


def settings(**more: Any) -> TrainConfig:
    return TrainConfig.model_validate({"epochs": 1, "gate": {"resamples": 100}} | more)


def test_the_best_on_the_validation_rows_wins_beside_the_linear_baseline(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 3_000), rows_of(any_shop, 800, seed=1)
    winner, linear, ranking = race(settings(), train, validation, {})
    task, values = task_of(any_shop), [one["interval"].value for one in ranking]
    assert values == sorted(values, reverse=True)
    assert winner.choice == FEW[ranking[0]["name"]]
    assert linear.choice == FEW["linear"]
    scores = task.scores(validation.labels, winner.program.predict(validation.inputs)).all()
    assert scores[task.main] == pytest.approx(values[0])

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
    winner, _, ranking = race(settings(), train, validation, {"by": "hash"})
    assert {one["name"] for one in ranking} == {"linear", "lightgbm"}
    assert "on 5 folds of 500 rows" in capsys.readouterr().out
    assert len(winner.outputs) == 500
    named = settings(model={"kind": "mlp", "hidden": [4]})
    _, linear, ranking = race(named, train, validation, {"by": "hash"})
    assert [one["name"] for one in ranking] == ["mlp"]
    assert linear.choice.kind == "linear"


def test_rows_whose_first_fold_has_one_label_are_ranked(shop: Contract) -> None:
    rows = rows_of(shop, 600)
    place = np.argsort(np.argsort(rows.times))
    values = (place > 300) & (rows.labels == 1)  # nothing positive in the older half
    at = rows.table.schema.names.index("returned")
    rows = make_rows(shop, rows.table.set_column(at, "returned", pa.array(values)))
    order = np.arange(600)
    *_, ranking = race(settings(), rows[order[:500]], rows[order[500:]], {"by": "date"})
    assert len(ranking) == 2
    assert all(np.isfinite(one["interval"].value) for one in ranking)


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
        candidates(ModelConfig.model_validate(model), few_rows=False)
