import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models import preprocess as module
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_columns
from {{ cookiecutter.__package }}.models.preprocess import (
    EXACT_IN_FLOAT32,
    fit_preprocess,
)
from {{ cookiecutter.__package }}.models.program import Program

from .conftest import make_program, part_of

DAY_S = 86_400


def items_of(contract: Contract, *values: float | None) -> Inputs:
    return from_columns(contract, {"items": list(values)}, len(values))


def test_a_row_is_answered_alike_alone_and_among_others(
    shop_program: Program, shop_inputs: Inputs, no_features: None
) -> None:
    together = shop_program.predict(shop_inputs[:50])
    alone = [shop_program.predict(shop_inputs[i : i + 1]) for i in range(50)]
    assert np.concatenate(alone) == pytest.approx(together, abs=1e-6)


def test_training_on_encoded_rows_sees_what_the_program_sees(
    shop_program: Program, shop_inputs: Inputs, no_features: None
) -> None:
    prepared = shop_program.preprocess.prepare(shop_inputs)
    with torch.no_grad():
        outputs = shop_program.head(shop_program.body(prepared.numbers, prepared.codes))
    assert outputs.tolist() == shop_program.predict(shop_inputs).tolist()


def test_the_owners_features_are_encoded_with_the_columns(
    shop: Contract, shop_inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "features", lambda _: {})
    plain = fit_preprocess(shop, shop_inputs).names
    monkeypatch.setattr(module, "features", lambda c: {"each": c["price"] / c["items"]})
    program = make_program(shop, shop_inputs)
    assert program.preprocess.names == (*plain, "each")
    prepared = program.preprocess.prepare(shop_inputs)
    assert prepared.numbers.shape == (400, len(plain) + 1)


def test_a_feature_may_take_the_place_of_a_column(
    shop: Contract, shop_inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "features", lambda _: {})
    plain = fit_preprocess(shop, shop_inputs)
    names, numbers = plain.names, plain.prepare(shop_inputs).numbers
    monkeypatch.setattr(module, "features", lambda c: {"price": c["price"] / 2, "more": c["items"]})
    preprocess = fit_preprocess(shop, shop_inputs)
    assert preprocess.names == (*names, "more")
    halved, more = numbers.clone(), numbers[:, names.index("items")]
    halved[:, names.index("price")] /= 2
    expected = torch.cat([halved, more.unsqueeze(1)], 1)
    assert torch.equal(preprocess.prepare(shop_inputs).numbers.nan_to_num(), expected.nan_to_num())


def test_the_owners_own_features_take_what_the_contract_gives(contract: Contract) -> None:
    unknown = from_columns(contract, {name: [None] * 3 for name in contract.features}, 3)
    preprocess = fit_preprocess(contract, unknown)
    assert set(contract.numeric) <= set(preprocess.names)
    assert len(preprocess.sizes) == len(contract.category)


@pytest.mark.parametrize(("days", "yearly"), [(364, False), (366, True)])
def test_the_day_of_the_year_needs_a_year_of_training_rows(
    shop: Contract, no_features: None, days: int, yearly: bool
) -> None:
    columns = {"at": [0, None, days * DAY_S]}
    times = part_of(shop, "at")
    preprocess = fit_preprocess(times, from_columns(times, columns, 3))
    assert ("at.day_of_year" in preprocess.names) == yearly


@pytest.mark.parametrize("value", [EXACT_IN_FLOAT32 + 2, -(EXACT_IN_FLOAT32 + 2), 1e9])
def test_integers_that_float32_cannot_tell_apart_are_refused(
    shop: Contract, no_features: None, value: float
) -> None:
    numbers = part_of(shop, "items")
    with pytest.raises(ConfigError, match=r"columns\.items: integers as large as.*role: metadata"):
        fit_preprocess(numbers, items_of(numbers, 1, None, value))


def test_integers_up_to_that_and_no_integers_at_all_are_taken(
    shop: Contract, no_features: None
) -> None:
    numbers = part_of(shop, "items")
    for values in ([1, EXACT_IN_FLOAT32], [None, None]):
        assert fit_preprocess(numbers, items_of(numbers, *values)).names == ("items",)
