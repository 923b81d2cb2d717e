"""What holds for every kind of model and every task."""

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.bundle import (
    open_session,
    parity_error,
    predict,
)
from {{ cookiecutter.__package }}.models.graph import export
from {{ cookiecutter.__package }}.models.program import Program
from {{ cookiecutter.__package }}.training.kinds import (
    KINDS,
    TrainingSet,
    fit,
)
from {{ cookiecutter.__package }}.training.race import fit_program

from ...conftest import TASKS, shop_of
from ...models.test_graph import adversarial
from .conftest import SETTINGS, MakeSet, rows_of

SMALL: dict[str, dict[str, object]] = {
    "mlp": {"hidden": [16]},
    "lightgbm": {"trees": 30},
}


def choice(kind: str, **more: object) -> ModelConfig:
    return ModelConfig.model_validate({"kind": kind} | SMALL.get(kind, {}) | more)


def quality(program: Program, training: TrainingSet) -> tuple[float, float]:
    """Of the model and of a constant, on rows that neither saw: the deciding metric and chance."""
    contract, task = training.contract, training.task
    rows = rows_of(contract, 800, seed=5)
    found = task.scores(rows.labels, program.predict(rows.inputs)).all()
    return found[task.main], task.chance


# An export takes seconds: each kind has one task in the fast tests.
FAST = {("linear", "regression"), ("mlp", "binary"), ("lightgbm", "binary")}
EVERY = [
    pytest.param(kind, task, marks=[] if (kind, task) in FAST else pytest.mark.slow)
    for kind in KINDS
    for task in TASKS
]


@pytest.mark.parametrize(("kind", "task"), EVERY)
def test_it_learns_and_its_graph_answers_alike(kind: str, task: str, make_set: MakeSet) -> None:
    contract = shop_of(task)
    training = make_set(contract)
    program, _ = fit_program(training, choice(kind))
    found, chance = quality(program, training)
    assert found > chance + 0.1
    inputs = rows_of(contract, 400, seed=7).inputs
    session = open_session(export(program, inputs[:16]).SerializeToString())
    for rows in (inputs, inputs[:1], adversarial(contract)):
        expected = program.predict(rows)
        outputs = predict(session, rows, training.task)
        assert training.task.valid(outputs)
        assert parity_error(expected, outputs, training.task.scale(expected)) <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_is_the_same_model(kind: str, shop: Contract, make_set: MakeSet) -> None:
    first, second = (fit_program(make_set(shop), choice(kind))[0].state_dict() for _ in range(2))
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[n], second[n], rtol=0, atol=0, equal_nan=True) for n in first)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "linear"])  # it has one optimum
def test_another_seed_is_another_model(kind: str, shop: Contract, make_set: MakeSet) -> None:
    settings = SETTINGS.model_copy(update={"seed": 1})
    first = fit_program(make_set(shop), choice(kind))[0]
    second = fit_program(make_set(shop, settings), choice(kind))[0]
    inputs = rows_of(shop, 50).inputs
    assert not np.allclose(first.predict(inputs), second.predict(inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_without_rows_to_stop_on_it_takes_as_many_rounds_as_it_is_told(
    kind: str, shop: Contract, make_set: MakeSet
) -> None:
    fitted = fit(make_set(shop, rounds=2), choice(kind))
    assert fitted.rounds == (1 if kind == "linear" else 2)


def test_a_kind_that_is_none_is_refused_with_those_that_are(
    shop: Contract, make_set: MakeSet
) -> None:
    with pytest.raises(ConfigError, match=r"train\.model\.kind: 'svm' .* auto, linear, mlp"):
        fit(make_set(shop), ModelConfig(kind="svm"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_setting_that_a_kind_does_not_take_is_refused(
    kind: str, shop: Contract, make_set: MakeSet
) -> None:
    with pytest.raises(ConfigError, match=rf"kind '{kind}': 1 not valid\n  colour: "):
        fit(make_set(shop), choice(kind, colour=3))
