"""The two roads to the graph's inputs: Python values of a request, and tables."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_rows
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.values import MISSING_CATEGORY, MISSING_TIME

from ..synthesized import synthesize

NAN, INF = float("nan"), float("inf")


def test_the_online_and_the_offline_road_give_the_same_inputs(contract: Contract) -> None:
    rows = synthesize(contract, 200)
    offline, online = from_table(contract, rows), from_rows(contract, rows.to_pylist())
    assert np.array_equal(online.numeric, offline.numeric, equal_nan=True)
    assert online.category.tolist() == offline.category.tolist()
    assert online.time.tolist() == offline.time.tolist()


def with_column(contract: Contract, name: str, column: Any) -> Inputs:
    rows = synthesize(contract, len(column))
    return from_table(contract, rows.set_column(rows.schema.get_field_index(name), name, column))


@pytest.mark.parametrize(
    ("name", "values"),
    [("price", ["cheap"]), ("gift", ["perhaps"]), ("at", ["soon"]), ("at", [1.5])],
)
def test_values_of_another_type_are_refused_by_name(
    shop: Contract, name: str, values: list[Any]
) -> None:
    with pytest.raises(DataError, match=rf"column '{name}' \(\w+\)"):
        with_column(shop, name, pa.array(values))
    rows = synthesize(shop, 3).drop_columns([name])
    with pytest.raises(DataError, match=rf"no column '{name}'.*at, price, items, channel"):
        from_table(shop, rows)


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
    (pa.nulls(1), MISSING_TIME),
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
    inputs = from_table(shop, synthesize(shop, 5).slice(0, 0))
    shapes = (inputs.numeric.shape, inputs.category.shape, inputs.time.shape)
    assert shapes == ((0, 3), (0, 2), (0, 1))
