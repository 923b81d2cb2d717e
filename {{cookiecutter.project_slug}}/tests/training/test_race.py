"""Which kinds are taken, on what, and how the race shows it."""

import re
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


def shown_of(text: str) -> list[tuple[str, float, float, str, float]]:
    """Name, loss, deciding metric, rounds and weight, in %, from each line of the table."""
    lines = [re.split(r"  +", line.strip()) for line in text.splitlines()]
    return [
        (name, float(loss.split()[0]), float(metric), rounds, float(weight.strip("–%") or 0))
        for name, loss, metric, rounds, weight in (one for one in lines if one[0] in FEW)
    ]


def test_the_lowest_loss_or_a_blend_is_taken_beside_the_linear_baseline(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 3_000), rows_of(any_shop, 800, seed=1)
    winner, linear = race(settings(), train, validation)
    task, title = task_of(any_shop), "RMSE" if any_shop.task == "regression" else "log loss"
    shown = capsys.readouterr().out
    assert f"kinds of model by {title} on 800 validation rows" in shown
    lines = {one[0]: one[1:] for one in shown_of(shown)}
    assert {*lines} == {*FEW}
    losses = [loss for loss, *_ in lines.values()]
    assert losses == sorted(losses)
    taken = {name: share for name, (*_, share) in lines.items() if share}
    assert sum(taken.values()) == pytest.approx(100, abs=1)
    assert winner.choice.kind == (next(iter(taken)) if len(taken) == 1 else "blend")
    assert linear.choice == FEW["linear"]
    loss, metric, rounds, _ = lines["linear"]
    scores = task.scores(validation.labels, linear.program.predict(validation.inputs)).all()
    assert (scores[task.loss], scores[task.main]) == pytest.approx((loss, metric), abs=1e-4)
    assert rounds == "–"
    best, last = map(int, lines["lightgbm"][2].split(" of "))
    assert last == best + 2 < 200


def test_trees_learn_the_validation_rows_too_once_these_said_how_many(shop: Contract) -> None:
    train, validation = rows_of(shop, 3_000), rows_of(shop, 800, seed=1)
    named = settings(model=FEW["lightgbm"].model_dump())
    winner, _ = race(named, train, validation)
    holdout = module.make_holdout(named, train, validation)
    alone = module.fit_candidate(FEW["lightgbm"], holdout)
    assert winner.fitted.rounds == alone.fitted.rounds
    assert np.array_equal(winner.outputs, alone.outputs)  # the threshold is chosen on unseen rows
    labels, task = validation.labels, task_of(shop)
    losses = [
        task.losses(labels, model.program.predict(validation.inputs)).mean()
        for model in (winner, alone)
    ]
    assert losses[0] < losses[1]


def test_of_few_rows_every_one_is_held_out_once_and_networks_are_left_out(
    any_shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    train, validation = rows_of(any_shop, 400, by="hash"), rows_of(any_shop, 100, seed=1)
    winner, _ = race(settings(), train, validation)
    shown = capsys.readouterr().out
    assert {name for name, *_ in shown_of(shown)} == {"linear", "lightgbm"}
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
    losses = [loss for _, loss, *_ in shown_of(capsys.readouterr().out)]
    assert len(losses) == 2
    assert all(np.isfinite(losses))


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="'forest' is none; there are auto, linear"):
        candidates(ModelConfig(kind="forest"), few_rows=False)
