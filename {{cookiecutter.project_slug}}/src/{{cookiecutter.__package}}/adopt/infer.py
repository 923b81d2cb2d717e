"""From the values of a column to what the contract says about it, and what is doubtful."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from ..contract import Column, ColumnType, NumberFormat
from ..data.cast import FALSE, TRUE, Form, cast
from ..values import canonical_category
from .forms import CENSORED, Floats, number_format, stand_apart, time_format
from .look import ColumnStats, listed

Texts = Sequence[str]
Role = Literal["time", "target"] | None
EXACT_IN_FLOAT32, SLACK = 2**24, 0.25
FEW, MANY, MOST_MARKERS, FEWEST_NUMBERS, LEAST_DATE = 50, 1000, 100, 20, 19_000_000
EXCEL_DAYS = (36_526, 54_788)
"""Excel's numbers of the days from 2000 to 2050."""
COUNTER = "it counts the rows"
MAYBE = ["na", "n/a", "none", "?", "-", "--", "---", ".", "*", "unknown", "missing", "nil"]
"""Texts that mean that a value is missing where numbers stand otherwise, and may be values."""
ODD_NUMBER = r"^\s*0[0-9]|[eE]|[0-9]{16}|^-?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""Numbers that may be codes, or have a mark for thousands."""
PERSONAL = {
    "mail addresses": r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$",
    "telephone numbers": r"^\s*(\+[0-9]|\(?0[0-9])[0-9]*[ ()/.-]+[0-9][0-9 ()/.-]{4,}$",
}


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A column as the contract may have it."""

    column: Column
    doubts: Texts = ()
    """Without the column's name, which stands before them."""
    format: str | None = None
    numbers: NumberFormat | None = None
    missing: Texts = ()
    """Texts that mean that a value is missing, besides blank ones."""
    values: Floats | None = None
    """Numbers or times that the known texts are; NaN for one that is none."""


def guess(stats: ColumnStats, zone: str, role: Role = None) -> Guess:
    """What a column is."""
    if not stats.n_known:
        return _excluded(stats, "empty: no row has a value")
    if len(stats.known) == 1 and stats.complete and not role:
        return _excluded(stats, f"constant: always {stats.examples}")
    if stats.values.dtype == pl.Boolean:
        return _guess(stats, "boolean")
    if stats.values.dtype.is_temporal():
        return _guess(stats, "timestamp")
    plain = cast(stats.known, Form(type="float"), zone)
    return _of_texts(stats, plain, zone, role) if stats.is_text else _number(stats, plain, role)


def _guess(
    stats: ColumnStats, kind: ColumnType, doubts: Texts = (), missing: Texts = (), **rules: Any
) -> Guess:
    """A column of a type; it may be missing where it is, or where some texts mean that."""
    column = Column(type=kind, nullable=bool(missing) or not stats.complete, **rules)
    return Guess(column=column, doubts=[*doubts, *stats.doubts], missing=[*stats.nulls, *missing])


def _excluded(stats: ColumnStats, why: str, *doubts: str, pii: bool = False) -> Guess:
    """A column that is left out, which nothing in it can break."""
    return _guess(stats, "string", doubts, role="excluded", why=why, pii=pii)


def _of_texts(stats: ColumnStats, plain: pl.Series, zone: str, role: Role) -> Guess:
    """What a column of texts is: a time, a code, a number or a category."""
    texts, numeric = stats.known, not plain.null_count()
    odd = numeric and texts.str.contains(ODD_NUMBER).any()
    why = _code(texts) if odd else None
    dates = numeric and why != "leading zeros" and plain.to_numpy().min() >= LEAST_DATE
    times = None
    if role == "time" or not numeric or dates:
        times = time_format(texts, stats.counts, zone, is_time=role == "time")
    if times and times[1].null_count() <= MOST_MARKERS:
        values = times[1].dt.epoch("us").cast(pl.Float64)
        return replace(_ordered(stats, values, "timestamp", times[2]), format=times[0])
    if why and role != "target":
        doubt = f"looks like a number, such as {stats.examples}, but is read as a code ({why})"
        if repeats(stats):
            return _guess(stats, "category", [doubt])
        return _excluded(stats, f"a code that hardly repeats ({why})", f"{doubt}: left out")
    if not numeric and (result := _personal(stats) or _logical(stats)):
        return result
    if (odd or not numeric) and (numbers := number_format(texts)):
        values = cast(texts, Form(type="float", numbers=numbers[0]), zone)
        if numeric or _mostly_numbers(stats, values.is_null(), formatted=numbers[0] is not None):
            return _number(stats, values, role, *numbers)
    return _number(stats, plain, role) if numeric else _text(stats, plain)


def _low(texts: pl.Series) -> pl.Series:
    """Texts without the spaces around them, in small letters."""
    return texts.str.strip_chars().str.to_lowercase()


def _code(texts: pl.Series) -> str | None:
    """Why texts that are numbers are codes."""
    if texts.str.contains(r"^\s*0[0-9]+\s*$").any():
        return "leading zeros"
    letters = texts.str.contains(r"^\s*[0-9]{1,6}[eE][0-9]{1,2}\s*$").sum() > 1
    if letters and not texts.str.contains("[.+-]").any():
        return "letters among digits"
    return "so many digits" if texts.str.contains(r"^\s*-?[1-9][0-9]{15,}\s*$").any() else None


def _personal(stats: ColumnStats) -> Guess | None:
    """A column of mail addresses or telephone numbers."""
    for what, form in PERSONAL.items():
        if stats.known.str.contains(form).sum() > max(0.8 * len(stats.known), FEWEST_NUMBERS):
            doubt = f"holds {what}: masked, and stays in the ETL"
            return _excluded(stats, f"personal: {what}", doubt, pii=True)
    return None


def _logical(stats: ColumnStats) -> Guess | None:
    """A column of yes and no, among which other texts mean that a value is missing."""
    logical = _low(stats.known).is_in([*TRUE, *FALSE])
    odd = stats.known.filter(~logical)
    if not logical.any() or not _low(odd).is_in(MAYBE).all():
        return None
    doubts = [f"has {listed(odd)} among yes and no: read as missing"] if len(odd) else []
    return _guess(stats, "boolean", doubts, odd.to_list())


def _mostly_numbers(stats: ColumnStats, bad: pl.Series, *, formatted: bool) -> bool:
    """Whether texts among numbers mean missing, and make no category or code."""
    odd, others = stats.known.filter(bad), stats.known.filter(~bad)
    mixed = odd.str.contains(r"[0-9].*[A-Za-z_-]|[A-Za-z_-].*[0-9]")
    mixed &= ~odd.str.contains(f"{CENSORED.pattern}|^#")
    whole = not formatted and others.str.contains(r"^\s*[0-9]+\s*$").all()
    codes = whole and mixed.sum() > 0.5 * len(odd)
    words = (odd.str.contains(r"[\pL0-9]") & ~_low(odd).is_in(MAYBE)).any()
    few = len(odd) <= MOST_MARKERS and stats.rows_of(odd) <= 0.5 * stats.n_known
    return few and not codes and (not words or len(others) >= FEWEST_NUMBERS)


def _ordered(stats: ColumnStats, read: pl.Series, kind: ColumnType, doubts: Iterable[str]) -> Guess:
    """A number or time, of which some texts mean that a value is missing."""
    texts, doubts, values = stats.known.cast(pl.String), list(doubts), read.to_numpy()
    bad, odd = _not_read(stats, texts.filter(read.is_null())) if read.null_count() else ([], [])
    missing, doubtful = stand_apart(texts, stats.counts, values)
    if not stats.is_text:
        missing, doubtful = [], [*missing, *doubtful]  # no text could be listed as missing
    what = "time" if kind == "timestamp" else "number"
    groups = {
        f"that are no {what}: units or totals, whose rows are rejected": bad,
        f"that are no {what}: read as missing": odd,
        "far from all others: missing; else take them out of missing_by_column": missing,
        "far from all others: values; else add them to missing_by_column": doubtful,
    }
    for end, group in groups.items():
        if group:
            n = stats.rows_of(group)
            doubts.append(f"has {listed(group)} in {n:,} rows ({n / stats.n_rows:.1%}), {end}")
    rules = {}
    if kind != "timestamp":
        rest = values[~np.isnan(values)]
        rest = rest[~np.isin(rest, values[texts.is_in(missing).to_numpy()])] if missing else rest
        rules = _range(rest)
        if kind == "integer" and np.abs(rest).max() > EXACT_IN_FLOAT32:
            kind, end = "float", "which the model rounds; if they name things, exclude it"
            doubts.append(f"has integers beyond 2^24, such as {listed(texts, 1)}, {end}")
    return replace(_guess(stats, kind, doubts, [*missing, *odd], **rules), values=values)


def _not_read(stats: ColumnStats, odd: pl.Series) -> tuple[list[str], list[str]]:
    """Texts among numbers or times: those of a row of units or totals, and those for missing."""
    ends = [*stats.values.head(2), *stats.values.tail(5)]
    once = stats.known.filter(stats.counts == 1)
    bad = [text for text in odd if text in ends and text in once]
    return bad, [text for text in odd if text not in bad]


def _number(
    stats: ColumnStats, values: pl.Series, role: Role, form: Any = None, doubts: Iterable[str] = ()
) -> Guess:
    """A column of numbers; one that counts the rows in their order is left out."""
    known = values.drop_nulls().to_numpy()
    least, most = known.min(), known.max()
    excel = EXCEL_DAYS[0] <= least < most <= EXCEL_DAYS[1]
    whole = not (form and form.factors) and bool((np.floor(known) == known).all())
    dense = FEWEST_NUMBERS < most - least < 1.05 * len(known) == 1.05 * stats.n_rows
    counts_rows = whole and dense and not role and not excel
    if counts_rows and cast(stats.values, Form(type="float"), "UTC").is_sorted():
        counted = _excluded(stats, COUNTER, f"counts the rows ({stats.examples} …)")
        return replace(counted, values=known)
    end = "if they are Excel's days, write them as dates: 45292 is 2024-01-01"
    more = [f"has numbers such as {stats.examples}, read as such; {end}"] if excel else []
    result = _ordered(stats, values, "integer" if whole else "float", [*doubts, *more])
    return replace(result, numbers=form)


def _range(values: Floats) -> dict[str, Any]:
    """A range that is a quarter wider than the values on both sides, in round numbers."""
    least, most = float(values.min()), float(values.max())
    span = most - least
    if len(values) <= 10 or not 0 < span < 1e300:
        return {}
    digits = 1 - math.floor(math.log10(span))
    low, high = round(least - SLACK * span, digits), round(most + SLACK * span, digits)
    return {"minimum": 0.0 if least >= 0 else low, "maximum": 0.0 if most <= 0 else high}


def _text(stats: ColumnStats, plain: pl.Series) -> Guess:
    """A column of texts: a category where values come again, else left out as names or free text."""
    texts, doubts = stats.known, differ_by_little(stats.known.head(10 * MANY))
    if repeats(stats):
        if len(maybe := texts.filter(_low(texts).is_in(MAYBE) & texts.str.contains(r"^\s*\pL"))):
            doubts.append(f"has {listed(maybe)} as values; if missing, say missing_by_column")
        odd = texts.filter(plain.is_null())
        if stats.rows_of(odd) <= 0.8 * stats.n_known:
            doubts.append(f"holds numbers, and texts such as {listed(odd)}: taken as a category")
        if len(texts) > MANY:
            doubts.append(f"has {len(texts):,} values: the model sees the frequent ones")
        return _guess(stats, "category", doubts)
    if _n_words(texts) >= 4 or texts.str.len_chars().to_numpy().mean() > FEW:
        return _excluded(stats, f"free text: {_n_words(texts):.0f} words on average", *doubts)
    why = f"names rows: {len(texts):,} values that hardly repeat"
    if texts.str.contains("[0-9]").sum() > 0.5 * len(texts):
        end = "if these are numbers or times, convert them in data/transform.py"
        doubts.append(f"is left out ({why}), such as {stats.examples}; {end}")
    return _excluded(stats, why, *doubts)


def _n_words(texts: pl.Series) -> float:
    """How many words a text has, in the mean of the first ones."""
    return 1 + float(texts.head(MANY).str.count_matches(r"\s\S").to_numpy().mean())


def repeats(stats: ColumnStats) -> bool:
    """Whether values come back often enough to learn something about each of them."""
    if len(stats.known) <= FEW:
        return len(stats.known) <= 0.5 * stats.n_known
    often = int(stats.counts.filter(stats.counts >= 5).sum() or 0)
    return _n_words(stats.known) < 5 and often >= 0.5 * stats.n_known


def differ_by_little(texts: Iterable[str]) -> list[str]:
    """A doubt where values differ only by case, spaces or a mark at their end."""
    groups: dict[str, set[str]] = {}
    for value in map(canonical_category, texts):
        key = re.sub(r"(?<=\w)[\W_]+$|(?<=\w)[\s_-]+(?=\w)", "", value.casefold())
        groups.setdefault(key, set()).add(value)
    shown = next((listed(sorted(group)) for group in groups.values() if len(group) > 1), None)
    end = "kept apart; if they are one, replace them in data/transform.py"
    doubt = f"has values that differ by case, spaces or a dot alone, as {shown}: {end}"
    return [doubt] if shown else []
