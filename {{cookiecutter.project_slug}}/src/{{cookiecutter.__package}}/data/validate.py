"""Types and rules as expressions: each bad cell adds its reason to the row's ``_reasons``.

A text is accepted by a regular expression before any cast, because casts differ between engines
(DuckDB alone reads ``'3.7'`` as 4, ``'0x1F'`` as 31 and ``'inf'`` as a timestamp).
"""

from collections.abc import Mapping
from functools import reduce
from operator import add

import ibis
from ibis import ir

from ..contract import Column, ColumnType, Contract
from ..errors import DataError

REASONS = "_reasons"
ACCEPTED: dict[ColumnType, str] = {
    "integer": r"^[+-]?[0-9]{1,19}(\.0*)?$",
    "float": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$",
    "boolean": r"^(?i:true|false|t|f|yes|no|y|n|1|0|1\.0|0\.0)$",
    "timestamp": (
        r"^(0[1-9]|[1-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}"
        r"(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$"
    ),
}
TRUE = r"^(?i:true|t|yes|y|1|1\.0)$"
IBIS_TYPES: dict[ColumnType, str] = {
    "integer": "int64",
    "float": "float64",
    "boolean": "boolean",
    "category": "string",
    "string": "string",
    "timestamp": "timestamp('UTC', 6)",
}


def parse(table: ibis.Table, types: Mapping[str, ColumnType]) -> ibis.Table:
    """Text columns to typed ones; a text that is not of its type is null with a reason."""
    values = {name: _parsed(table[name], kind) for name, kind in types.items()}
    unread = [
        _reason(table[name].notnull() & values[name].isnull(), f"{name}: not {_article(kind)}")
        for name, kind in types.items()
    ]
    return table.mutate(**values, **{REASONS: _joined(unread)})


def check(table: ibis.Table, contract: Contract) -> ibis.Table:
    """The contract's rules over typed columns, as ``_reasons``; the target may be missing."""
    reasons: list[ir.StringValue] = []
    for name, column in contract.columns.items():
        value = table[name]
        always = name in {contract.id, contract.time}
        if always or (not column.nullable and name != contract.target):
            reasons.append(_reason(value.isnull(), f"{name}: missing"))
        reasons += [
            _reason(broken.fill_null(False), text) for broken, text in _rules(name, column, value)
        ]
    return table.mutate(**{REASONS: _joined(reasons)})


def canonical(text: ir.StringValue) -> ir.StringValue:
    """``contract.canonical_category`` as an expression, save that null stays null."""
    text = text.strip()
    lowered = text.isin(["True", "TRUE", "False", "FALSE"]).ifelse(text.lower(), text)
    return lowered.re_replace(r"^(-?[0-9]+)\.0+$", r"\1")


def conform(table: ibis.Table, contract: Contract) -> ibis.Table:
    """Cast a transform's typed columns to the contract's types, in the contract's order."""
    columns = {}
    for name, column in contract.columns.items():
        if column.type == "integer" and table[name].type().is_floating():
            raise DataError(
                f"transform gives '{name}' as a float, but the contract says integer;"
                " round it in data/transform.py or change its type in contract.yaml"
            )
        value = table[name].cast(IBIS_TYPES[column.type])
        if column.type == "category":
            value = canonical(value)
        columns[name] = _finite(value) if column.type == "float" else value
    return table.mutate(**columns)


def _finite(value: ir.FloatingValue) -> ir.FloatingValue:
    return (value.isinf() | value.isnan()).ifelse(ibis.null("float64"), value)


def _parsed(text: ir.StringValue, kind: ColumnType) -> ir.Value:
    if kind == "category":
        return canonical(text)
    if kind == "string":
        return text
    stripped = text.strip()
    accepted = stripped.re_search(ACCEPTED[kind]).ifelse(stripped, ibis.null("string"))
    if kind == "boolean":
        return accepted.re_search(TRUE)
    if kind == "integer":
        accepted = accepted.re_replace(r"\.0*$", "")
    if kind == "timestamp":  # the engine wants seconds before a zone
        accepted = accepted.re_replace(r"^(.{16})([Z+-])", r"\1:00\2")
    value = accepted.try_cast(IBIS_TYPES[kind])
    return _finite(value) if kind == "float" else value


def _rules(name: str, column: Column, value: ir.Value) -> list[tuple[ir.BooleanValue, str]]:
    rules: list[tuple[ir.BooleanValue, str]] = []
    if column.minimum is not None:
        rules.append((value < column.minimum, f"{name}: below minimum {column.minimum:g}"))
    if column.maximum is not None:
        rules.append((value > column.maximum, f"{name}: above maximum {column.maximum:g}"))
    if column.allowed is not None:
        rules.append((value.notin(column.allowed), f"{name}: not one of the allowed values"))
    return rules


def _reason(broken: ir.BooleanValue, text: str) -> ir.StringValue:
    return broken.ifelse(f"{text}; ", "")


def _joined(reasons: list[ir.StringValue]) -> ir.StringValue:
    return reduce(add, reasons, ibis.literal(""))


def _article(kind: ColumnType) -> str:
    return f"{'an' if kind == 'integer' else 'a'} {kind}"
