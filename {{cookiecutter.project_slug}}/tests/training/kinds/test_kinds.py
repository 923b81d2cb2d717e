"""What holds for every kind of model and every task."""

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import ModelConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.graph import export
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.kinds import NAMES, read_kind
from {{ cookiecutter.__package }}.training.kinds import linear as module
from {{ cookiecutter.__package }}.training.race import (
    fit_program,
    make_training_set,
)

from ...conftest import TASKS, shop_of
from ...models.test_graph import adversarial
from ..conftest import rows_of
from .conftest import SETTINGS, make_set

SMALL: dict[str, dict[str, object]] = {
    "mlp": {"hidden": [16]},
    "lightgbm": {"trees": 30},
}


def choice(kind: str, **more: object) -> ModelConfig:
    return ModelConfig.model_validate({"kind": kind} | SMALL.get(kind, {}) | more)


# An export takes seconds: each kind has one task in the fast tests.
FAST = {("linear", "regression"), ("mlp", "binary"), ("lightgbm", "binary")}
EVERY = [
    pytest.param(kind, task, marks=[] if (kind, task) in FAST else pytest.mark.slow)
    for kind in NAMES
    for task in TASKS
]


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_it_learns_and_its_graph_answers_alike(kind: str, name: str) -> None:
    contract = shop_of(name)
    training, task = make_set(contract), task_of(contract)
    program, _ = fit_program(training, choice(kind))
    rows = rows_of(contract, 800, seed=5)  # which it has not seen
    scores = task.scores(rows.labels, program.predict(rows.inputs)).all()
    assert scores[task.main] > task.chance + 0.1
    session = open_session(export(program, rows.inputs[:16]).SerializeToString())
    for inputs in (rows.inputs[:400], rows.inputs[:1], adversarial(contract)):
        expected = program.predict(inputs)
        outputs = predict(session, inputs, task)
        assert task.parity_errors(expected, outputs).max() <= 1


@pytest.mark.parametrize("kind", NAMES)
def test_the_seed_decides_the_model(kind: str, shop: Contract) -> None:
    reseeded = make_set(shop, SETTINGS.model_copy(update={"seed": 1}))
    inputs = rows_of(shop, 50).inputs
    first, again, other = (
        fit_program(training, choice(kind))[0].predict(inputs)
        for training in (make_set(shop), make_set(shop), reseeded)
    )
    assert np.array_equal(first, again)
    assert np.allclose(first, other) is (kind == "linear")  # it has one optimum


@pytest.mark.parametrize("kind", NAMES)
def test_without_rows_to_stop_on_it_takes_the_rounds_it_is_given(kind: str, shop: Contract) -> None:
    fitted = read_kind(choice(kind))(make_set(shop, rounds=2))
    assert fitted.rounds == fitted.last_round == (1 if kind == "linear" else 2)
    with pytest.raises(ConfigError, match=rf"kind '{kind}': 1 not valid\n  colour: "):
        read_kind(choice(kind, colour=3))


def test_the_seed_decides_which_rows_a_linear_model_learns_where_not_all_fit(
    shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 10_000)
    settings = [SETTINGS.model_copy(update={"seed": seed}) for seed in (0, 0, 1)]
    one, again, other = (
        read_kind(choice("linear"))(make_set(shop, each)).body.state_dict()["network.numbers.bias"]
        for each in settings
    )
    assert one.tolist() == again.tolist() != other.tolist()


def test_statistics_come_from_the_training_rows_alone(shop: Contract) -> None:
    train = rows_of(shop, 400)
    sets = [make_training_set(SETTINGS, train, rows_of(shop, 100, seed=seed)) for seed in (1, 2)]
    one, two = (read_kind(choice("linear"))(each).body.state_dict() for each in sets)
    assert all(one[name].tolist() == two[name].tolist() for name in one)
    assert sets[0].preprocess.vocabularies == sets[1].preprocess.vocabularies
