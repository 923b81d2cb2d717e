from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_columns
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.values import MISSING_CATEGORY, MISSING_TIME

from ..synthesized import synthesize
from .conftest import part_of


def one(contract: Contract, **values: Any) -> Inputs:
    """A row in which every feature is missing but those that are given."""
    columns = {name: [values.get(name)] for name in contract.features}
    return from_columns(contract, columns, 1)


def test_columns_are_grouped_by_type_in_the_contracts_order(shop: Contract) -> None:
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    row = one(shop, price=9.5, items=2, channel="web", city="Oslo", gift=True, at=at)
    assert row.numeric.tolist() == [[9.5, 2.0, 1.0]]
    assert row.category.tolist() == [["web", "Oslo"]]
    assert row.time.tolist() == [[int(at.timestamp())]]


def test_a_missing_value_is_nan_or_reserved(shop: Contract) -> None:
    row = one(shop)
    assert np.isnan(row.numeric).all()
    assert row.category.tolist() == [[MISSING_CATEGORY] * 2]
    assert row.time.tolist() == [[MISSING_TIME]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((one, "1") for one in (1, 1.0, "1", "1.00")),
        (1.5, "1.5"),
        *((truth, "true") for truth in (True, "TRUE")),
        (" Oslo ", "Oslo"),
        ("", ""),
        ("Zürich 東京 🛒", "Zürich 東京 🛒"),
        (float("nan"), MISSING_CATEGORY),
    ],
)
def test_a_category_has_one_text_form(shop: Contract, value: object, text: str) -> None:
    assert one(shop, city=value).category[0, 1] == text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (datetime(1970, 1, 1), -3600),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=2))), -7200),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC), -1),
        (datetime(2024, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC), 1_704_067_200),
        (1_704_067_200, 1_704_067_200),
    ],
)
def test_a_time_is_whole_utc_seconds_cut_towards_the_past(
    shop: Contract, value: object, seconds: int
) -> None:
    assert one(shop, at=value).time.tolist() == [[seconds]]


@pytest.mark.parametrize("number", [1e39, -1e300, float("inf")])
def test_a_number_that_float32_cannot_hold_is_taken_without_a_warning(
    shop: Contract, number: float
) -> None:
    assert not np.isfinite(one(shop, price=number).numeric[0, 0])


def test_a_group_without_columns_is_not_fed(shop: Contract) -> None:
    inputs = one(part_of(shop, "price"), price=1.0)
    assert set(inputs.feed()) == {"numeric"}
    assert len(inputs) == 1


def test_the_online_and_the_offline_road_give_the_same_inputs(contract: Contract) -> None:
    rows = synthesize(contract, 200)
    offline, online = from_table(contract, rows), from_columns(contract, rows.to_pydict(), 200)
    assert np.array_equal(online.numeric, offline.numeric, equal_nan=True)
    assert online.category.tolist() == offline.category.tolist()
    assert online.time.tolist() == offline.time.tolist()
