"""Rows of a database are scored as those of a file."""

import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from .conftest import Place, rows_of


def test_rows_of_tables_and_queries_are_scored_or_rejected_by_their_number(
    place: Place, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, url = rows_of(shop, 120), f"sqlite:///{place.folder / 'shop.db'}"
    pq.write_table(rows, place.folder / "rows.parquet")
    expected = place.scored(place.folder / "rows.parquet")
    table = rows.set_column(1, "at", rows["at"].cast(pa.string()))
    with sqlite3.connect(place.folder / "shop.db") as base:
        base.execute("create table orders ([order], at, price, items, channel, city, gift, extra)")
        values = [(*row.values(), b"bytes") for row in table.to_pylist()]
        base.executemany("insert into orders values (?, ?, ?, ?, ?, ?, ?, ?)", values)
    base.close()
    monkeypatch.setenv("SHOP_URL", url)
    assert place.scored("{sql: SHOP_URL, table: orders}", "table.parquet").equals(expected)
    query = "select *, 1 as more from orders where 'row-0' <> [order] order by rowid;"
    found = place.scored('{sql: SHOP_URL, query: "' + query + '"}', "query.parquet")
    assert found.equals(expected.slice(1))
    dear = "[order], at, iif(rowid = 3, 'dear', price) as price, items, channel, city, gift"
    place.run('{sql: SHOP_URL, query: "select ' + dear + ' from orders"}')
    assert place.quarantine() == [("the source's rows", 3, "price: not a float")]
