import json
from math import inf, nextafter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.requests import (
    columns_adapter,
    feedback_adapter,
    predict_adapter,
    validated,
)
from {{ cookiecutter.__package }}.values import canonical_category, json_value

from ..conftest import shop_of
from ..synthesized import synthesize
from .conftest import AWKWARD


def rows_of(contract: Contract, n_rows: int) -> list[dict[str, Any]]:
    rows = synthesize(contract, n_rows).select(list(contract.request)).to_pylist()
    return [{name: json_value(value) for name, value in row.items()} for row in rows]


def accepted(contract: Contract, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = json.dumps({"rows": rows}).encode()
    return validated(predict_adapter(contract, 1_000), body)["rows"]


def faults(contract: Contract, rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        accepted(contract, rows)
    return {(".".join(map(str, fault["loc"])), fault["type"]) for fault in caught.value.errors()}


def test_every_row_that_keeps_the_contract_is_accepted(contract: Contract) -> None:
    rows = rows_of(contract, 200)
    assert [set(row) for row in accepted(contract, rows)] == [set(row) for row in rows]


def test_a_row_without_one_of_its_columns_is_refused_unless_it_may_be_missing(
    contract: Contract,
) -> None:
    whole = rows_of(contract, 1)[0]
    for name in contract.request:
        part = {key: value for key, value in whole.items() if key != name}
        optional = contract.columns[name].nullable or contract.role(name) in {"id", "metadata"}
        if optional:
            assert name not in accepted(contract, [part])[0]
        else:
            assert faults(contract, [part]) == {(f"rows.0.{name}", "missing")}


def test_null_is_a_missing_value_only_where_the_contract_allows_one(contract: Contract) -> None:
    whole = rows_of(contract, 1)[0]
    for name in contract.features:
        row = {**whole, name: None}
        if contract.columns[name].nullable:
            assert accepted(contract, [row])[0][name] is None
        else:
            assert {field for field, _ in faults(contract, [row])} == {f"rows.0.{name}"}


def test_numbers_outside_their_range_are_refused_and_its_ends_are_not(contract: Contract) -> None:
    whole = rows_of(contract, 1)[0]
    for name in contract.numeric:
        column = contract.columns[name]
        ends = [(column.minimum, -1, "greater_than_equal"), (column.maximum, 1, "less_than_equal")]
        for end, beyond, rule in ends:
            if end is None:
                continue
            whole_number = column.type == "integer"
            value = int(end) if whole_number else end
            assert accepted(contract, [{**whole, name: value}])[0][name] == value
            outside = value + beyond if whole_number else nextafter(value, beyond * inf)
            found = faults(contract, [{**whole, name: outside}])
            assert found == {(f"rows.0.{name}", rule)}


def test_the_target_and_what_is_excluded_are_not_asked_for(contract: Contract) -> None:
    whole = rows_of(contract, 1)[0]
    for name in set(contract.columns) - set(contract.request):
        assert faults(contract, [{**whole, name: 0}]) == {(f"rows.0.{name}", "extra_forbidden")}


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("1", "1"),
        (1, "1"),
        (1.0, "1"),
        ("1.0", "1"),
        (1.5, "1.5"),
        (True, "true"),
        ("TRUE", "true"),
        (False, "false"),
        (" Lyon ", "Lyon"),
        (None, None),
    ],
)
def test_a_category_becomes_its_canonical_text(
    shop: Contract, row: dict[str, Any], sent: object, text: str | None
) -> None:
    assert accepted(shop, [{**row, "city": sent}])[0]["city"] == text


@given(st.text("aeET0.- \n\u00a0True", min_size=1, max_size=7))
@example("True")
@example("10")
@example("-3.00")
def test_any_text_is_read_as_it_is_from_files(
    shop: Contract, row: dict[str, Any], sent: str
) -> None:
    assert accepted(shop, [{**row, "city": sent}])[0]["city"] == canonical_category(sent)


@pytest.mark.parametrize("sent", [["Lyon"], {"city": "Lyon"}, float("nan"), float("inf")])
def test_what_is_no_text_number_or_boolean_is_no_category(
    shop: Contract, row: dict[str, Any], sent: object
) -> None:
    assert ("rows.0.city", "string_type") in faults(shop, [{**row, "city": sent}])


def test_not_a_number_is_no_way_to_leave_out_a_category_that_must_be_there(
    awkward: Contract,
) -> None:
    row = {**dict.fromkeys(AWKWARD, 1.0), "kind of thing": float("nan")}
    assert faults(awkward, [row]) == {("rows.0.kind of thing", "string_type")}


def test_any_column_name_is_a_key(awkward: Contract) -> None:
    row = {**dict.fromkeys(AWKWARD, 1.0), "kind of thing": "x"}
    assert accepted(awkward, [row]) == [row]
    for name in AWKWARD:
        assert faults(awkward, [{**row, name: "1"}]) == {(f"rows.0.{name}", "float_type")}


def test_the_json_schema_lists_the_columns_with_their_rules(shop: Contract) -> None:
    schema = predict_adapter(shop, 50).json_schema()
    assert (schema["properties"]["rows"]["minItems"], schema["properties"]["rows"]["maxItems"]) == (
        1,
        50,
    )
    row = schema["$defs"]["Row"]
    assert set(row["properties"]) == set(shop.request)
    assert set(row["required"]) == {"at", "price", "items", "channel"}
    assert row["additionalProperties"] is False
    price = row["properties"]["price"]
    assert (price["minimum"], price["maximum"], price["type"]) == (0, 1000, "number")
    assert price["description"] == "float, from 0, to 1000, EUR"
    assert row["properties"]["channel"]["enum"] == ["web", "store"]


def as_columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_columns_are_taken_as_rows_are(contract: Contract) -> None:
    rows = rows_of(contract, 50)
    body = json.dumps({"columns": as_columns(rows)}).encode()
    columns = validated(columns_adapter(contract, 50), body)["columns"]
    assert columns == as_columns(accepted(contract, rows))


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"price": [1.0]}, "columns", "lengths_differ"),
        ({"price": []}, "columns.price", "too_short"),
        ({"price": [1.0] * 11}, "columns.price", "too_long"),
        ({"price": [1.0, -1.0]}, "columns.price.1", "greater_than_equal"),
        ({"price": 1.0}, "columns.price", "list_type"),
        ({"channel": ["web", None]}, "columns.channel.1", "literal_error"),
        ({"colour": ["red", "blue"]}, "columns.colour", "extra_forbidden"),
    ],
)
def test_columns_that_break_a_rule_are_refused_by_place(
    shop: Contract, changes: dict[str, Any], field: str, rule: str
) -> None:
    columns = {**as_columns(rows_of(shop, 2)), **changes}
    with pytest.raises(ValidationError) as caught:
        validated(columns_adapter(shop, 10), json.dumps({"columns": columns}))
    found = caught.value.errors()[0]
    assert (".".join(map(str, found["loc"])), found["type"]) == (field, rule)


def test_columns_that_may_be_missing_need_not_be_there_but_one_must(shop: Contract) -> None:
    columns = as_columns(rows_of(shop, 2))
    adapter = columns_adapter(shop, 10)
    optional = {name for name in shop.request if shop.columns[name].nullable} | {"order"}
    fewer = {name: values for name, values in columns.items() if name not in optional}
    assert set(validated(adapter, json.dumps({"columns": fewer}))["columns"]) == set(fewer)
    every = {
        name: column | {"nullable": True} for name, column in shop.model_dump()["columns"].items()
    }
    lax = Contract.model_validate({**shop.model_dump(), "columns": every})
    with pytest.raises(ValidationError, match="should have one length, not none"):
        validated(columns_adapter(lax, 10), b'{"columns": {}}')


@pytest.mark.parametrize("adapter", [predict_adapter, columns_adapter])
def test_a_regression_has_no_probabilities_to_ask_for(adapter: Any) -> None:
    body = json.dumps({"rows": [], "columns": {}, "probabilities": True})
    for task, refused in (("regression", True), ("binary", False), ("multiclass", False)):
        with pytest.raises(ValidationError) as caught:
            validated(adapter(shop_of(task), 10), body)
        assert (("probabilities",) in [fault["loc"] for fault in caught.value.errors()]) == refused


@pytest.mark.parametrize(
    ("label", "field", "rule"),
    [
        ({"id": "o-1"}, "labels.0.label", "missing"),
        ({"id": "o-1", "label": "true"}, "labels.0.label", "bool_type"),
        ({"id": None, "label": True}, "labels.0.id", "string_type"),
        ({"id": "o-1", "label": True, "when": 1}, "labels.0.when", "extra_forbidden"),
    ],
)
def test_feedback_asks_for_an_id_and_the_targets_value(
    shop: Contract, label: dict[str, Any], field: str, rule: str
) -> None:
    adapter = feedback_adapter(shop, 10)
    with pytest.raises(ValidationError) as caught:
        validated(adapter, json.dumps({"labels": [label]}))
    found = caught.value.errors()[0]
    assert (".".join(map(str, found["loc"])), found["type"]) == (field, rule)


def test_feedback_without_an_id_in_the_contract_goes_by_request_id_and_row(
    awkward: Contract,
) -> None:
    adapter = feedback_adapter(awkward, 10)
    given = {
        "labels": [
            {"request_id": "request-1", "label": True},
            {"request_id": "request-1", "row": 3, "label": False},
        ]
    }
    assert validated(adapter, json.dumps(given)) == given
    for wrong, field in (
        ({"id": "request-1", "label": True}, "request_id"),
        ({"request_id": "request-1", "row": -1, "label": True}, "row"),
        ({"request_id": 1, "label": True}, "request_id"),
    ):
        with pytest.raises(ValidationError, match=rf"labels\.0\.{field}"):
            validated(adapter, json.dumps({"labels": [wrong]}))


# the task, a label as it is sent → as it is taken, or the rule that it breaks
OUTCOMES: list[tuple[str, object, object]] = [
    ("multiclass", "exchanged", "exchanged"),
    ("multiclass", " exchanged ", "exchanged"),
    ("multiclass", "lost", "literal_error"),
    ("multiclass", True, "literal_error"),
    ("multiclass", None, "literal_error"),
    ("regression", 12.5, 12.5),
    ("regression", 12, 12.0),
    ("regression", -51, "greater_than_equal"),
    ("regression", 251, "less_than_equal"),
    ("regression", "12.5", "float_type"),
    ("regression", True, "float_type"),
]


@pytest.mark.parametrize(("task", "sent", "taken"), OUTCOMES)
def test_feedback_takes_the_values_of_the_tasks_target(
    task: str, sent: object, taken: object
) -> None:
    adapter = feedback_adapter(shop_of(task), 10)
    body = json.dumps({"labels": [{"id": "o-1", "label": sent}]})
    if isinstance(taken, str) and "_" in taken:
        with pytest.raises(ValidationError) as caught:
            validated(adapter, body)
        found = caught.value.errors()[0]
        assert (found["loc"], found["type"]) == (("labels", 0, "label"), taken)
    else:
        assert validated(adapter, body)["labels"][0]["label"] == taken
