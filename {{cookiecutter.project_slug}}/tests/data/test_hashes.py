"""Rows that say the same have one hash, and hardly any others do."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.data import hashes
from {{ cookiecutter.__package }}.data.convert import ARROW_TYPES
from {{ cookiecutter.__package }}.data.hashes import (
    repeated_hashes,
    row_hashes,
)

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


@pytest.mark.parametrize("scale", [1, 0.5, 2.0**40, -1])
def test_floats_of_few_digits_have_hashes_as_different_as_others(scale: float) -> None:
    count = 300
    one, two, three = np.indices((count, count, 2)).reshape(3, -1) * scale
    found = row_hashes(table(x=one, y=two, z=three))
    assert len(np.unique(found << np.uint64(16))) == 2 * count**2


@pytest.mark.parametrize("n_sorted", [10, 100, 10_000])
def test_hashes_that_meet_are_found_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_sorted: int
) -> None:
    monkeypatch.setattr(hashes, "SORTED_ROWS", n_sorted)
    monkeypatch.setattr(hashes, "BLOCK_ROWS", 64)
    values = np.random.default_rng(0).integers(0, 2_000, 1_000).astype(np.uint64)
    values.tofile(tmp_path / "hashes")
    found = np.sort(np.concatenate(list(repeated_hashes(tmp_path / "hashes", len(values)))))
    distinct, counts = np.unique(values, return_counts=True)
    assert found.tolist() == np.flatnonzero(np.isin(values, distinct[counts > 1])).tolist()


def test_where_no_hashes_meet_none_are_found(tmp_path: Path) -> None:
    for count in (0, 1, 2):
        np.arange(count, dtype=np.uint64).tofile(tmp_path / "hashes")
        assert list(repeated_hashes(tmp_path / "hashes", count)) == []
