"""The contract's types and rules over rows, as expressions, and how often they are broken."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

from ..contract import Contract
from ..errors import DataError
from ..rules import rules_of
from .cast import TYPES, Form, cast

ROW, FILE, RECORD, REASONS, RAW = "_source_row", "_file", "_record", "_reasons", "_raw"
KEY = "_key"
"""What tells rows apart: a hash of what was read, or of the id."""
MAIN_REASONS = 3
Violation = tuple[pl.Expr, str]
"""Where a rule is broken, and the reason that is given then."""


def conform(rows: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """A transform's columns as the contract's types; numbers that are not finite are missing.

    Categories that a source gave have one text already, and are taken as they are.
    """
    columns: list[pl.Expr] = []
    sources = map(contract.source_columns, contract.sources)
    done = {name for types in sources for name, kind in types.items() if kind == "category"}
    for name, dtype in rows.select(*contract.columns).collect_schema().items():
        kind, value = contract.columns[name].type, pl.col(name)
        if kind == "float" and dtype.is_float():
            columns.append(pl.when(value.is_finite()).then(value.cast(pl.Float64)))
        elif dtype != TYPES[kind] or (kind == "category" and name not in done):
            convert = partial(_converted, form=Form(type=kind), zone=contract.timezone)
            columns.append(value.map_batches(convert, TYPES[kind], is_elementwise=True))
    return rows.with_columns(columns)


def _converted(values: pl.Series, form: Form, zone: str) -> pl.Series:
    typed = cast(values, form, zone)
    if typed.null_count() > values.null_count():
        raise DataError(
            f"data/transform.py gives '{values.name}' values that are not of its type {form.type}:"
            " convert them there, or change its type in contract.yaml"
        )
    return typed


def violations(
    contract: Contract, names: list[str] | None = None, *, online: bool = False
) -> list[Violation]:
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


def any_of(rules: list[Violation]) -> pl.Expr:
    """Whether one of the rules is broken."""
    return pl.any_horizontal(pl.lit(False), *[where for where, _ in rules])


def reasons_of(rules: list[Violation]) -> pl.Expr:
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
    more = len(reasons) - len(most)
    text = ", ".join(f"{reason} {count:,}" for reason, count in most)
    return f"{text} and {more} more" if more else text


def account(
    what: str, counts: Mapping[str, int], reasons: Mapping[str, int], most: float, where: Path
) -> None:
    """Stop where a row went nowhere, or more than a fraction of those that were checked into ``where``.

    The first count is of all rows; the others say what became of them.
    """
    (_, n_rows), *ends = counts.items()
    if n_rows != sum(n for _, n in ends):
        raise DataError(f"{what}: the rows do not add up: {counts}")
    n_checked = sum(n for end, n in ends if end not in {"filtered", "unlabelled"})
    if counts["rejected"] > most * n_checked:
        raise DataError(
            f"{what} rejected {counts['rejected']:,} of {n_checked:,} rows, more than"
            f" data.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); the rows and their"
            f" reasons are in '{where}', and nothing else has changed"
        )
