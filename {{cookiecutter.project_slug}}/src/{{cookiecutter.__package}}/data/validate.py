"""The contract's rules over the rows that a transform made, as expressions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

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
    columns: list[pl.Expr] = []
    for name, dtype in rows.collect_schema().items():
        if name not in contract.columns:
            continue
        kind = contract.columns[name].type
        if kind == "integer" and dtype.is_float():
            raise DataError(
                f"transform gives '{name}' as a float, but the contract says integer;"
                " round it in data/transform.py or change its type in contract.yaml"
            )
        if kind == "float" and dtype == pl.Float64:
            columns.append(pl.when(pl.col(name).is_finite()).then(pl.col(name)))
        elif kind == "category" or dtype != TYPES[kind]:
            form = Form(type=kind)
            function = partial(_conformed, name=name, form=form, zone=contract.timezone)
            columns.append(pl.col(name).map_batches(function, TYPES[kind], is_elementwise=True))
    return rows.with_columns(columns)


def _conformed(values: pl.Series, name: str, form: Form, zone: str) -> pl.Series:
    typed = cast(values, form, zone)
    infinite = form.type == "float" and values.dtype.is_float()
    if typed.null_count() > values.null_count() and not infinite:
        raise DataError(
            f"transform gives '{name}' values that are not of its type {form.type};"
            " mend them in data/transform.py"
        )
    return typed


def breaches(
    contract: Contract, names: list[str] | None = None, *, online: bool = False
) -> list[Breach]:
    """Every rule of these columns; a missing target breaks none.

    A row always needs the contract's id and time; ``online``, as for the server, a time only where
    its column says so.
    """
    return [
        Breach(
            column=name,
            where=rule.broken(pl.col(name), bound).fill_null(False),
            reason=f"{name}: {rule.reason(bound)}",
            mode=contract.columns[name].mode(rule.name),
        )
        for name in names or contract.columns
        for rule, bound in rules_of(contract, name)
        if not (
            online
            and rule.name == "missing"
            and name == contract.time
            and contract.columns[name].nullable
        )
    ]


def any_of(rules: list[Breach], *modes: Mode) -> pl.Expr:
    """Whether a rule is broken whose mode is one of these."""
    where = [one.where for one in rules if one.mode in modes]
    return pl.any_horizontal(where) if where else pl.lit(False)


def reasons_of(rules: list[Breach], *modes: Mode) -> pl.Expr:
    """Which rules of these modes a row breaks; made for such rows only, since texts cost much."""
    texts = [pl.when(one.where).then(pl.lit(one.reason)) for one in rules if one.mode in modes]
    none = pl.lit(None, pl.String)
    return pl.concat_str([none, *texts], separator="; ", ignore_nulls=True).alias(REASONS)


def nulling(rules: list[Breach]) -> dict[str, Breach]:
    """The rules whose mode is null, by the column that says where each is broken."""
    return {f"_nulled_{n}": one for n, one in enumerate(r for r in rules if r.mode == "null")}


def nulled(rules: list[Breach]) -> Iterator[pl.Expr]:
    """Where rules whose mode is null are broken, and the columns without those values."""
    flags = nulling(rules)
    for flag, one in flags.items():
        yield one.where.alias(flag)
    for name in dict.fromkeys(one.column for one in flags.values()):
        broken = any_of([one for one in flags.values() if one.column == name], "null")
        yield pl.when(~broken).then(pl.col(name))
