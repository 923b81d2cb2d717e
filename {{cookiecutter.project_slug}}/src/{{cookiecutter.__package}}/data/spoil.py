"""Rows that break one rule each: what checks, requests and load tests are tried on."""

from collections.abc import Iterator
from math import floor

import pyarrow as pa

from ..contract import Column, Contract, Rule
from .synthesize import synthesize

STRANGE = "<not allowed>"


def spoiled(
    contract: Contract, n_rows: int, *, seed: int = 0
) -> Iterator[tuple[str, Rule, pa.Table]]:
    """For each rule that the contract has, its column, its name and rows that all break it alone.

    Of rows that share an id, the first breaks no rule.
    """
    rows = synthesize(contract, n_rows, seed=seed)
    for name, column in contract.columns.items():
        place, kind = rows.schema.names.index(name), rows[name].type
        for rule, value in _values(contract, name, column, rows[name]):
            values = pa.array([value] * n_rows, kind)
            yield name, rule, rows.set_column(place, name, values)


def _values(
    contract: Contract, name: str, column: Column, values: pa.ChunkedArray
) -> Iterator[tuple[Rule, object]]:
    """A value that breaks each of a column's rules."""
    role, whole = contract.role(name), column.type == "integer"
    if role in {"id", "time"} or (not column.nullable and role != "target"):
        yield "missing", None
    if column.minimum is not None:
        yield "minimum", floor(column.minimum) - 1 if whole else _beyond(column.minimum, -1)
    if column.maximum is not None:
        yield "maximum", floor(column.maximum) + 1 if whole else _beyond(column.maximum, 1)
    if column.allowed is not None or (role == "target" and contract.labels):
        yield "allowed", STRANGE
    if role == "id":
        yield "unique", values[0].as_py()


def _beyond(bound: float, sign: int) -> float:
    """Past a bound by more than its last digit."""
    return bound + sign * max(1.0, abs(bound) / 1e6)
