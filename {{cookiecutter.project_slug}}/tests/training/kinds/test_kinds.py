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
from {{ cookiecutter.__package }}.training.fitting import Model, fit_model
from {{ cookiecutter.__package }}.training.kinds import KINDS, Lesson, learn

from ...conftest import TASKS, shop_of
from ...models.test_graph import adversarial
from .conftest import SETTINGS, MakeLesson, rows_of

SMALL: dict[str, dict[str, object]] = {
    "mlp": {"hidden": [16]},
    "lightgbm": {"trees": 30},
}


def choice(kind: str, **more: object) -> ModelConfig:
    return ModelConfig.model_validate({"kind": kind} | SMALL.get(kind, {}) | more)


def quality(model: Model, lesson: Lesson) -> tuple[float, float]:
    """Of the model and of a constant, on rows that neither saw: the deciding metric and chance."""
    contract, task = lesson.contract, lesson.task
    rows = rows_of(contract, 800, seed=5)
    found = task.scores(rows.labels, model.program.predict(rows.inputs)).all()
    return found[task.main], task.chance


# An export takes seconds: each kind has one task in the fast tests.
FAST = {("linear", "regression"), ("mlp", "binary"), ("lightgbm", "binary")}
EVERY = [
    pytest.param(kind, task, marks=[] if (kind, task) in FAST else pytest.mark.slow)
    for kind in KINDS
    for task in TASKS
]


@pytest.mark.parametrize(("kind", "task"), EVERY)
def test_it_learns_and_its_graph_answers_alike(kind: str, task: str, teach: MakeLesson) -> None:
    contract = shop_of(task)
    lesson = teach(contract)
    model = fit_model(lesson, choice(kind))
    found, chance = quality(model, lesson)
    assert found > chance + 0.1
    program = model.program
    inputs = rows_of(contract, 400, seed=7).inputs
    session = open_session(export(program, inputs[:16]).SerializeToString())
    for rows in (inputs, inputs[:1], adversarial(contract)):
        expected = program.predict(rows)
        outputs = predict(session, rows, lesson.task)
        assert lesson.task.valid(outputs)
        assert parity_error(expected, outputs, lesson.task.scale(expected)) <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_is_the_same_model(kind: str, shop: Contract, teach: MakeLesson) -> None:
    first, second = (fit_model(teach(shop), choice(kind)).program.state_dict() for _ in range(2))
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[n], second[n], rtol=0, atol=0, equal_nan=True) for n in first)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "linear"])  # it has one optimum
def test_another_seed_is_another_model(kind: str, shop: Contract, teach: MakeLesson) -> None:
    settings = SETTINGS.model_copy(update={"seed": 1})
    first = fit_model(teach(shop), choice(kind)).program
    second = fit_model(teach(shop, settings), choice(kind)).program
    inputs = rows_of(shop, 50).inputs
    assert not np.allclose(first.predict(inputs), second.predict(inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_without_rows_to_stop_on_it_takes_as_many_rounds_as_it_is_told(
    kind: str, shop: Contract, teach: MakeLesson
) -> None:
    fitted = learn(teach(shop, rounds=2), choice(kind))
    assert fitted.rounds == (1 if kind == "linear" else 2)


@pytest.mark.parametrize("kind", KINDS)
def test_balanced_classes_are_learned_but_probabilities_stay_those_of_the_data(
    kind: str, shop: Contract, teach: MakeLesson
) -> None:
    lesson = teach(shop, SETTINGS.model_copy(update={"class_weight": "balanced"}), 2_400)
    assert lesson.train.weights is not None
    labels, weights = lesson.train.labels, lesson.train.weights
    assert weights[labels == 1].sum().item() == pytest.approx(weights[labels == 0].sum().item())
    model = fit_model(lesson, choice(kind))
    rows = rows_of(shop, 2_000, seed=3)
    assert model.program.predict(rows.inputs).mean() == pytest.approx(rows.labels.mean(), abs=0.05)


def test_a_kind_that_is_none_is_refused_with_those_that_are(
    shop: Contract, teach: MakeLesson
) -> None:
    with pytest.raises(ConfigError, match=r"train\.model\.kind: 'svm' .* auto, linear, mlp"):
        learn(teach(shop), ModelConfig(kind="svm"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_setting_that_a_kind_does_not_take_is_refused(
    kind: str, shop: Contract, teach: MakeLesson
) -> None:
    with pytest.raises(ConfigError, match=rf"kind '{kind}': 1 not valid\n  colour: "):
        learn(teach(shop), choice(kind, colour=3))
