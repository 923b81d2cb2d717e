"""Rows of a database are scored as those of a file."""

import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import MissingExtraError

from .conftest import Place, rows_of


@pytest.fixture
def rows(shop: Contract) -> pa.Table:
    """Rows to be had from many places."""
    return rows_of(shop, 120)


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


def source(database: str, **keys: str) -> str:
    """A source as it is written on the command line."""
    said = ", ".join(f'{key}: "{value}"' for key, value in {"sql": database, **keys}.items())
    return "{" + said + "}"


def test_rows_of_tables_and_queries_are_scored_or_rejected_by_their_number(
    place: Place, rows: pa.Table, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(rows, place.folder / "rows.parquet")
    expected = place.scored(place.folder / "rows.parquet")
    assert place.scored(source(database, table="orders"), "table.parquet").equals(expected)
    monkeypatch.setenv("SHOP_URL", database)
    query = "select *, 1 as more from orders where 'row-0' <> [order] order by rowid;"
    found = place.scored(source("SHOP_URL", query=query), "query.parquet")
    assert found.equals(expected.slice(1))
    dear = "[order], at, iif(rowid = 3, 'dear', price) as price, items, channel, city, gift"
    place.run(source(database, query=f"select {dear} from orders"))
    assert place.quarantine() == [("the source's rows", 3, "price: not a float")]


def test_without_sqlalchemy_the_extra_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    name = "{{ cookiecutter.__package }}.data.sql.database"
    monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    monkeypatch.delattr(name, raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install '.\[sql\]'"):
        place.run(source("sqlite:///shop.db", table="orders"))
