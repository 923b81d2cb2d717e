"""Where rows may come from: patterns, folders and their names."""

import gzip

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    DataError,
)

from .conftest import HEAD, LINE, Place, rows_of


@pytest.fixture
def rows(shop: Contract) -> pa.Table:
    """Rows to be had from many places."""
    return rows_of(shop, 120)


def test_files_come_in_the_order_of_their_names(place: Place, rows: pa.Table) -> None:
    for number in (2, 0, 1):
        part = rows.slice(number * 40, 40)
        if number == 1:
            pacsv.write_csv(part, place.folder / "day-1.csv")
        else:
            pq.write_table(part, place.folder / f"day-{number}.parquet")
    packed = gzip.compress((place.folder / "day-1.csv").read_bytes())
    (place.folder / "day-1.csv").unlink()
    (place.folder / "day-1.csv.gz").write_bytes(packed)
    found = place.scored(f"{place.folder}/day-*")
    assert found["order"].to_pylist() == rows["order"].to_pylist()


def test_every_file_of_a_folder_is_read_but_hidden_ones(place: Place, rows: pa.Table) -> None:
    for name in ("b/rows.parquet", "a/deep/rows.parquet", ".old/rows.parquet", "a/.rows.parquet"):
        (place.folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, place.folder / "in" / name)
    (place.folder / "in" / "_SUCCESS").touch()
    assert len(place.scored(place.folder / "in")) == 240
    (place.folder / "in" / "a" / "notes.txt").write_text("read me\n")
    with pytest.raises(DataError, match=r"a/notes.txt' has no column 'at', 'price'"):
        place.run(place.folder / "in", "other.parquet")


def test_folders_named_by_a_column_give_their_files_that_column(
    place: Place, rows: pa.Table
) -> None:
    expected = place.folder / "rows.parquet"
    sorted_rows = rows.sort_by([("channel", "ascending"), ("items", "ascending")])
    first = sorted_rows.slice(0, 30)
    pq.write_table(first, expected)
    pads.write_dataset(
        first,
        place.folder / "in",
        format="parquet",
        partitioning=["channel", "city"],
        partitioning_flavor="hive",
    )
    assert (place.folder / "in" / "channel=store").is_dir()
    found = place.scored(place.folder / "in", "in.parquet").sort_by("order")
    assert found.equals(place.scored(expected).sort_by("order"))


def test_names_of_folders_are_read_as_values_of_their_column(place: Place) -> None:
    head, line = HEAD.replace(",city", ""), LINE.replace(",Lyon", "")
    for folder in ("city=New%20York", "city=__HIVE_DEFAULT_PARTITION__", "city=1.0", "other=x"):
        place.write(line, name=f"in/{folder}/rows.csv", head=head)
    ones = place.write(LINE.replace("Lyon", "1"), name="one.csv")
    found = place.scored(place.folder / "in")
    assert len(found) == 4
    (one,) = place.scored(ones, "one.parquet")["probability"].to_pylist()
    assert found["probability"].to_pylist().count(one) == 1
    place.write(LINE, name="in/city=Lyon/rows.csv")  # names its city itself
    assert len(place.scored(place.folder / "in")) == 5
    place.write(
        line.replace(",2,", ","), name="bad/items=x/rows.csv", head=head.replace("items,", "")
    )
    with pytest.raises(DataError, match="its folder says items=x, but 'items' is integer"):
        place.run(place.folder / "bad", "bad.parquet")


def test_what_is_not_there_is_told(place: Place) -> None:
    (place.folder / "empty").mkdir()
    for where, told in (
        ("empty", r"empty' holds no files"),
        ("none-*.csv", r"no file matches '.*none-\*.csv'"),
        ("none.csv", r"none.csv' does not exist; name a CSV, Parquet or JSON Lines file"),
    ):
        with pytest.raises(DataError, match=told):
            place.run(place.folder / where)
    assert place.left == {"empty"}


def test_rows_of_all_files_together_must_not_be_none(place: Place, rows: pa.Table) -> None:
    pq.write_table(rows.slice(0, 0), place.folder / "a.parquet")
    place.write(name="b.csv")
    with pytest.raises(DataError, match="has no rows"):
        place.run(f"{place.folder}/[ab].*")
    pq.write_table(rows, place.folder / "c.parquet")
    assert len(place.scored(f"{place.folder}/[abc].*")) == 120
