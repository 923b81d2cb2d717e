"""Rows that say the same have one hash, and hardly any others do."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.data.convert import ARROW_TYPES
from {{ cookiecutter.__package }}.data.hashes import row_hashes

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS: dict[str, list[Any]] = {
    "integer": [1, 1, 2, 0, None, -1, 2**62],
    "float": [1.0, 1.0, 2.0, 0.0, None, -1.5, 1e300],
    "boolean": [True, True, False, None],
    "string": ["a", "a", "b", "", None, "A", "a "],
    "category": ["a", "a", "b", "", None, "A", "a "],
    "timestamp": [MOMENT, MOMENT, MOMENT.replace(microsecond=1), None],
}


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


@pytest.mark.parametrize("kind", COLUMNS)
def test_equal_values_have_equal_hashes_and_others_do_not(kind: Any) -> None:
    values = pa.array(COLUMNS[kind], ARROW_TYPES[kind])
    first, second, *others = row_hashes(table(x=values)).tolist()
    assert first == second
    assert len({first, *others}) == len(COLUMNS[kind]) - 1


def test_a_hash_does_not_depend_on_how_values_are_kept() -> None:
    texts = pa.array(["b", "a", None, "b"])
    number = pa.array([1.5, None, -0.0, 3.0])
    expected = row_hashes(table(x=texts, y=number)).tolist()
    shuffled = pa.DictionaryArray.from_arrays(pa.array([2, 1, None, 0]), pa.array(["b", "a", "b"]))
    zero = pa.array([1.5, None, 0.0, 3.0])
    chunked = pa.chunked_array([texts[:1], texts[1:]])
    assert row_hashes(table(x=texts.dictionary_encode(), y=number)).tolist() == expected
    assert row_hashes(table(x=shuffled, y=zero)).tolist() == expected
    assert row_hashes(table(x=chunked, y=number)).tolist() == expected
    assert row_hashes(table(x=texts, y=number).slice(1)).tolist() == expected[1:]


def test_the_place_of_a_value_counts() -> None:
    values = [("a", "b"), ("b", "a"), (None, "a"), ("a", None), ("ab", ""), ("", "ab")]
    left, right = zip(*values, strict=True)
    assert len(set(row_hashes(table(x=list(left), y=list(right))).tolist())) == len(values)


def test_rows_without_columns_or_without_rows_have_hashes_too() -> None:
    assert row_hashes(table(x=pa.array([], pa.int64()))).tolist() == []
    empty = pa.array([], ARROW_TYPES["category"])
    assert row_hashes(table(x=empty)).tolist() == []


def test_many_rows_have_as_many_hashes() -> None:
    count = 200_000
    rows = table(x=np.arange(count) % 1_000, y=np.arange(count) // 1_000 / 10)
    assert len(np.unique(row_hashes(rows))) == count
