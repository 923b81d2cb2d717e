"""What a contract says about where rows come from, and what a wrong source is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import (
    Contract,
    CsvSource,
    ParquetSource,
    SqlSource,
    load_contract,
)
from {{ cookiecutter.__package }}.errors import ConfigError

from .test_contract import Values, changed, refused, written

SQL: Values = {"sql": "SHOP_URL", "table": "orders"}
QUERY: Values = {"sql": "SHOP_URL", "query": "select * from orders where at > :since"}
# the key that is set, to what → what the message says
WRONG: list[tuple[str, object, list[str]]] = [
    ("sources/orders", "orders.csv", ["sources.orders:", "given 'orders.csv'"]),
    ("sources/orders", None, ["sources.orders:", "given None"]),
    ("sources/orders/csv", ..., ["sources.orders.csv", "required"]),
    ("sources/orders/csv", "", ["sources.orders.csv", "at least 1"]),
    ("sources/orders/delimiter", "||", ["sources.orders.delimiter", "given '||'"]),
    ("sources/orders/delimiter", '"', ["sources.orders:", "delimiter and quote are both '\"'"]),
    ("sources/orders/delimiter", "é", ["sources.orders.delimiter", "given 'é'"]),
    ("sources/orders/quote", "''", ["sources.orders.quote", "given \"''\""]),
    ("sources/orders/quote", "", ["sources.orders.quote", "given ''"]),
    ("sources/orders/repeats", "count", ["sources.orders.repeats", "'drop' or 'keep'"]),
    ("sources/orders/pii", "name", ["sources.orders.pii", "given 'name'"]),
    ("sources/orders/parquet", "o.parquet", ["sources.orders.csv", "not permitted"]),
    ("sources/orders/encoding", "cp1252", ["sources.orders.encoding", "'latin-1'"]),
    ("sources/orders/missing", [], ["sources.orders.missing", "at least 1"]),
    ("sources/orders/missing", "NA", ["sources.orders.missing", "given 'NA'"]),
    ("sources/orders/columns", {"a": "text"}, ["sources.orders.columns.a", "given 'text'"]),
    ("sources/Orders", {"csv": "b.csv"}, ["sources", "'orders' and another are one name"]),
    ("sources/a.b", {"csv": "b.csv"}, ["sources.a.b", "pattern", "given 'a.b'"]),
    ("sources/..", {"csv": "b.csv"}, ["pattern", "given '..'"]),
    ("sources/_rows", {"csv": "b.csv"}, ["pattern", "given '_rows'"]),
    ("sources/orders", {"parquet": ""}, ["sources.orders.parquet", "at least 1"]),
    ("sources/orders", {"parquet": "a", "delimiter": ";"}, ["sources.orders.delimiter", "';'"]),
    ("sources/orders", {"sql": "SHOP_URL"}, ["sources.orders:", "either a table or a query"]),
    ("sources/orders", SQL | QUERY, ["sources.orders:", "either a table or a query"]),
    ("sources/orders", SQL | {"csv": "a.csv"}, ["sources.orders.csv", "not permitted"]),
    ("sources/orders", SQL | {"sql": None}, ["sources.orders.sql", "given None"]),
    ("sources/orders", SQL | {"table": "a; drop"}, ["sources.orders.table", "given 'a; drop'"]),
    ("sources/orders", SQL | {"table": "a.b.c"}, ["sources.orders.table", "given 'a.b.c'"]),
    ("sources/orders", SQL | {"table": 'a"b'}, ["sources.orders.table"]),
    ("sources/orders", SQL | {"watermark": "at desc"}, ["sources.orders.watermark", "'at desc'"]),
    ("sources/orders", SQL | {"chunk_rows": 0}, ["sources.orders.chunk_rows", "greater than 0"]),
    ("sources/orders", SQL | {"repeats": True}, ["sources.orders.repeats", "given True"]),
    ("sources/orders", SQL | {"parameters": {"since": 1}}, ["sources.orders:", "for a query"]),
    ("sources/orders", QUERY | {"parameters": {"a b": 1}}, ["sources.orders.parameters", "'a b'"]),
    ("sources/orders", QUERY | {"parameters": {"a": []}}, ["sources.orders.parameters.a", "[]"]),
]


@pytest.mark.parametrize(("path", "value", "words"), WRONG, ids=[f"{p}={v}" for p, v, _ in WRONG])
def test_a_wrong_source_is_told_by_key_and_remedy(
    tmp_path: Path, path: str, value: object, words: list[str]
) -> None:
    refused(tmp_path, path, value, words)


def test_a_password_is_refused_and_not_repeated(tmp_path: Path) -> None:
    values = changed("sources/orders", SQL | {"sql": "mysql://shop:hidden@localhost/shop"})
    with pytest.raises(ConfigError) as caught:
        load_contract(written(tmp_path, values))
    message = str(caught.value)
    assert "sources.orders.sql: a password does not belong in a file" in message
    assert "sql: WAREHOUSE_URL" in message
    assert "hidden" not in message


def test_a_source_without_columns_takes_the_contracts(shop: Contract) -> None:
    assert shop.source_columns("orders") == {n: c.type for n, c in shop.columns.items()}
    own = Contract.model_validate(changed("sources/orders/columns", {"price": "integer"}))
    assert own.source_columns("orders") == {"price": "integer"}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"csv": "data/raw/*.csv.gz", "delimiter": "\t", "quote": None}, CsvSource),
        ({"csv": "orders.csv", "delimiter": ";", "quote": "'", "repeats": "keep"}, CsvSource),
        ({"parquet": "data/raw/*.parquet", "pii": ["name", "card"]}, ParquetSource),
        (SQL | {"table": "sales.orders", "watermark": "order_no"}, SqlSource),
        (QUERY | {"parameters": {"since": "2024-01-01", "n": 3, "x": 0.5}}, SqlSource),
        (
            {"sql": "postgresql://shop@localhost/shop", "table": "orders", "missing": ["NA"]},
            SqlSource,
        ),
        ({"sql": "sqlite:///data/shop.db", "table": "orders", "repeats": "drop"}, SqlSource),
    ],
    ids=str,
)
def test_a_source_is_of_the_kind_that_its_key_names(source: Values, kind: type[Any]) -> None:
    contract = Contract.model_validate(changed("sources/orders", source))
    made = contract.sources["orders"]
    assert type(made) is kind
    given = json.loads(made.model_dump_json())
    assert {key: given[key] for key in source} == source
    assert Contract.model_validate_json(contract.text) == contract


def test_repeated_rows_are_dropped_from_files_and_kept_from_tables() -> None:
    sources = [{"csv": "a.csv"}, {"parquet": "a.parquet"}, SQL, QUERY]
    made = [Contract.model_validate(changed("sources/orders", source)) for source in sources]
    found = [contract.sources["orders"].repeats for contract in made]
    assert found == ["drop", "drop", "keep", "keep"]
