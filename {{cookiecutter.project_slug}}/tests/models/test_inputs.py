"""The two roads to the graph's inputs: Python values of a request, and tables."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_columns
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.values import MISSING_CATEGORY, MISSING_TIME

from ..synthesized import synthesize
from .conftest import part_of

NAN, INF = float("nan"), float("inf")


def one(contract: Contract, **values: Any) -> Inputs:
    """A row in which every feature is missing but those that are given."""
    columns = {name: [values.get(name)] for name in contract.features}
    return from_columns(contract, columns, 1)


def test_columns_are_grouped_by_type_and_what_is_missing_has_a_value(shop: Contract) -> None:
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    row = one(shop, price=9.5, items=2, channel="web", city="Oslo", gift=True, at=at)
    assert row.numeric.tolist() == [[9.5, 2.0, 1.0]]
    assert row.category.tolist() == [["web", "Oslo"]]
    assert row.time.tolist() == [[int(at.timestamp())]]
    row = one(shop)
    assert np.isnan(row.numeric).all()
    assert row.category.tolist() == [[MISSING_CATEGORY] * 2]
    assert row.time.tolist() == [[MISSING_TIME]]
    assert set(one(part_of(shop, "price"), price=1.0).feed()) == {"numeric"}


@pytest.mark.parametrize("number", [1e39, -1e300, INF])
def test_a_number_that_float32_cannot_hold_is_taken_without_a_warning(
    shop: Contract, number: float
) -> None:
    assert not np.isfinite(one(shop, price=number).numeric[0, 0])


def test_the_online_and_the_offline_road_give_the_same_inputs(contract: Contract) -> None:
    rows = synthesize(contract, 200)
    offline, online = from_table(contract, rows), from_columns(contract, rows.to_pydict(), 200)
    assert np.array_equal(online.numeric, offline.numeric, equal_nan=True)
    assert online.category.tolist() == offline.category.tolist()
    assert online.time.tolist() == offline.time.tolist()


def with_column(contract: Contract, name: str, column: Any) -> Inputs:
    rows = synthesize(contract, len(column))
    return from_table(contract, rows.set_column(rows.schema.get_field_index(name), name, column))


def test_an_absent_feature_is_named_with_those_that_are_needed(shop: Contract) -> None:
    rows = synthesize(shop, 3).drop_columns(["city"])
    with pytest.raises(DataError, match=r"no column 'city'.*at, price, items, channel, city, gift"):
        from_table(shop, rows)


@pytest.mark.parametrize(
    ("name", "values"),
    [("price", ["cheap"]), ("gift", ["perhaps"]), ("at", ["soon"]), ("at", [1.5])],
)
def test_values_of_another_type_are_refused_by_name(
    shop: Contract, name: str, values: list[Any]
) -> None:
    with pytest.raises(DataError, match=rf"column '{name}' \(\w+\)"):
        with_column(shop, name, pa.array(values))


NUMBERS = [
    *(pa.array([3, None], pa.int16()), pa.chunked_array([[3.0], [None]])),
    *(pa.array([3.0, gap]) for gap in (NAN, INF, -1e300)),
]
CATEGORIES = [
    *(pa.array(["1", None]), pa.array([1, None]), pa.array([1.0, NAN])),
    pa.array(["1.0", None], pa.large_string()),
    pa.chunked_array([["1"], [None]], pa.string()).dictionary_encode(),
]
MICROSECOND = datetime(2024, 1, 1, 1, 0, 0, 1)
TIMES: list[tuple[Any, int]] = [
    (pa.array([datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)]), -1),
    (pa.array([MICROSECOND]), 1_704_067_200),
    (pa.array([1_704_067_200], pa.timestamp("s", "America/New_York")), 1_704_067_200),
    (pa.array([1_704_067_200_123_000_000], pa.timestamp("ns", "UTC")), 1_704_067_200),
    (pa.array([date(2024, 1, 1)]), 1_704_063_600),
    (pa.array([None], pa.timestamp("us")), MISSING_TIME),
]


def test_a_cell_is_the_same_input_whatever_it_is_stored_as(shop: Contract) -> None:
    for column in NUMBERS:
        values = with_column(shop, "price", column).numeric[:, 0]
        assert values[0] == 3.0, column.type
        assert np.isnan(values[1]), column.type
    for column in CATEGORIES:
        texts = with_column(shop, "city", column).category[:, 1].tolist()
        assert texts == ["1", MISSING_CATEGORY], column.type
    for column, seconds in TIMES:  # cut towards the past
        assert with_column(shop, "at", column).time.tolist() == [[seconds]], column.type


def test_a_full_dictionary_of_narrow_indices_has_room_for_a_null(shop: Contract) -> None:
    indices = pa.array([*range(128), None], pa.int8())
    column = pa.DictionaryArray.from_arrays(indices, [f"c{i}" for i in range(128)])
    values = with_column(shop, "city", column).category[:, 1].tolist()
    assert values == [*(f"c{i}" for i in range(128)), MISSING_CATEGORY]


def test_a_column_of_nothing_but_nulls_is_missing_and_no_rows_have_the_right_width(
    shop: Contract,
) -> None:
    assert np.isnan(with_column(shop, "price", pa.nulls(2)).numeric[:, 0]).all()
    assert with_column(shop, "city", pa.nulls(2)).category[:, 1].tolist() == [MISSING_CATEGORY] * 2
    assert with_column(shop, "at", pa.nulls(2)).time.tolist() == [[MISSING_TIME]] * 2
    inputs = from_table(shop, synthesize(shop, 5).slice(0, 0))
    shapes = (inputs.numeric.shape, inputs.category.shape, inputs.time.shape)
    assert shapes == ((0, 3), (0, 2), (0, 1))
