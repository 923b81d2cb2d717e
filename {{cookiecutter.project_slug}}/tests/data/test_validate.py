"""Which values of a transform break which rule, and what becomes of them."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.convert import CATEGORY
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.data.validate import Checked, check, conform
from {{ cookiecutter.__package }}.errors import DataError

Reasons = list[str | None]


def ruled(contract: Contract, head: dict[str, Any] | None = None, **columns: Any) -> Contract:
    """The contract with other keys in its head and in some of its columns."""
    values = json.loads(contract.text) | (head or {})
    for name, keys in columns.items():
        values["columns"][name] |= keys
    return Contract.model_validate(values)


def with_cells(contract: Contract, *cells: dict[str, Any]) -> pa.Table:
    """Rows that keep every rule but for the cells given, one row for each."""
    good = synthesize(contract, max(len(cells), 1))
    rows = [row | cell for row, cell in zip(good.to_pylist(), cells, strict=False)]
    return pa.Table.from_pylist(rows, good.schema)


def checked(contract: Contract, *cells: dict[str, Any]) -> Checked:
    return check(conform(with_cells(contract, *cells), contract), contract)


def told(reasons: pa.Array | None) -> Reasons:
    assert reasons is not None
    found: Reasons = reasons.to_pylist()
    return found


def test_synthesised_rows_keep_every_rule(contract: Contract, shop: Contract) -> None:
    for one in (contract, shop):
        rows = conform(synthesize(one, 400, seed=3), one)
        found = check(rows, one)
        assert (found.rejected, found.nulled, found.failed) == (None, None, None)
        assert found.rows.equals(rows)


RULES: list[tuple[str, Any, str | None]] = [
    ("price", -0.01, "price: below minimum 0"),
    ("price", 1000.01, "price: above maximum 1000"),
    ("price", None, "price: missing"),
    ("price", math.nan, "price: missing"),
    ("price", math.inf, "price: missing"),
    ("items", 0, "items: below minimum 1"),
    ("channel", "fax", "channel: not one of the allowed values"),
    ("channel", "WEB", "channel: not one of the allowed values"),
    ("channel", "", "channel: not one of the allowed values"),
    ("channel", None, "channel: missing"),
    ("order", None, "order: missing"),
    ("at", None, "at: missing"),
    ("price", 0.0, None),
    ("price", 1000.0, None),
    ("items", 1, None),
    ("items", 2**62, None),
    ("channel", " web ", None),
    ("city", None, None),
    ("gift", None, None),
    ("returned", None, None),
]


def test_a_value_that_breaks_a_rule_is_a_reason(shop: Contract) -> None:
    found = checked(shop, *({name: value} for name, value, _ in RULES))
    assert told(found.rejected) == [reason for _, _, reason in RULES]
    assert (found.nulled, found.failed) == (None, None)


@pytest.mark.parametrize(("name", "value", "reason"), RULES)
def test_a_rule_is_broken_in_a_run_of_one_row(
    shop: Contract, name: str, value: Any, reason: str | None
) -> None:
    found = checked(shop, {name: value})
    assert found.rejected is None if reason is None else told(found.rejected) == [reason]


def test_a_row_that_breaks_several_rules_has_several_reasons(shop: Contract) -> None:
    found = checked(shop, {"price": None, "items": 0, "channel": "fax"}, {}, {"at": None})
    reasons = "price: missing; items: below minimum 1; channel: not one of the allowed values"
    assert told(found.rejected) == [reasons, None, "at: missing"]


def test_a_row_needs_its_time_and_id_even_if_they_may_be_missing(shop: Contract) -> None:
    nullable = ruled(shop, at={"nullable": True}, order={"nullable": True})
    found = checked(nullable, {"at": None, "order": None})
    assert told(found.rejected) == ["order: missing; at: missing"]


def test_a_run_without_rows_breaks_nothing(shop: Contract) -> None:
    rows = conform(synthesize(shop, 3).slice(0, 0), shop)
    assert check(rows, shop) == Checked(rows=rows, rejected=None, nulled=None, failed=None)


def test_a_category_that_no_row_has_breaks_nothing(shop: Contract) -> None:
    rows = conform(with_cells(shop, {"channel": "web"}, {"channel": "fax"}), shop)
    assert check(rows.slice(0, 1), shop).rejected is None
    assert told(check(rows, shop).rejected) == [None, "channel: not one of the allowed values"]


def test_rows_in_several_chunks_are_one_run(shop: Contract) -> None:
    parts = [conform(with_cells(shop, {"price": price}), shop) for price in (-1.0, 5.0, 2000.0)]
    found = check(pa.concat_tables(parts), shop)
    expected = ["price: below minimum 0", None, "price: above maximum 1000"]
    assert told(found.rejected) == expected


def test_labels_are_the_values_of_a_target_that_may_be_missing(shop: Contract) -> None:
    head = {"labels": ["kept", "back"], "positive": "back"}
    labelled = ruled(shop, head, returned={"type": "category"})
    cells = [{"returned": value} for value in ("kept", "back", "lost", None)]
    found = checked(labelled, *cells)
    assert told(found.rejected) == [None, None, "returned: not one of the allowed values", None]


def test_a_value_becomes_null_where_its_rule_says_so(shop: Contract) -> None:
    modes = {"minimum": "null", "maximum": "reject", "missing": "fail"}
    gentle = ruled(
        shop,
        price={"nullable": True, "on_violation": modes},
        city={"allowed": ["Lyon"], "on_violation": "null"},
    )
    found = checked(
        gentle,
        {"price": -1.0, "city": "Lyon"},
        {"price": -2.0, "city": "Rome"},
        {"price": 2000.0, "city": None},
        {"price": None, "city": "Rome"},
    )
    assert found.rows["price"].to_pylist() == [None, None, 2000.0, None]
    assert found.rows["city"].to_pylist() == ["Lyon", None, None, None]
    assert found.rows.schema == conform(synthesize(gentle, 1), gentle).schema
    low, strange = "price: below minimum 0", "city: not one of the allowed values"
    assert told(found.nulled) == [low, f"{low}; {strange}", None, strange]
    assert told(found.rejected) == [None, None, "price: above maximum 1000", None]
    assert found.failed is None


def test_a_value_fails_the_run_where_its_rule_says_so(shop: Contract) -> None:
    strict = ruled(
        shop, price={"on_violation": "fail"}, items={"on_violation": {"minimum": "fail"}}
    )
    found = checked(strict, {}, {"price": -1.0, "items": 0}, {"price": None}, {"items": None})
    both = "price: below minimum 0; items: below minimum 1"
    assert told(found.failed) == [None, both, "price: missing", None]
    assert told(found.rejected) == [None, None, None, "items: missing"]


def test_whole_numbers_that_no_float_can_tell_apart_are_compared_too(shop: Contract) -> None:
    found = checked(shop, {"items": 2**60 + 1}, {"items": 0}, {"items": 2})
    assert told(found.rejected) == [None, "items: below minimum 1", None]


def test_conforming_makes_numbers_finite_and_categories_canonical(shop: Contract) -> None:
    made = synthesize(shop, 3)
    for name, values in {
        "price": [math.inf, math.nan, 2],
        "refund": [1, None, 3],
        "city": [1.0, 2.5, None],
        "gift": [1, 0, None],
        "name": [7, 8, None],
    }.items():
        made = made.set_column(made.column_names.index(name), name, pa.array(values))
    rows = conform(made, shop).to_pylist()
    assert [row["price"] for row in rows] == [None, None, 2.0]
    assert [row["refund"] for row in rows] == [1.0, None, 3.0]
    assert [row["city"] for row in rows] == ["1", "2.5", None]
    assert [row["gift"] for row in rows] == [True, False, None]
    assert [row["name"] for row in rows] == ["7", "8", None]


def test_conforming_gives_the_contracts_columns_in_their_order(shop: Contract) -> None:
    made = synthesize(shop, 3)
    shuffled = made.select(made.column_names[::-1]).append_column("extra", pa.array([1, 2, 3]))
    rows = conform(shuffled, shop)
    assert rows.equals(conform(made, shop))
    assert rows.column_names == list(shop.columns)
    assert rows.schema.field("channel").type == CATEGORY


# the shop is in Paris: an hour before UTC in winter, two in summer
TIMES = [
    (datetime(2024, 1, 1, 12), pa.timestamp("us"), datetime(2024, 1, 1, 11, tzinfo=UTC)),
    (datetime(2024, 7, 1, 12), pa.timestamp("s"), datetime(2024, 7, 1, 10, tzinfo=UTC)),
    (datetime(2024, 7, 1, 12), pa.timestamp("ns", "Europe/Paris"), None),
    (datetime(2024, 7, 1), pa.date32(), datetime(2024, 6, 30, 22, tzinfo=UTC)),
    ("2024-07-01 12:00", pa.string(), datetime(2024, 7, 1, 10, tzinfo=UTC)),
]


@pytest.mark.parametrize(("value", "kind", "expected"), TIMES, ids=[str(k) for _, k, _ in TIMES])
def test_a_time_without_a_zone_is_local_to_the_contracts(
    shop: Contract, value: Any, kind: pa.DataType, expected: datetime | None
) -> None:
    made = synthesize(shop, 1).set_column(1, "at", pa.array([value], kind))
    (at,) = conform(made, shop)["at"].to_pylist()
    assert at == (expected or value.replace(tzinfo=UTC))


# a column, what a transform gives → what the message says
MISFITS: list[tuple[str, list[Any], list[str]]] = [
    ("items", [1.0, 2.0], ["'items'", "float", "integer", "round it"]),
    ("items", ["1", "two"], ["'items'", "not of its type integer", "data/transform.py"]),
    ("price", ["1.5", "dear"], ["'price'", "not of its type float", "data/transform.py"]),
    ("gift", [1, 2], ["'gift'", "not of its type boolean"]),
    ("gift", [1.0, 0.5], ["'gift'", "not of its type boolean"]),
    ("gift", ["yes", "perhaps"], ["'gift'", "not of its type boolean"]),
    ("at", ["2024-01-01", "soon"], ["'at'", "not of its type timestamp"]),
    ("at", [1, 2], ["'at'", "int64", "timestamp"]),
    ("price", [datetime(2024, 1, 1), None], ["'price'", "timestamp", "float"]),
]


@pytest.mark.parametrize(("name", "values", "words"), MISFITS)
def test_values_that_are_not_of_their_type_are_told(
    shop: Contract, name: str, values: list[Any], words: list[str]
) -> None:
    made = synthesize(shop, 2)
    made = made.set_column(made.column_names.index(name), name, pa.array(values))
    with pytest.raises(DataError) as caught:
        conform(made, shop)
    assert [word for word in words if word not in str(caught.value)] == []
