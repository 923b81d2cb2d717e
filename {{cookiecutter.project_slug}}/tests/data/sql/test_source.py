"""A database is a source like another: to the data job and to the contract."""

import contextlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ...test_contract import changed, refused
from ..conftest import Shop, orders

SQL = {"sql": "SHOP_URL", "table": "orders"}
QUERY = {"sql": "SHOP_URL", "query": "select * from orders where at > :since"}


def test_a_database_is_a_source_like_another(place: Shop) -> None:
    rows = orders()
    database = place.folder / "shop.db"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        names = ", ".join(f'"{name}"' for name in rows[0])
        connection.execute(f"create table orders ({names})")
        values = [[text or None for text in row.values()] for row in rows]
        connection.executemany(f"insert into orders values ({', '.join('?' * 10)})", values)
    expected = place.run()
    raw = json.loads(place.contract.text)
    raw["sources"] = {"orders": {"sql": f"sqlite:///{database}", "table": "orders"}}
    other = replace(place, contract=Contract.model_validate(raw)).run()
    assert other.manifest["content_hash"] == expected.manifest["content_hash"]
    assert len(list((place.folder / "data" / "snapshots" / "orders").glob("*.parquet"))) == 1
    assert other.name != expected.name


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    (SQL | QUERY, ["sources.orders:", "either a table or a query"]),
    (SQL | {"table": "a; drop"}, ["sources.orders.table", "given 'a; drop'"]),
    (SQL | {"parameters": {"since": 1}}, ["sources.orders:", "for a query"]),
]


@pytest.mark.parametrize(("source", "words"), WRONG)
def test_a_wrong_source_is_told_by_key_and_remedy(
    tmp_path: Path, source: dict[str, Any], words: list[str]
) -> None:
    refused(tmp_path, changed("sources/orders", source), words)


def test_a_password_is_refused_and_not_repeated(tmp_path: Path) -> None:
    values = changed("sources/orders", SQL | {"sql": "mysql://shop:hidden@localhost/shop"})
    words = ["sources.orders.sql: a password does not belong in a file", "sql: WAREHOUSE_URL"]
    assert "hidden" not in refused(tmp_path, values, words)
