import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.models import baselines
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.baselines import linear
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.metrics import Scores
from {{ cookiecutter.__package }}.models.program import Prepared
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import shop_of
from .conftest import make_program, part_of


def prepared(numbers: torch.Tensor, codes: torch.Tensor) -> Prepared:
    return Prepared(numbers=numbers, codes=codes)


def test_the_line_learns_from_numbers_and_categories(shop: Contract, no_features: None) -> None:
    contract = part_of(shop, "price", "channel")
    random = np.random.default_rng(0)
    numbers, codes = random.random(2_000), random.integers(0, 2, 2_000)
    labels = (3 * numbers + 2 * codes > 2.2).astype(float)
    inputs = from_columns(
        contract, {"price": numbers, "channel": [("web", "store")[code] for code in codes]}, 2_000
    )
    program = make_program(contract, inputs)
    rows = program.prepare(inputs)
    probabilities = linear(program, "binary", rows, labels, rows)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert Scores(labels, probabilities).all()["auc"] > 0.98
    alike = prepared(rows.numbers, torch.ones_like(rows.codes))
    without = linear(program, "binary", alike, labels, alike)
    assert Scores(labels, without).all()["auc"] < 0.97


def test_a_code_that_training_did_not_have_is_answered(shop: Contract, no_features: None) -> None:
    contract = part_of(shop, "channel")
    program = make_program(
        contract, from_columns(contract, {"channel": ["store"] * 10 + ["web"] * 10}, 20)
    )
    train = prepared(torch.zeros(4, 0), torch.tensor([[1], [1], [2], [2]]))
    test = prepared(torch.zeros(2, 0), torch.tensor([[0], [2]]))
    unseen, seen = linear(program, "binary", train, np.array([0.0, 0, 1, 1]), test)
    assert unseen < seen


def test_each_task_has_a_line_that_is_better_than_a_constant(
    any_shop: Contract, no_features: None
) -> None:
    table, task = synthesize(any_shop, 1_500), task_of(any_shop)
    inputs, labels = from_table(any_shop, table), task.encode(table["returned"].to_pylist())
    program = make_program(any_shop, inputs, labels)
    train, test = program.prepare(inputs[:1_000]), program.prepare(inputs[1_000:])
    outputs = linear(program, any_shop.task, train, labels[:1_000], test)
    assert task.valid(outputs)
    constant = task.constant(labels[:1_000], 500)
    found, known = (task.scores(labels[1_000:], one).all() for one in (outputs, constant))
    assert found[task.loss] < known[task.loss]
    assert found[task.main] > task.chance + 0.1


def test_a_label_that_no_training_row_has_gets_no_probability(no_features: None) -> None:
    contract = part_of(shop_of("multiclass"), "price")
    inputs = from_columns(contract, {"price": np.arange(40.0)}, 40)
    program = make_program(contract, inputs)
    rows = program.prepare(inputs)
    labels = np.where(np.arange(40) > 20, 2.0, 0.0)
    outputs = linear(program, "multiclass", rows, labels, rows)
    assert outputs.shape == (40, 3)
    assert (outputs[:, 1] == 0).all()
    assert outputs.sum(1) == pytest.approx(np.ones(40))


def test_a_line_in_the_targets_unit_does_not_depend_on_the_unit(
    shop: Contract, no_features: None
) -> None:
    contract = part_of(shop_of("regression"), "price")
    random = np.random.default_rng(0)
    prices = random.random(500)
    labels = prices + random.normal(0, 0.1, 500)
    inputs = from_columns(contract, {"price": prices}, 500)
    program = make_program(contract, inputs)
    rows = program.prepare(inputs)
    small = linear(program, "regression", rows, labels, rows)
    large = linear(program, "regression", rows, labels * 1e6 - 5e7, rows)
    assert large == pytest.approx(small * 1e6 - 5e7, rel=1e-3)


def test_of_more_rows_than_fit_into_memory_a_sample_is_learned_from(
    shop: Contract, no_features: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = part_of(shop, "price")
    inputs = from_columns(contract, {"price": np.arange(4_000.0)}, 4_000)
    program = make_program(contract, inputs)
    rows, labels = program.prepare(inputs), (np.arange(4_000) > 2_000).astype(float)
    monkeypatch.setattr(baselines, "MAX_CELLS", 500 * program.body.encoder.size)
    probabilities = linear(program, "binary", rows, labels, rows)
    assert Scores(labels, probabilities).all()["auc"] > 0.98
