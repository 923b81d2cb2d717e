import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.compatibility import compare, write_schema
from {{ cookiecutter.__package }}.contract import Contract

from .conftest import ROOT


def changed(contract: Contract, column: str | None = None, **values: Any) -> Contract:
    content = contract.model_dump(mode="json")
    (content if column is None else content["columns"][column]).update(values)
    return Contract.model_validate(content)


def test_a_contract_equals_itself(contract: Contract) -> None:
    assert compare(contract, contract) == []


@pytest.mark.parametrize(
    ("column", "values", "key"),
    [
        ("price", {"maximum": 500}, "columns.price.maximum"),
        ("price", {"minimum": 1}, "columns.price.minimum"),
        ("items", {"maximum": 9}, "columns.items.maximum"),
        ("channel", {"allowed": ["web"]}, "columns.channel.allowed"),
        ("city", {"allowed": ["Paris"]}, "columns.city.allowed"),
        ("city", {"nullable": False}, "columns.city.nullable"),
        ("items", {"type": "float"}, "columns.items.type"),
        ("city", {"role": "metadata"}, "columns.city.role"),
        ("price", {"unit": "USD"}, "columns.price.unit"),
        (None, {"timezone": "UTC"}, "timezone"),
        (None, {"id": None}, "id"),
    ],
)
def test_what_refuses_or_misreads_a_row_that_was_right_is_breaking(
    shop: Contract, column: str | None, values: dict[str, Any], key: str
) -> None:
    changes = compare(shop, changed(shop, column, **values))

    assert [change.key for change in changes if change.breaking] == [key]


@pytest.mark.parametrize(
    ("column", "values", "key"),
    [
        ("price", {"maximum": 5000}, "columns.price.maximum"),
        ("price", {"minimum": None}, "columns.price.minimum"),
        ("channel", {"allowed": ["web", "store", "phone"]}, "columns.channel.allowed"),
        ("channel", {"allowed": None}, "columns.channel.allowed"),
        ("items", {"nullable": True}, "columns.items.nullable"),
        ("name", {"pii": False}, "columns.name.pii"),
        ("channel", {"slice": False}, "columns.channel.slice"),
    ],
)
def test_what_accepts_every_row_that_was_right_is_compatible(
    shop: Contract, column: str, values: dict[str, Any], key: str
) -> None:
    changes = compare(shop, changed(shop, column, **values))

    assert [(change.key, change.breaking) for change in changes] == [(key, False)]


@pytest.mark.parametrize(("nullable", "breaking"), [(True, False), (False, True)])
def test_a_new_column_breaks_callers_only_where_it_must_be_sent(
    shop: Contract, nullable: bool, breaking: bool
) -> None:
    columns = shop.model_dump(mode="json")["columns"]
    new = changed(shop, columns=columns | {"weight": {"type": "float", "nullable": nullable}})

    assert [(c.key, c.breaking) for c in compare(shop, new)] == [("columns.weight", breaking)]


@pytest.mark.parametrize(("column", "breaking"), [("gift", True), ("refund", False)])
def test_a_column_that_is_gone_breaks_callers_only_if_they_sent_it(
    shop: Contract, column: str, breaking: bool
) -> None:
    columns = shop.model_dump(mode="json")["columns"]
    del columns[column]
    changes = compare(shop, changed(shop, columns=columns))

    assert [(c.key, c.breaking) for c in changes] == [(f"columns.{column}", breaking)]


def test_a_source_that_is_read_differently_leaves_the_row_as_it_is(shop: Contract) -> None:
    sources = shop.model_dump(mode="json")["sources"]
    sources["orders"]["delimiter"] = ";"
    changes = compare(shop, changed(shop, sources=sources))

    assert [(c.key, c.breaking) for c in changes] == [("sources.orders", False)]


def test_the_published_schema_is_the_contracts_own(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    published = ROOT / "configs" / "contract.schema.json"

    assert json.loads(published.read_text()) == json.loads((tmp_path / "schema.json").read_text())
