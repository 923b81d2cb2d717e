"""A database is a source like another: to the data job and to the contract."""

import contextlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.contract.sql import SqlSource
from {{ cookiecutter.__package }}.data import transform

from ...conftest import shop_of
from ...test_contract import changed, refused
from ..conftest import Shop, identity, orders, with_source

SQL = {"sql": "SHOP_URL", "table": "orders"}
QUERY = {"sql": "SHOP_URL", "query": "select * from orders where at > :since"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(transform, "transform", identity)
    contract = with_source(shop_of("binary"), csv=str(tmp_path / "orders.csv"))
    made = Shop(folder=tmp_path, contract=contract)
    made.write(orders())
    return made


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
    assert len(list((place.folder / "data" / "snapshots" / "orders").glob("*/*.parquet"))) == 1
    assert other.name != expected.name


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"sql": "SHOP_URL"}, ["sources.orders:", "either a table or a query"]),
    (SQL | QUERY, ["sources.orders:", "either a table or a query"]),
    (SQL | {"csv": "a.csv"}, ["sources.orders.csv", "no such key"]),
    (SQL | {"sql": None}, ["sources.orders.sql", "given None"]),
    (SQL | {"table": "a; drop"}, ["sources.orders.table", "given 'a; drop'"]),
    (SQL | {"table": "a.b.c"}, ["sources.orders.table", "given 'a.b.c'"]),
    (SQL | {"table": 'a"b'}, ["sources.orders.table"]),
    (SQL | {"chunk_rows": 0}, ["sources.orders.chunk_rows", "greater than 0"]),
    (SQL | {"repeats": True}, ["sources.orders.repeats", "given True"]),
    (SQL | {"parameters": {"since": 1}}, ["sources.orders:", "for a query"]),
    (QUERY | {"parameters": {"a b": 1}}, ["sources.orders.parameters", "'a b'"]),
    (QUERY | {"parameters": {"a": []}}, ["sources.orders.parameters.a", "[]"]),
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


@pytest.mark.parametrize("source", [SQL, QUERY | {"parameters": {"since": "2024-01-01", "n": 3}}])
def test_a_database_is_said_in_the_contract(source: dict[str, Any]) -> None:
    contract = Contract.model_validate(changed("sources/orders", source))
    assert isinstance(contract.sources["orders"], SqlSource)
    assert contract.sources["orders"].repeats == "keep"
    assert Contract.model_validate_json(contract.text) == contract
