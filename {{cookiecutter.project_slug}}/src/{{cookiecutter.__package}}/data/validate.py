"""The contract's rules over the rows that a transform made.

Most runs of rows break none; that is seen from a column's ends, gaps and distinct values, and only
where it is not so is each value compared.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Contract, Mode, Rule
from ..errors import DataError
from .convert import from_values, one_array

REASONS = "_reasons"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Rows of the contract's types, and the rules that each breaks: null for most rows."""

    rows: pa.Table
    """Broken values of columns whose mode is null are null."""
    rejected: pa.Array | None
    """The reasons for which a row may not stay."""
    nulled: pa.Array | None
    """The reasons for which a value became null."""
    failed: pa.Array | None
    """The reasons for which the whole run stops."""


@dataclass(frozen=True, kw_only=True)
class _Breach:
    """Where a rule is broken."""

    column: str
    where: pa.Array
    reason: str
    mode: Mode


def conform(rows: pa.Table, contract: Contract) -> pa.Table:
    """A transform's columns as the contract's types, in the contract's order.

    Raises:
        DataError: a column holds values that are not of its type.
    """
    columns = {}
    for name, column in contract.columns.items():
        given = one_array(rows[name])
        if column.type == "integer" and pa.types.is_floating(given.type):
            raise DataError(
                f"transform gives '{name}' as a float, but the contract says integer;"
                " round it in data/transform.py or change its type in contract.yaml"
            )
        columns[name] = from_values(given, name, column.type, contract.zone)
        infinite = column.type == "float" and pa.types.is_floating(given.type)
        if not infinite and columns[name].null_count > given.null_count:
            raise DataError(
                f"transform gives '{name}' values that are not of its type {column.type};"
                " mend them in data/transform.py"
            )
    return pa.table(columns)


def check(rows: pa.Table, contract: Contract, *, online: bool = False) -> Checked:
    """Hold rows of the contract's types to its rules; a missing target breaks none.

    A row always needs the contract's id and time; ``online``, as for the server, a time only where
    its column says so. What rows may be without is not among their columns.
    """
    found: dict[Mode, list[_Breach]] = {"reject": [], "null": [], "fail": []}
    always = {contract.id} if online else {contract.id, contract.time}
    for name in rows.schema.names:
        for breach in _breaches(name, one_array(rows[name]), contract, always):
            found[breach.mode].append(breach)
    for breach in found["null"]:
        place = rows.schema.names.index(breach.column)
        values = one_array(rows[breach.column])
        mended = pc.if_else(breach.where, pa.scalar(None, values.type), values)
        rows = rows.set_column(place, breach.column, mended)
    return Checked(
        rows=rows,
        rejected=_joined(found["reject"]),
        nulled=_joined(found["null"]),
        failed=_joined(found["fail"]),
    )


def _breaches(
    name: str, values: pa.Array, contract: Contract, always: Set[str | None]
) -> Iterator[_Breach]:
    column = contract.columns[name]
    for rule, reason, where in _broken(name, values, contract, always):
        if where is not None and pc.any(where).as_py():
            yield _Breach(
                column=name,
                where=where.fill_null(False),
                reason=f"{name}: {reason}",
                mode=column.mode(rule),
            )


def _broken(
    name: str, values: pa.Array, contract: Contract, always: Set[str | None]
) -> Iterator[tuple[Rule, str, pa.Array | None]]:
    """Rules that may be broken, what a row that does so is told, and where; ``None`` for nowhere."""
    column = contract.columns[name]
    low, high = column.minimum, column.maximum
    allowed = contract.labels if name == contract.target and contract.labels else column.allowed
    if name in always or (not column.nullable and name != contract.target):
        yield "missing", "missing", pc.is_null(values) if values.null_count else None
    if low is not None or high is not None:
        ends = pc.min_max(values).as_py()
        if low is not None and ends["min"] is not None and ends["min"] < low:
            yield "minimum", f"below minimum {low:g}", pc.less(_floats(values), low)
        if high is not None and ends["max"] is not None and ends["max"] > high:
            yield "maximum", f"above maximum {high:g}", pc.greater(_floats(values), high)
    if allowed is not None:
        yield "allowed", "not one of the allowed values", _others(values, allowed)


def _floats(values: pa.Array) -> pa.Array:
    """Numbers as floats; Arrow refuses to compare those above 2⁵³ with one otherwise."""
    return values.cast(pa.float64(), safe=False)


def _others(values: pa.Array, allowed: tuple[str, ...]) -> pa.Array | None:
    """Where a category is none of those allowed; it is looked at once for each distinct value."""
    strange = pc.invert(pc.is_in(values.dictionary, pa.array(allowed, pa.string())))
    return strange.take(values.indices) if pc.any(strange).as_py() else None


def _joined(breaches: list[_Breach]) -> pa.Array | None:
    """The reasons of each row, or ``None`` where no row has any."""
    if not breaches:
        return None
    parts = [pc.if_else(breach.where, f"{breach.reason}; ", "") for breach in breaches]
    joined = pc.utf8_rtrim(pc.binary_join_element_wise(*parts, ""), "; ")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)
