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
    "lightgbm": ModelConfig.model_validate({"kind": "lightgbm", "trees": 200, "patience": 2}),
}
pytestmark = pytest.mark.usefixtures("no_features")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES", FEW)


def settings(**more: Any) -> TrainConfig:
    return TrainConfig.model_validate({"epochs": 1} | more)


def shown_of(text: str) -> tuple[list[str], list[float], list[str]]:
    """Names, values and rounds of the table, line by line."""
    words = [line.split() for line in text.splitlines() if line.strip().startswith(tuple(FEW))]
    rounds = [" ".join(line[4:]) for line in words]
    return [line[0] for line in words], [float(line[1]) for line in words], rounds


def test_the_best_on_the_validation_rows_wins_beside_the_linear_baseline(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 3_000), rows_of(any_shop, 800, seed=1)
    winner, linear = race(settings(), train, validation)
    task, title = task_of(any_shop), "R²" if any_shop.task == "regression" else "AUC"
    shown = capsys.readouterr().out
    assert f"kinds of model by {title} on 800 validation rows" in shown
    names, values, rounds = shown_of(shown)
    assert set(names) == set(FEW)
    assert values == sorted(values, reverse=True)
    assert winner.choice == FEW[names[0]]
    assert linear.choice == FEW["linear"]
    scores = task.scores(validation.labels, winner.program.predict(validation.inputs)).all()
    assert scores[task.main] == pytest.approx(values[0], abs=1e-4)
    assert rounds[names.index("linear")] == "–"
    best, last = map(int, rounds[names.index("lightgbm")].split(" of "))
    assert last == best + 2 < 200


def test_of_few_rows_every_one_is_held_out_once_and_networks_are_left_out(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 400, by="hash"), rows_of(any_shop, 100, seed=1)
    winner, _ = race(settings(), train, validation)
    shown = capsys.readouterr().out
    assert set(shown_of(shown)[0]) == {"linear", "lightgbm"}
    assert "on 500 rows in 5 folds" in shown
    assert len(winner.outputs) == 500
    named = settings(model={"kind": "mlp", "hidden": [4]})
    winner, linear = race(named, train, validation)
    assert (winner.choice.kind, linear.choice.kind) == ("mlp", "linear")


def test_rows_whose_first_fold_has_one_label_are_ranked(
    shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(shop, 600)
    place = np.argsort(np.argsort(rows.times))
    values = (place > 300) & (rows.labels == 1)  # nothing positive in the older half
    at = rows.table.schema.names.index("returned")
    rows = make_rows(shop, rows.table.set_column(at, "returned", pa.array(values)), {})
    order = np.arange(600)
    race(settings(), rows[order[:500]], rows[order[500:]])
    _, values, _ = shown_of(capsys.readouterr().out)
    assert len(values) == 2
    assert all(np.isfinite(values))


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="'forest' is none; there are auto, linear"):
        candidates(ModelConfig(kind="forest"), few_rows=False)
