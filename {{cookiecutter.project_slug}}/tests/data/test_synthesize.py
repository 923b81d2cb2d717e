"""Rows made from a contract alone; that they keep its rules is tested with the rules."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import START, synthesize


@pytest.fixture(params=["own", "shop"])
def any_contract(request: pytest.FixtureRequest, contract: Contract, shop: Contract) -> Contract:
    return contract if request.param == "own" else shop


def test_rows_have_the_contracts_columns_in_order(any_contract: Contract) -> None:
    made = synthesize(any_contract, 50)
    assert made.column_names == list(any_contract.columns)
    assert len(made) == 50


def test_a_seed_gives_the_same_rows_again(any_contract: Contract) -> None:
    first = synthesize(any_contract, 200, seed=1)
    assert synthesize(any_contract, 200, seed=1).equals(first)
    assert not synthesize(any_contract, 200, seed=2).equals(first)


def test_ids_are_unique_and_times_in_order(shop: Contract) -> None:
    made = synthesize(shop, 500, days=10)
    times = made["at"].to_pylist()
    assert len(set(made["order"].to_pylist())) == 500
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + timedelta(days=10)


def test_gaps_are_in_nullable_columns_only(any_contract: Contract) -> None:
    made = synthesize(any_contract, 1_000)
    gaps = {name for name in made.column_names if made[name].null_count}
    assert gaps == {name for name, column in any_contract.columns.items() if column.nullable}


def test_both_classes_are_there_and_follow_the_features(shop: Contract) -> None:
    made = synthesize(shop, 4_000, start=datetime(2030, 1, 1, tzinfo=UTC))
    hit = np.asarray(made["returned"].to_pylist(), float)
    assert 0.2 < hit.mean() < 0.8
    price = np.asarray(pc.fill_null(made["price"], 0.0))
    assert np.corrcoef(price, hit)[0, 1] > 0.2


TARGETS = [
    ({"type": "boolean"}, False),
    ({"type": "integer"}, 1),
    ({"type": "category", "allowed": ["good", "bad"]}, "bad"),
    ({"type": "category"}, "bad"),
]


@pytest.mark.parametrize(("column", "positive"), TARGETS)
def test_a_target_of_any_type_has_two_values(
    shop: Contract, column: dict[str, object], positive: object
) -> None:
    values = shop.model_dump()
    values["columns"]["returned"] = column
    made = synthesize(Contract.model_validate(values | {"positive": positive}), 300)
    found = set(made["returned"].to_pylist())
    assert len(found) == 2
    assert positive in found
