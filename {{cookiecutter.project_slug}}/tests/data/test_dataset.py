"""Dataset versions are found by a pointer and compared by what is in them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.atomic import point
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import (
    ContentHash,
    content_hash,
    current,
)
from {{ cookiecutter.__package }}.errors import DataError

DAY = datetime(2024, 1, 1, tzinfo=UTC)
CELLS: dict[str, list[Any]] = {
    "number": [0, 1, None, 3],
    "share": [0.0, 0.5, None, -1.0],
    "flag": [False, True, None, True],
    "text": ["", "ab", None, "c"],
    "at": [DAY, DAY.replace(hour=1), None, DAY],
}


def hash_of(table: pa.Table) -> str:
    total = ContentHash()
    total.update("rows", table)
    return total.hexdigest()


@pytest.mark.parametrize(
    "options",
    [
        {"row_group_size": 1},
        {"row_group_size": 3},
        {"compression": "none"},
        {"compression": "zstd"},
        {"use_dictionary": False, "data_page_size": 1},
        {"use_dictionary": ["text"]},
        {"version": "1.0", "write_statistics": False},
    ],
    ids=str,
)
def test_the_content_is_the_same_however_it_is_stored(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    table = pa.table(CELLS)
    pq.write_table(table, tmp_path / "rows.parquet", **options)
    assert content_hash([tmp_path / "rows.parquet"]) == hash_of(table)


def test_the_content_is_the_same_however_it_is_cut(tmp_path: Path) -> None:
    table = pa.table(CELLS)
    for size in (1, 2, 3):
        total = ContentHash()
        for start in range(0, len(table), size):
            total.update("rows", table.slice(start, size))
        assert total.hexdigest() == hash_of(table)
    assert hash_of(pa.concat_tables([table.slice(0, 1), table.slice(1)])) == hash_of(table)


def test_texts_are_the_same_plain_or_in_a_dictionary() -> None:
    table = pa.table(CELLS)
    place = table.column_names.index("text")
    values = pa.array(["c", "", "never", "ab", None])  # in another order, with one that no row has
    for indices in ([1, 3, None, 0], [1, 3, 4, 0]):
        encoded = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), values)
        assert hash_of(table.set_column(place, "text", encoded)) == hash_of(table)
    parts = [table["text"].slice(start, 2).combine_chunks().dictionary_encode() for start in (0, 2)]
    chunked = pa.chunked_array(parts)  # each chunk with a dictionary of its own
    assert hash_of(table.set_column(place, "text", chunked)) == hash_of(table)


def test_the_two_zeros_are_one_number() -> None:
    zeros = [pa.table({"x": pa.array([zero])}) for zero in (0.0, -0.0)]
    assert hash_of(zeros[0]) == hash_of(zeros[1])


def test_parts_may_take_turns_and_come_in_any_order() -> None:
    table = pa.table(CELLS)
    turns = [("a", 0), ("b", 1), ("a", 2), ("b", 3)]
    found = []
    for order in (turns, [turns[1], turns[3], turns[0], turns[2]]):
        total = ContentHash()
        for part, row in order:
            total.update(part, table.slice(row, 1))
        found.append(total.hexdigest())
    assert found[0] == found[1]


def test_a_row_in_another_part_is_other_content() -> None:
    table, found = pa.table(CELLS), set()
    for cut in range(5):
        total = ContentHash()
        total.update("train", table.slice(0, cut))
        total.update("test", table.slice(cut))
        found.add(total.hexdigest())
    assert len(found) == 5


CHANGES: list[tuple[str, int, Any]] = [
    ("number", 0, 5),
    ("number", 0, None),
    ("number", 2, 0),
    ("share", 0, 1e-9),
    ("share", 0, None),
    ("share", 2, 0.0),
    ("flag", 0, True),
    ("flag", 0, None),
    ("flag", 2, False),
    ("text", 0, "x"),
    ("text", 0, None),
    ("text", 2, ""),
    ("text", 1, "AB"),
    ("at", 0, DAY.replace(microsecond=1)),
    ("at", 2, datetime(1970, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(("name", "row", "value"), CHANGES)
def test_a_changed_cell_changes_the_content(name: str, row: int, value: Any) -> None:
    table = pa.table(CELLS)
    values = [*CELLS[name][:row], value, *CELLS[name][row + 1 :]]
    column = pa.array(values, table.schema.field(name).type)
    changed = table.set_column(table.column_names.index(name), name, column)
    assert hash_of(changed) != hash_of(table)


def test_letters_that_move_to_the_next_cell_change_the_content() -> None:
    assert hash_of(pa.table({"x": ["ab", "c"]})) != hash_of(pa.table({"x": ["a", "bc"]}))
    first, second = ({"x": ["ab"], "y": ["c"]}, {"x": ["a"], "y": ["bc"]})
    assert hash_of(pa.table(first)) != hash_of(pa.table(second))


def test_values_that_change_places_change_the_content() -> None:
    rows = pa.table({"x": [1, 1, 2], "y": [2, 2, 1]})
    assert hash_of(rows) != hash_of(rows.rename_columns(["y", "x"]).select(["x", "y"]))
    assert hash_of(rows) != hash_of(rows.take([0, 2, 1]))


def test_the_order_of_rows_and_the_names_of_columns_are_content() -> None:
    table = pa.table(CELLS)
    assert hash_of(table.take([1, 0, 2, 3])) != hash_of(table)
    assert hash_of(table.rename_columns(["n", *table.column_names[1:]])) != hash_of(table)
    assert hash_of(table.select(table.column_names[::-1])) != hash_of(table)


def test_the_pointer_names_the_current_dataset(tmp_path: Path, shop: Contract) -> None:
    folder = tmp_path / "datasets" / "abc"
    folder.mkdir(parents=True)
    (folder / "contract.json").write_text(shop.text)
    pq.write_table(pa.table(CELLS), folder / "test.parquet")
    point(tmp_path / "datasets" / "current", "abc")
    dataset = current(tmp_path)
    assert dataset.name == "abc"
    assert dataset.contract == shop
    assert dataset.contract.hash == shop.hash
    assert dataset.read("test", ["text"]).to_pydict() == {"text": CELLS["text"]}


@pytest.mark.parametrize("name", [None, "gone"])
def test_without_a_dataset_the_command_that_makes_one_is_told(
    tmp_path: Path, name: str | None
) -> None:
    if name is not None:
        point(tmp_path / "datasets" / "current", name)
    with pytest.raises(DataError, match="make data"):
        current(tmp_path)
