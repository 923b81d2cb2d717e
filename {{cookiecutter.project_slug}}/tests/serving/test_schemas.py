"""Bodies: what the contract allows is read, and the rest is refused by its place, at a bounded cost."""

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.problems import ProblemError
from {{ cookiecutter.__package }}.serving.schemas import BodySchema, row_type
from {{ cookiecutter.__package }}.values import canonical_category, json_value

from ..synthesized import synthesize

BODY = 4_000_000


def predict_schema(contract: Contract) -> BodySchema:
    return BodySchema("Predict", "rows", row_type(contract), 10_000)


def accepted(contract: Contract, rows: object) -> list[dict[str, Any]]:
    return predict_schema(contract).read(json.dumps({"rows": rows}).encode())


def faults(contract: Contract, rows: object) -> set[tuple[str, str]]:
    with pytest.raises(ProblemError) as caught:
        accepted(contract, rows)
    return {(fault.field, fault.rule) for fault in caught.value.faults}


def test_each_rule_of_a_column_holds_for_a_request(contract: Contract) -> None:
    row = synthesize(contract, 1).select(list(contract.request)).to_pylist()[0]
    whole = {name: json_value(value) for name, value in row.items()}
    for name in contract.request:
        part = {key: value for key, value in whole.items() if key != name}
        null = {**whole, name: None}
        if contract.columns[name].nullable or contract.role(name) == "id":
            assert [name in read for read in accepted(contract, [part, null])] == [False, True]
        else:
            assert faults(contract, [part]) == {(f"rows.0.{name}", "missing")}
            assert {field for field, _ in faults(contract, [null])} == {f"rows.0.{name}"}
    for name in set(contract.columns) - set(contract.request):
        assert faults(contract, [{**whole, name: 0}]) == {(f"rows.0.{name}", "extra_forbidden")}


@given(st.one_of(st.text("aeET0.- \n\u00a0True", min_size=1, max_size=7), st.booleans()))
@example(1)
@example(1.0)
@example(1.5)
@example("-3.00")
def test_any_category_is_read_as_it_is_from_files(
    shop: Contract, row: dict[str, Any], sent: object
) -> None:
    assert accepted(shop, [{**row, "city": sent}])[0]["city"] == canonical_category(sent)


# a column of the shop, a value that is no way to say it, and the rule
LAX: list[tuple[str, object, str]] = [
    ("at", "20131220", "timestamp"),
    ("at", 1387497600, "timestamp"),
    ("at", "2013-12-20T10:00:00", "timestamp"),
    ("at", "2024-02-30T00:00:00Z", "timestamp"),
    ("at", "\u0661\u0669\u0669\u0669-12-20T10:00:00Z", "timestamp"),
    ("price", "12.5", "float_type"),
    ("price", True, "float_type"),
    ("items", "2", "int_type"),
    ("items", 2.5, "int_type"),
    ("items", 2**63, "less_than_equal"),
    ("gift", 1, "bool_type"),
    ("channel", "Web", "literal_error"),
    ("city", ["Lyon"], "string_type"),
    ("city", "x" * 1_001, "string_too_long"),
    ("order", 7, "string_type"),
]


@pytest.mark.parametrize(("column", "value", "rule"), LAX)
def test_no_value_is_guessed(
    shop: Contract, row: dict[str, Any], column: str, value: object, rule: str
) -> None:
    assert faults(shop, [{**row, column: value}]) == {(f"rows.0.{column}", rule)}


def unknown_keys() -> bytes:
    return b'{"rows":[{' + b",".join(b'"k%d":1' % n for n in range(BODY // 11)) + b"}]}"


BODIES = {
    "nothing": (b"", "json_invalid"),
    "no UTF-8": (b"\xff\xfe", "json_invalid"),
    "deep": (b"[" * 100_000, "json_invalid"),
    "a list": (b"[]", "shape"),
    "no rows": (b'{"rows": []}', "too_short"),
    "not a number": (b'{"rows": [NaN]}', "dict_type"),
    "more": (b'{"rows": [], "more": 1}', "extra_forbidden"),
    "unknown keys": (unknown_keys(), "extra_forbidden"),
    "unknown keys above": (
        unknown_keys().replace(b'"rows":[{', b"", 1).replace(b"}]}", b"}"),
        "shape",
    ),
    "rows of one unknown key": (
        b'{"rows":[' + b",".join([b'{"k":1}'] * (BODY // 8)) + b"]}",
        "too_long",
    ),
    "one value of many": (b'{"rows":[{"price":[' + b"1," * (BODY // 2) + b"1]}]}", "float_type"),
    "one long key": (b'{"rows":[{"' + b"k" * BODY + b'":1}]}', "extra_forbidden"),
    "a long text": (b'{"rows":[{"city":"' + b"x" * BODY + b'"}]}', "string_too_long"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_request_is_refused_at_a_cost_that_its_size_bounds(
    shop: Contract, name: str
) -> None:
    schema, (body, rule) = predict_schema(shop), BODIES[name]
    start = time.process_time()
    with pytest.raises(ProblemError) as caught:
        schema.read(body)
    assert time.process_time() - start < 2
    assert rule in {fault.rule for fault in caught.value.faults}
    assert len(caught.value.body("id")) < 10_000
    tracemalloc.start()
    with pytest.raises(ProblemError):
        schema.read(body)
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()
