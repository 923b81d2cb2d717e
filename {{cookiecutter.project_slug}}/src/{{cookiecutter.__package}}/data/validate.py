"""The contract's rules over the rows that a transform made, as expressions."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ..contract import Contract, Mode
from ..errors import DataError
from ..rules import rules_of
from .cast import TYPES, Form, cast
from .rows import REASONS


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Where a rule is broken, and what becomes of that."""

    column: str
    where: pl.Expr
    reason: str
    mode: Mode


def conform(rows: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """A transform's columns as the contract's types; other columns stay as they are.

    Raises:
        DataError: a column is of a type that is not its own; while it runs, a value is.
    """
    given = rows.collect_schema()
    columns = [
        (
            pl.when(pl.col(name).is_finite()).then(pl.col(name))
            if given[name] == pl.Float64() and column.type == "float"
            else pl.col(name).map_batches(
                _Conform(name, Form(type=column.type), contract.timezone),
                TYPES[column.type],
                is_elementwise=True,
            )
        )
        for name, column in contract.columns.items()
        if given[name] != TYPES[column.type] or column.type in {"float", "category"}
    ]
    for name, column in contract.columns.items():
        if column.type == "integer" and given[name].is_float():
            raise DataError(
                f"transform gives '{name}' as a float, but the contract says integer;"
                " round it in data/transform.py or change its type in contract.yaml"
            )
    return rows.with_columns(columns)


@dataclass(frozen=True)
class _Conform:
    name: str
    form: Form
    zone: str

    def __call__(self, values: pl.Series) -> pl.Series:
        made = cast(values, self.form, self.zone)
        lost = made.null_count() > values.null_count()
        if lost and not (self.form.type == "float" and values.dtype.is_float()):
            raise DataError(
                f"transform gives '{self.name}' values that are not of its type {self.form.type};"
                " mend them in data/transform.py"
            )
        return made


def breaches(
    contract: Contract, names: list[str] | None = None, *, online: bool = False
) -> list[Breach]:
    """Every rule of these columns; a missing target breaks none.

    A row always needs the contract's id and time; ``online``, as for the server, a time only where
    its column says so. What rows may be without is not among their columns.
    """
    return [
        breach
        for name in names or contract.columns
        for breach in _of_column(contract, name, online=online)
    ]


def _of_column(contract: Contract, name: str, *, online: bool) -> Iterator[Breach]:
    column = contract.columns[name]
    for rule, bound in rules_of(contract, name):
        if rule.name == "missing" and online and name == contract.time and column.nullable:
            continue
        yield Breach(
            column=name,
            where=rule.broken(pl.col(name), bound).fill_null(False),
            reason=f"{name}: {rule.reason(bound)}",
            mode=column.mode(rule.name),
        )


def any_of(found: list[Breach], mode: Mode) -> pl.Expr:
    """Whether a rule is broken whose mode is this."""
    where = [breach.where for breach in found if breach.mode == mode]
    return pl.any_horizontal(where) if where else pl.lit(False)


def reasons_of(found: list[Breach], mode: Mode) -> pl.Expr:
    """Which rules of this mode a row breaks; made for such rows only, since texts cost much."""
    texts = [pl.when(b.where).then(pl.lit(b.reason)) for b in found if b.mode == mode]
    none = pl.lit(None, pl.String)
    return pl.concat_str([none, *texts], separator="; ", ignore_nulls=True).alias(REASONS)


def flagged(found: list[Breach]) -> dict[str, Breach]:
    """The rules whose mode is null, by the column that says where each is broken."""
    mended = [breach for breach in found if breach.mode == "null"]
    return {f"_nulled_{place}": breach for place, breach in enumerate(mended)}


def nulled(found: list[Breach]) -> list[pl.Expr]:
    """The columns of which a broken value becomes null, and where."""
    flags = flagged(found)
    columns = dict.fromkeys(breach.column for breach in flags.values())
    return [
        *(breach.where.alias(flag) for flag, breach in flags.items()),
        *(
            pl.when(~any_of([b for b in found if b.column == name], "null")).then(pl.col(name))
            for name in columns
        ),
    ]
