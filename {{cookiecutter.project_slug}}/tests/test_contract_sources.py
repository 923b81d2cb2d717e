"""What a contract says about where rows come from, and what a wrong source is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import (
    Contract,
    CsvSource,
    JsonlSource,
    ParquetSource,
)

from .test_contract import Values, changed, refused

# the key that is set, to what → what the message says
WRONG: list[tuple[str, object, list[str]]] = [
    ("sources/orders", "orders.csv", ["sources.orders:", "given 'orders.csv'"]),
    ("sources/orders/csv", ..., ["sources.orders.csv", "required"]),
    ("sources/orders/delimiter", "||", ["sources.orders.delimiter", "given '||'"]),
    ("sources/orders/delimiter", '"', ["sources.orders:", "delimiter and quote are both '\"'"]),
    ("sources/orders/quote", "''", ["sources.orders.quote", "given \"''\""]),
    ("sources/orders/repeats", "count", ["sources.orders.repeats", "'drop' or 'keep'"]),
    ("sources/orders/pii", "name", ["sources.orders.pii", "given 'name'"]),
    ("sources/orders/parquet", "o.parquet", ["sources.orders.csv", "no such key"]),
    ("sources/orders/encoding", "utf-9", ["sources.orders.encoding", "cp1252"]),
    ("sources/orders/escape", '"', ["sources.orders:", "quote and escape are both '\"'"]),
    ("sources/orders/numbers", {"price": {"decimal": ",", "thousands": ","}}, ["must differ"]),
    ("sources/orders/numbers", {"channel": {}}, ["sources.orders.numbers", "'channel' is no"]),
    ("sources/orders/formats", {"price": "%d.%m.%Y"}, ["sources.orders.formats", "'price' is no"]),
    ("sources/orders/missing_by_column", {"x": ["NA"]}, ["missing_by_column", "'x' is no one"]),
    ("sources/orders/missing", [], ["sources.orders.missing", "at least 1"]),
    ("sources/orders/missing", "NA", ["sources.orders.missing", "given 'NA'"]),
    ("sources/orders/columns", {"a": "text"}, ["sources.orders.columns.a", "given 'text'"]),
    ("sources/Orders", {"csv": "b.csv"}, ["sources", "'orders' and another are one name"]),
    ("sources/a.b", {"csv": "b.csv"}, ["sources.a.b", "pattern", "given 'a.b'"]),
    ("sources/orders", {"parquet": "a", "delimiter": ";"}, ["sources.orders.delimiter", "no such"]),
]


@pytest.mark.parametrize(("path", "value", "words"), WRONG, ids=[f"{p}={v}" for p, v, _ in WRONG])
def test_a_wrong_source_is_told_by_key_and_remedy(
    tmp_path: Path, path: str, value: object, words: list[str]
) -> None:
    refused(tmp_path, path, value, words)


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
        ({"jsonl": "data/raw/*.jsonl.gz", "missing": ["NA"]}, JsonlSource),
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
