"""Which texts are accepted as what, and which values break which rule."""

import math
from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend

from {{ cookiecutter.__package }}.contract import ColumnType, Contract
from {{ cookiecutter.__package }}.data import validate
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.values import canonical_category

LONG = "9" * 400
INTEGERS: dict[str, int | None] = {
    "3": 3,
    "+3": 3,
    "-3": -3,
    " 4 ": 4,
    "3.0": 3,
    "3.": 3,
    "0012": 12,
    "-0": 0,
    "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
    **dict.fromkeys(
        ["3.7", "0x1F", "1e3", "", "  ", "1_000", "1,000", "٣", "--3", "+", "three", "3 4", "inf"]
    ),
    **dict.fromkeys(
        ["9223372036854775808", "12345678901234567890", LONG, "3\n4", "1.0.0", "\x003"]
    ),
}
FLOATS: dict[str, float | None] = {
    "1.5": 1.5,
    "+1.5": 1.5,
    "-.5": -0.5,
    "5.": 5.0,
    "7": 7.0,
    "1e5": 1e5,
    "1E+05": 1e5,
    "1e-400": 0.0,
    "\t2.5 ": 2.5,
    "12345678901234567890": 12345678901234567890.0,
    **dict.fromkeys(["inf", "-inf", "Infinity", "nan", "NaN", "1e999", "-1e999", "1e400", LONG]),
    **dict.fromkeys(
        ["", "  ", ".", "e5", "1e", "1d", "1.5f", "0x1p3", "1_0.0", "1,5", "1.2.3", "−1"]
    ),
}
BOOLEANS: dict[str, bool | None] = {
    **dict.fromkeys(["true", "TRUE", "T", "yes", "Y", "1", "1.0", " true "], True),
    **dict.fromkeys(["false", "False", "f", "NO", "n", "0", "0.0"], False),
    **dict.fromkeys(["", " ", "2", "-1", "on", "off", "tru", "truey", "10", "01", "nan", "1.00"]),
}
# naive times are New York's, whose clocks went forward on 10 March and back on 3 November 2013
TIMESTAMPS: dict[str, str | None] = {
    "2013-03-10": "2013-03-10 05:00:00",
    "2013-03-10 01:30": "2013-03-10 06:30:00",
    "2013-03-10T03:30:00": "2013-03-10 07:30:00",
    "2013-03-11": "2013-03-11 04:00:00",
    "2013-11-03 00:30": "2013-11-03 04:30:00",
    "2013-11-03 02:30": "2013-11-03 07:30:00",
    "2013-11-03 01:30:00-04:00": "2013-11-03 05:30:00",
    "2013-11-03 01:30:00-05:00": "2013-11-03 06:30:00",
    "2013-01-01T10:00:00Z": "2013-01-01 10:00:00",
    "2013-01-01T10:00Z": "2013-01-01 10:00:00",
    "2013-01-01T10:00:00+02:00": "2013-01-01 08:00:00",
    "2013-01-01 10:00+0200": "2013-01-01 08:00:00",
    "2013-01-01 10:00:00+02": "2013-01-01 08:00:00",
    "2013-01-01 10:00:00-05:30": "2013-01-01 15:30:00",
    "2013-01-01T10:00:00.25Z": "2013-01-01 10:00:00.250",
    "2013-01-01T10:00:00.123456789Z": "2013-01-01 10:00:00.123456",
    " 2013-01-01T10:00:00Z ": "2013-01-01 10:00:00",
    "2012-02-29": "2012-02-29 05:00:00",
    "1969-12-31": "1969-12-31 05:00:00",
    **dict.fromkeys(["2013-02-29", "2013-02-30", "2013-13-01", "2013-00-10", "0000-01-01"]),
    **dict.fromkeys(["inf", "infinity", "-infinity", "epoch", "now", "today", "", " ", "2013"]),
    **dict.fromkeys(["01/02/2013", "2013-1-1", "20130101", "10:00", "1357034400", "2013-01-01 10"]),
    **dict.fromkeys(["2013-01-01 25:00", "2013-01-01 10:61", "2013-01-01 10:00:00 Z"]),
    **dict.fromkeys(["2013-01-01 10:00:00+25:00", "2013-01-01 10:00:00+99", "2013-01-01Z"]),
    **dict.fromkeys(["2013-01-01 10:00:00 BC", "2013-01-01 10:00:00 Europe/Paris"]),
}
TABLES: list[tuple[ColumnType, dict[str, Any], str]] = [
    ("integer", INTEGERS, "x: not an integer; "),
    ("float", FLOATS, "x: not a float; "),
    ("boolean", BOOLEANS, "x: not a boolean; "),
    ("timestamp", TIMESTAMPS, "x: not a timestamp; "),
]


def memory(**columns: list[Any]) -> ibis.Table:
    return ibis.memtable(pa.table(columns | {"n": list(range(len(columns["x"])))}))


@pytest.mark.parametrize(("kind", "expected", "reason"), TABLES, ids=[t for t, _, _ in TABLES])
def test_a_text_is_its_value_or_is_refused_with_a_reason(
    engine: Backend, kind: ColumnType, expected: dict[str, Any], reason: str
) -> None:
    parsed = validate.parse(memory(x=list(expected)), {"x": kind})
    rows = engine.to_pyarrow(parsed.order_by("n")).to_pylist()
    found = dict(zip(expected, ((row["x"], row["_reasons"]) for row in rows), strict=True))
    if kind == "timestamp":
        expected = {text: value and utc(value) for text, value in expected.items()}
    assert found == {
        text: (value, reason if value is None else "") for text, value in expected.items()
    }


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("kind", ["integer", "float", "boolean", "timestamp", "category", "string"])
def test_a_missing_text_is_missing_without_a_reason(engine: Backend, kind: ColumnType) -> None:
    table = memory(x=[None, "1"]).mutate(x=ibis._.x.cast("string"))
    row = engine.to_pyarrow(validate.parse(table, {"x": kind}).order_by("n")).to_pylist()[0]
    assert (row["x"], row["_reasons"]) == (None, "")


def test_every_bad_cell_of_a_row_has_its_reason(engine: Backend) -> None:
    parsed = validate.parse(
        memory(x=["?"], y=["?"], z=["?"]), {"x": "integer", "y": "float", "z": "string"}
    )
    (row,) = engine.to_pyarrow(parsed).to_pylist()
    assert row["_reasons"] == "x: not an integer; y: not a float; "


CATEGORIES = [
    *[
        "1",
        "1.0",
        "1.00",
        "-1.0",
        "01.0",
        "+1.0",
        "1.",
        "1.05",
        "1.50",
        " 1.0 ",
        "0.0",
        "-0.0",
        "1e5",
    ],
    *[
        "true",
        "True",
        "TRUE",
        "tRUE",
        "False",
        "FALSE",
        "false",
        " True",
        "yes",
        "1.0.0",
        "a.0",
        ".0",
    ],
    *["", "  ", "\t x \n", "x\v", "\fx", "a\nb", "1.0\n2.0", "1.0\n", "\n1.0", "x y", "x\r"],
    *["\u00a0x\u00a0", "\u2003x", "\x1cx", "x\x1f", "x\x85", "\u200bx", "\ufeffx", "x\x00", "\x00"],
    *[
        "é",
        "e\u0301",
        "ß",
        "İ",
        "日本",
        "🙂",
        "١.0",
        "nan",
        "NaN",
        "null",
        "<missing>",
        "9" * 30 + ".0",
    ],
    *["'", '"', "\\", "\\1", "%", "x" * 5_000],
]


def test_canonical_text_is_the_same_as_an_expression_and_in_python(engine: Backend) -> None:
    table = memory(x=CATEGORIES)
    made = table.mutate(x=validate.canonical(table.x)).order_by("n")
    found = engine.to_pyarrow(made)["x"].to_pylist()
    assert found == [canonical_category(text) for text in CATEGORIES]


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, -7, 2**53, None],
        [1.0, -2.0, 0.5, 1e15, 1e16, 1e22, 1.25e-7, 123456.789, None],
        [True, False, None],
    ],
    ids=["integers", "floats", "booleans"],
)
def test_values_of_other_types_have_the_same_canonical_text(
    engine: Backend, values: list[Any]
) -> None:
    table = memory(x=values)
    made = table.mutate(x=validate.canonical(table.x.cast("string"))).order_by("n")
    found = engine.to_pyarrow(made)["x"].to_pylist()
    expected = [None if value is None else canonical_category(value) for value in values]
    assert found == expected


def broken(engine: Backend, contract: Contract, table: pa.Table) -> list[str]:
    rows = table.append_column("n", pa.array(range(len(table))))
    checked = validate.check(ibis.memtable(rows), contract).order_by("n")
    reasons: list[str] = engine.to_pyarrow(checked)["_reasons"].to_pylist()
    return reasons


def test_synthesised_rows_keep_every_rule(
    engine: Backend, contract: Contract, shop: Contract
) -> None:
    for made in (contract, shop):
        assert set(broken(engine, made, synthesize(made, 400, seed=3))) == {""}


RULES = [
    ("price", -0.01, "price: below minimum 0; "),
    ("price", 1000.01, "price: above maximum 1000; "),
    ("price", None, "price: missing; "),
    ("items", 0, "items: below minimum 1; "),
    ("channel", "fax", "channel: not one of the allowed values; "),
    ("channel", "WEB", "channel: not one of the allowed values; "),
    ("channel", None, "channel: missing; "),
    ("order", None, "order: missing; "),
    ("at", None, "at: missing; "),
    ("price", 0.0, ""),
    ("price", 1000.0, ""),
    ("items", 1, ""),
    ("city", None, ""),
    ("gift", None, ""),
    ("returned", None, ""),
]


def test_a_value_that_breaks_a_rule_is_a_reason(engine: Backend, shop: Contract) -> None:
    rows = synthesize(shop, len(RULES)).to_pylist()
    for row, (name, value, _) in zip(rows, RULES, strict=True):
        row[name] = value
    table = pa.Table.from_pylist(rows, synthesize(shop, 1).schema)
    assert broken(engine, shop, table) == [reason for _, _, reason in RULES]


def test_a_row_needs_its_time_and_id_even_if_they_may_be_missing(
    engine: Backend, shop: Contract
) -> None:
    values = shop.model_dump()
    for name in ("at", "order"):
        values["columns"][name]["nullable"] = True
    rows = synthesize(shop, 1).to_pylist()
    table = pa.Table.from_pylist(
        [rows[0] | {"at": None, "order": None}], synthesize(shop, 1).schema
    )
    assert broken(engine, Contract.model_validate(values), table) == [
        "order: missing; at: missing; "
    ]


def test_conforming_makes_numbers_finite_and_categories_canonical(
    engine: Backend, shop: Contract
) -> None:
    made = synthesize(shop, 3)
    for name, values in {
        "price": [math.inf, math.nan, 2.0],
        "city": [1.0, 2.5, None],
        "gift": [1, 0, None],
    }.items():
        made = made.set_column(made.column_names.index(name), name, pa.array(values))
    rows = engine.to_pyarrow(validate.conform(ibis.memtable(made), shop)).to_pylist()
    assert [row["price"] for row in rows] == [None, None, 2.0]
    assert [row["city"] for row in rows] == ["1", "2.5", None]
    assert [row["gift"] for row in rows] == [True, False, None]
    assert list(rows[0]) == list(shop.columns)
