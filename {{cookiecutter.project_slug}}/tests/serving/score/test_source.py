"""Where rows may come from: patterns, folders and their names, and databases."""

import gzip
import sqlite3
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ConfigError,
    DataError,
    ProjectError,
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
        ("none.csv", r"none.csv' does not exist; name a CSV or Parquet file, a pattern in quotes"),
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


@pytest.fixture
def database(place: Place, rows: pa.Table) -> str:
    """The URL of a database that holds the rows."""
    pytest.importorskip("sqlalchemy")
    path = place.folder / "shop.db"
    names = [*rows.schema.names, "extra"]
    with sqlite3.connect(path) as connection:
        quoted = ", ".join(f'"{name}"' for name in names)
        connection.execute(f"create table orders ({quoted})")
        marks = ", ".join("?" * len(names))
        table = rows.set_column(1, "at", rows["at"].cast(pa.string()))
        values = [(*row.values(), b"bytes") for row in table.to_pylist()]
        connection.executemany(f"insert into orders values ({marks})", values)
    connection.close()
    return f"sqlite:///{path}"


def test_tables_and_queries_of_a_database_are_scored(
    place: Place, rows: pa.Table, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(rows, place.folder / "rows.parquet")
    expected = place.scored(place.folder / "rows.parquet")
    assert place.scored(database, "table.parquet", table="orders").equals(expected)
    monkeypatch.setenv("SHOP_URL", database)
    query = "select *, 1 as more from orders where \"order\" <> 'row-0' order by rowid;"
    found = place.scored("SHOP_URL", "query.parquet", query=query)
    assert found.equals(expected.slice(1))


def test_rows_of_a_database_are_rejected_by_their_number(place: Place, database: str) -> None:
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        connection.execute("update orders set price = 'dear' where rowid = 3")
    connection.close()
    place.run(database, table="orders")
    assert place.quarantine() == [("orders", 3, "price: not a float")]


def test_a_database_that_changed_is_scored_again(place: Place, database: str) -> None:
    place.run(database, table="orders")
    assert place.run(database, table="orders").scored == 120
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        connection.execute("delete from orders where rowid > 100")
    connection.close()
    assert len(place.scored(database, table="orders")) == 100
    assert place.left == {"shop.db", "scored.parquet"}


@pytest.mark.parametrize(
    ("where", "asked", "error", "told"),
    [
        ("{database}", {}, ConfigError, "is a database: a database needs --table or --query"),
        ("{folder}", {"table": "orders"}, ConfigError, "is no database: .* files take neither"),
        ("{database}", {"table": "none"}, DataError, "there is no table 'none'; there are orders"),
        ("{database}", {"table": "x y"}, ConfigError, "--table or --query: String should match"),
        ("{database}", {"query": "delete from orders"}, ConfigError, "must be one statement"),
        ("{database}", {"query": "select price from orders"}, DataError, "'query' has no column"),
        ("sqlite:///nowhere.db", {"table": "orders"}, DataError, "there is no SQLite database"),
        (
            *("postgresql://user:secret@127.0.0.1:9/shop", {"table": "orders"}, ConfigError),
            "a password does not belong in a file",
        ),
        (
            *("postgresql://user@127.0.0.1:9/shop", {"table": "orders"}, DataError),
            "cannot connect to postgresql database 'shop' at 127.0.0.1:9",
        ),
        ("NO_SUCH_URL", {"table": "orders"}, ConfigError, "variable NO_SUCH_URL is not set"),
    ],
)
def test_a_database_that_cannot_be_read_is_told(
    place: Place,
    database: str,
    where: str,
    asked: dict[str, Any],
    error: type[ProjectError],
    told: str,
) -> None:
    named = where.format(database=database, folder=place.folder)
    with pytest.raises(error, match=told):
        place.run(named, **asked)
    assert place.left == {"shop.db"}


def test_without_sqlalchemy_the_extra_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    package = "{{ cookiecutter.__package }}"
    for name in ("database", "sql"):
        monkeypatch.delitem(__import__("sys").modules, f"{package}.data.{name}", raising=False)
    monkeypatch.delattr(f"{package}.data.database", raising=False)
    monkeypatch.delattr(f"{package}.data.sql", raising=False)
    with pytest.raises(ProjectError, match=r"pip install '.\[sql\]'"):
        place.run("sqlite:///shop.db", table="orders")
