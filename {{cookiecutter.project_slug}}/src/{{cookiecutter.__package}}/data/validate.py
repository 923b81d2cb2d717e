"""The contract's types and rules over rows, as expressions, and how often they are broken."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

from ..contract import Contract
from ..errors import DataError, TooManyRejectedError
from ..rules import rules_of
from .cast import TYPES, Form, cast

ROW, FILE, RECORD, REASONS, RAW = "_source_row", "_file", "_record", "_reasons", "_raw"
MAIN_REASONS = 3
Breach = tuple[pl.Expr, str]
"""Where a rule is broken, and what is said then."""


def conform(rows: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """A transform's columns as the contract's types; other columns stay as they are.

    Categories that a source gave have one text already, and are taken as they are.
    """
    columns: list[pl.Expr] = []
    sources = map(contract.source_columns, contract.sources)
    done = {name for types in sources for name, kind in types.items() if kind == "category"}
    for name, dtype in rows.collect_schema().items():
        if name not in contract.columns:
            continue
        kind = contract.columns[name].type
        if kind == "integer" and dtype.is_float():
            raise DataError(
                f"data/transform.py gives '{name}' as a float, but the contract says integer;"
                " round it there or change its type"
            )
        if kind == "float" and dtype.is_float():
            columns.append(pl.when(pl.col(name).is_finite()).then(pl.col(name).cast(pl.Float64)))
        elif dtype != TYPES[kind] or (kind == "category" and name not in done):
            function = partial(_conformed, form=Form(type=kind), zone=contract.timezone)
            columns.append(pl.col(name).map_batches(function, TYPES[kind], is_elementwise=True))
    return rows.with_columns(columns)


def _conformed(values: pl.Series, form: Form, zone: str) -> pl.Series:
    typed = cast(values, form, zone)
    if typed.null_count() > values.null_count():
        raise DataError(
            f"data/transform.py gives '{values.name}' values that are not of its type {form.type}"
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
        (rule.broken(pl.col(name), bound).fill_null(False), f"{name}: {rule.reason(bound)}")
        for name in names or contract.columns
        for rule, bound in rules_of(contract, name)
        if not (online and rule.name == "missing" and name == contract.time)
        or not contract.columns[name].nullable
    ]


def any_of(rules: list[Breach]) -> pl.Expr:
    """Whether one of the rules is broken."""
    return pl.any_horizontal(pl.lit(False), *[where for where, _ in rules])


def reasons_of(rules: list[Breach]) -> pl.Expr:
    """Which rules a row breaks; made for such rows only, since texts cost much."""
    texts = [pl.when(where).then(pl.lit(reason)) for where, reason in rules]
    none = pl.lit(None, pl.String)
    return pl.concat_str([none, *texts], separator="; ", ignore_nulls=True).alias(REASONS)


def tally(quarantined: pl.DataFrame) -> Counter[str]:
    """How many rows were rejected for each reason."""
    return Counter(reason for text in quarantined[REASONS] for reason in text.split("; "))


def main_reasons(reasons: Mapping[str, int]) -> str:
    """The most frequent reasons with their counts."""
    most = Counter(reasons).most_common(MAIN_REASONS)
    text = ", ".join(f"{reason} {count:,}" for reason, count in most)
    more = len(reasons) - MAIN_REASONS
    return f"{text} and {more} more" if more > 0 else text


def refuse_many(
    what: str, n_rejected: int, n_rows: int, reasons: Mapping[str, int], most: float, where: Path
) -> None:
    """Stop where more rows are rejected than ``data.max_rejected_fraction`` allows."""
    if n_rejected > most * n_rows:
        raise TooManyRejectedError(
            f"{what} rejected {n_rejected:,} of {n_rows:,} rows, more than"
            f" data.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); the rows and their"
            f" reasons are in '{where}', and nothing else has changed"
        )
