"""What changed between two contracts, and what of it would break callers."""

import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.compatibility import (
    compare,
    show,
    show_changes,
    write_schema,
)
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
        ("price", {"on_violation": "fail"}, "columns.price.on_violation"),
        ("city", {"on_violation": {"type": "null"}}, "columns.city.on_violation"),
        ("refund", {"leaks": True}, "columns.refund.leaks"),
        ("refund", {"role": "metadata"}, "columns.refund.role"),
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


def test_an_id_that_is_none_any_more_is_no_longer_sent(shop: Contract) -> None:
    changes = compare(shop, changed(shop, id=None))

    assert [(c.key, c.breaking) for c in changes] == [("id", True), ("columns.order.role", True)]


def test_a_feature_that_turns_out_to_leak_breaks_callers_that_send_it(shop: Contract) -> None:
    changes = compare(shop, changed(shop, "gift", leaks=True))

    expected = [("columns.gift.role", True), ("columns.gift.leaks", False)]
    assert [(change.key, change.breaking) for change in changes] == expected


def test_a_role_that_is_said_though_it_is_implied_changes_nothing(shop: Contract) -> None:
    assert compare(shop, changed(shop, "gift", role="feature")) == []
    assert compare(shop, changed(shop, "name", role="metadata")) == []


def test_a_source_that_is_read_differently_leaves_the_row_as_it_is(shop: Contract) -> None:
    sources = shop.model_dump(mode="json")["sources"]
    sources["orders"]["delimiter"] = ";"
    changes = compare(shop, changed(shop, sources=sources))

    assert [(c.key, c.breaking) for c in changes] == [("sources.orders", False)]


def labelled(contract: Contract, *labels: str) -> Contract:
    target = contract.model_dump(mode="json")["columns"] | {"returned": {"type": "category"}}
    head = {"columns": target, "positive": "back", "labels": labels or None}
    return changed(contract, **head)


def test_other_labels_are_breaking(shop: Contract) -> None:
    free, two, other = labelled(shop), labelled(shop, "back", "kept"), labelled(shop, "back", "no")
    for old, new in ((free, two), (two, other), (two, free)):
        assert [(c.key, c.breaking) for c in compare(old, new)] == [("labels", True)]
    assert [(c.key, c.breaking) for c in compare(two, labelled(shop, "back", "kept"))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"repeats": "keep"},
        {"pii": ["name"]},
        {"quote": None},
        {"columns": {"price": "float"}},
    ],
)
def test_a_source_that_is_read_in_another_way_is_told(
    shop: Contract, change: dict[str, Any]
) -> None:
    sources = shop.model_dump(mode="json")["sources"]
    new = changed(shop, sources={"orders": sources["orders"] | change})
    assert [(c.key, c.breaking) for c in compare(shop, new)] == [("sources.orders", False)]


def test_a_source_of_another_kind_is_told(shop: Contract) -> None:
    table = {"jsonl": "orders.jsonl"}
    new = changed(shop, sources={"orders": table, "stock": {"parquet": "stock.parquet"}})
    changes = [(change.key, change.what.partition(";")[0]) for change in compare(shop, new)]
    assert changes == [("sources.orders", "is read differently"), ("sources.stock", "is new")]
    (gone,) = [c for c in compare(new, shop) if c.key == "sources.stock"]
    assert (gone.breaking, gone.what) == (False, "is gone; the row is the same")


def test_a_contract_is_shown_with_its_roles_rules_and_modes(
    shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    modes = {"minimum": "null", "missing": "fail"}
    new = changed(shop, "items", nullable=True, on_violation=modes)
    new = changed(new, "price", on_violation="fail")
    show(changed(new, "gift", leaks=True))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    shown = {line.partition(" ")[0]: line for line in lines}
    assert lines[0] == "shop: returned = True, days in Europe/Paris"
    for name in shop.columns:
        role = "excluded" if name == "gift" else shop.role(name)
        assert shown[name].startswith(f"{name} {role} {shop.columns[name].type}")
    assert shown["price"] == "price feature float from 0, to 1000, EUR, else fail"
    modes_shown = "may be missing, from 1, minimum: null, missing: fail"
    assert shown["items"] == f"items feature integer {modes_shown}"
    assert shown["name"] == "name metadata string may be missing, personal"
    assert shown["channel"] == "channel feature category one of web, store, slice"


def test_changes_are_shown_with_a_verdict(
    shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    gentle = changed(shop, "city", on_violation="null")
    show_changes(compare(shop, gentle))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "columns.city.on_violation compatible reject became null" in lines
    assert lines[-1] == "compatible"
    show_changes(compare(shop, changed(gentle, timezone="UTC")))
    assert capsys.readouterr().out.splitlines()[-1] == "breaking  1 of 2 changes"
    show_changes(compare(shop, shop))
    assert capsys.readouterr().out == "equal     nothing changed\n"


def test_the_published_schema_is_the_contracts_own(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    published = ROOT / "configs" / "contract.schema.json"

    assert json.loads(published.read_text()) == json.loads((tmp_path / "schema.json").read_text())
