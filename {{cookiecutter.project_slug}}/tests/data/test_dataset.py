"""Dataset versions are found by a pointer and compared by what is in them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.atomic import point
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import content_hash, current
from {{ cookiecutter.__package }}.errors import DataError

DAY = datetime(2024, 1, 1, tzinfo=UTC)
CELLS: dict[str, list[Any]] = {
    "number": [0, 1, None, 3],
    "share": [0.0, 0.5, None, -1.0],
    "flag": [False, True, None, True],
    "text": ["", "ab", None, "c"],
    "at": [DAY, DAY.replace(hour=1), None, DAY],
}


@pytest.fixture
def hash_of(tmp_path: Path) -> Any:
    def made(table: pa.Table, **options: Any) -> str:
        pq.write_table(table, tmp_path / "rows.parquet", **options)
        return content_hash([tmp_path / "rows.parquet"])

    return made


@pytest.mark.parametrize(
    "options",
    [
        {"row_group_size": 1},
        {"row_group_size": 3},
        {"compression": "none"},
        {"compression": "zstd"},
        {"use_dictionary": False, "data_page_size": 1},
        {"version": "1.0", "write_statistics": False},
    ],
    ids=str,
)
def test_the_content_is_the_same_however_it_is_stored(hash_of: Any, options: Any) -> None:
    table = pa.table(CELLS)
    assert hash_of(table, **options) == hash_of(table)


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
def test_a_changed_cell_changes_the_content(hash_of: Any, name: str, row: int, value: Any) -> None:
    table = pa.table(CELLS)
    values = [*CELLS[name][:row], value, *CELLS[name][row + 1 :]]
    column = pa.array(values, table.schema.field(name).type)
    changed = table.set_column(table.column_names.index(name), name, column)
    assert hash_of(changed) != hash_of(table)


def test_letters_that_move_to_the_next_cell_change_the_content(hash_of: Any) -> None:
    assert hash_of(pa.table({"x": ["ab", "c"]})) != hash_of(pa.table({"x": ["a", "bc"]}))


def test_the_order_of_rows_and_the_names_of_columns_are_content(hash_of: Any) -> None:
    table = pa.table(CELLS)
    assert hash_of(table.take([1, 0, 2, 3])) != hash_of(table)
    assert hash_of(table.rename_columns(["n", *table.column_names[1:]])) != hash_of(table)


def test_a_row_in_another_file_is_other_content(tmp_path: Path) -> None:
    table, hashes = pa.table(CELLS), set()
    for cut in range(5):
        files = [tmp_path / f"{cut}-first.parquet", tmp_path / f"{cut}-second.parquet"]
        pq.write_table(table.slice(0, cut), files[0])
        pq.write_table(table.slice(cut), files[1])
        hashes.add(content_hash(files))
    assert len(hashes) == 5


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
