"""From the values of a column to what the contract says about it, and what is doubtful."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from ..contract import Column, ColumnType, NumberFormat
from ..data.cast import FALSE, TRUE, Form, cast
from ..values import canonical_category
from .forms import CENSORED, Floats, find_sentinels, number_reading, time_reading
from .look import ColumnStats, listed

Role = Literal["time", "target"] | None
EXACT_IN_FLOAT32, SLACK = 2**24, 0.25
FEW, MANY, MOST_MARKERS, FEWEST_NUMBERS, LEAST_DATE = 50, 1000, 100, 20, 19_000_000
MAYBE = ["na", "n/a", "none", "?", "-", "--", "---", ".", "*", "unknown", "missing", "nil"]
"""Texts that mean that a value is missing where numbers stand otherwise, and may be values."""
ODD_NUMBER = r"^\s*0[0-9]|[eE]|[0-9]{16}|^-?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""Numbers that may be codes, or have a mark for thousands."""
PERSONAL = {
    "mail addresses": r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$",
    "telephone numbers": r"^\s*(\+[0-9]|\(?0[0-9])[0-9]*[ ()/.-]+[0-9][0-9 ()/.-]{4,}$",
}


@dataclass(kw_only=True)
class Guess:
    """A column as the contract may have it, and what is doubtful about that."""

    stats: ColumnStats
    type: ColumnType = "string"
    rules: dict[str, Any] = field(default_factory=dict)
    """What else the contract says of the column."""
    format: str | None = None
    numbers: NumberFormat | None = None
    missing: list[str] = field(default_factory=list)
    """Texts that mean that a value is missing, besides blank ones."""
    values: Floats | None = None
    """Numbers or times that the known texts are; NaN for one that is none."""
    doubts: list[str] = field(default_factory=list)
    """Without the column's name, which stands before them."""

    @property
    def column(self) -> Column:
        """The column; it may be missing where it is, or where some texts mean that."""
        nullable = bool(self.missing) or not self.stats.complete
        return Column.model_validate({"type": self.type, "nullable": nullable} | self.rules)

    @property
    def is_whole(self) -> bool:
        """Whether the column holds whole numbers, written plainly."""
        return self.type == "integer" and self.numbers is None

    def become(self, kind: ColumnType, **rules: Any) -> None:
        """Take the texts as they stand for values of this type."""
        self.type, self.rules = kind, rules
        self.format = self.numbers = None

    def leave_out(self, why: str, *, pii: bool = False) -> None:
        """Exclude the column, so that nothing in it can break."""
        self.become("string", role="excluded", why=why, pii=pii)


def guess(stats: ColumnStats, zone: str, role: Role = None) -> Guess:
    """What a column is."""
    result = Guess(stats=stats, missing=[*stats.nulls])
    if stats.nulls:
        result.doubts.append(f"has {listed(stats.nulls)} in {stats.n_null:,} rows: read as missing")
    if not stats.n_known:
        result.leave_out("empty: no row has a value")
    elif len(stats.known) == 1 and stats.complete and not role:
        result.leave_out(f"constant: always {stats.examples}")
    elif stats.values.dtype == pl.Boolean:
        result.type = "boolean"
    elif stats.values.dtype.is_temporal():
        result.type = "timestamp"
    elif stats.is_text:
        _read_texts(result, zone, role)
    else:
        _as_numbers(result, cast(stats.known, Form(type="float"), zone))
    return result


def _read_texts(guess: Guess, zone: str, role: Role) -> None:
    """What a column of texts is: a time, a code, a number, yes and no, or a category."""
    texts, counts = guess.stats.known, guess.stats.counts
    plain = cast(texts, Form(type="float"), zone)
    numeric = not plain.null_count()
    odd = numeric and texts.str.contains(ODD_NUMBER).any()
    code = _code(texts) if odd else None
    dates = numeric and code != "leading zeros" and plain.to_numpy().min() >= LEAST_DATE
    if role == "time" or not numeric or dates:
        times = time_reading(texts, counts, zone, is_time=role == "time")
        if times and times.values.null_count() <= MOST_MARKERS:
            guess.type, guess.format = "timestamp", times.form.format
            guess.doubts += times.doubts
            _find_missing(guess, times.values.dt.epoch("us").cast(pl.Float64).to_numpy())
            return
    if code and role != "target":
        _as_code(guess, code)
        return
    if not numeric and (_as_personal(guess) or _as_logical(guess)):
        return
    numbers = number_reading(texts, counts) if odd or not numeric else None
    if numbers and (numeric or _mostly_numbers(guess, numbers.values, numbers.form.numbers)):
        guess.numbers = numbers.form.numbers
        guess.doubts += numbers.doubts
        _as_numbers(guess, numbers.values)
    elif numeric:
        _as_numbers(guess, plain)
    else:
        _as_text(guess, plain)


def _code(texts: pl.Series) -> str | None:
    """Why texts that are numbers are codes."""
    if texts.str.contains(r"^\s*0[0-9]+\s*$").any():
        return "leading zeros"
    letters = texts.str.contains(r"^\s*[0-9]{1,6}[eE][0-9]{1,2}\s*$").sum() > 1
    if letters and not texts.str.contains("[.+-]").any():
        return "letters among digits"
    return "so many digits" if texts.str.contains(r"^\s*-?[1-9][0-9]{15,}\s*$").any() else None


def _as_code(guess: Guess, why: str) -> None:
    doubt = f"looks like a number, such as {guess.stats.examples}, but is read as a code ({why})"
    guess.type = "category"
    if not repeats(guess.stats):
        guess.leave_out(f"a code that hardly repeats ({why})")
        doubt += ": left out"
    guess.doubts.append(doubt)


def _low(texts: pl.Series) -> pl.Series:
    """Texts without the spaces around them, in small letters."""
    return texts.str.strip_chars().str.to_lowercase()


def _as_personal(guess: Guess) -> bool:
    """Whether most texts are mail addresses or telephone numbers, which are masked."""
    texts = guess.stats.known
    for what, form in PERSONAL.items():
        if texts.str.contains(form).sum() > max(0.8 * len(texts), FEWEST_NUMBERS):
            guess.leave_out(f"personal: {what}", pii=True)
            guess.doubts.append(f"holds {what}: masked, and stays in the ETL")
            return True
    return False


def _as_logical(guess: Guess) -> bool:
    """Whether the column is yes and no, among which other texts mean that a value is missing."""
    logical = _low(guess.stats.known).is_in([*TRUE, *FALSE])
    odd = guess.stats.known.filter(~logical)
    if not logical.any() or not _low(odd).is_in(MAYBE).all():
        return False
    guess.type = "boolean"
    guess.missing += odd.to_list()
    if len(odd):
        guess.doubts.append(f"has {listed(odd)} among yes and no: read as missing")
    return True


def _mostly_numbers(guess: Guess, read: pl.Series, form: NumberFormat | None) -> bool:
    """Whether texts among numbers mean missing, and make no category or code."""
    stats, texts = guess.stats, guess.stats.known
    odd, others = texts.filter(read.is_null()), texts.filter(read.is_not_null())
    mixed = odd.str.contains(r"[0-9].*[A-Za-z_-]|[A-Za-z_-].*[0-9]")
    mixed &= ~odd.str.contains(f"{CENSORED.pattern}|^#")
    whole = form is None and others.str.contains(r"^\s*[0-9]+\s*$").all()
    codes = whole and mixed.sum() > 0.5 * len(odd)
    words = (odd.str.contains(r"[\pL0-9]") & ~_low(odd).is_in(MAYBE)).any()
    few = len(odd) <= MOST_MARKERS and stats.rows_of(odd) <= 0.5 * stats.n_known
    return few and not codes and (not words or len(others) >= FEWEST_NUMBERS)


def _as_numbers(guess: Guess, read: pl.Series) -> None:
    """A column of numbers, with the range that they may have."""
    values = read.to_numpy()
    known = values[~np.isnan(values)]
    factors = guess.numbers is not None and guess.numbers.factors
    guess.type = "float" if factors or (np.floor(known) != known).any() else "integer"
    far = _find_missing(guess, values)
    texts = guess.stats.known.cast(pl.String)
    used = values[~(np.isnan(values) | texts.is_in(far).to_numpy())]
    guess.rules = _range(used)
    if guess.type == "integer" and np.abs(used).max() > EXACT_IN_FLOAT32:
        guess.type, end = "float", "which the model rounds; if they name things, exclude it"
        guess.doubts.append(f"has integers beyond 2^24, such as {listed(texts, 1)}, {end}")


def _find_missing(guess: Guess, values: Floats) -> list[str]:
    """Keep the numbers or times, and say which texts among them are missing values.

    Those of them that are numbers or times themselves are returned.
    """
    stats, guess.values = guess.stats, values
    what = "time" if guess.type == "timestamp" else "number"
    texts = stats.known.cast(pl.String)
    odd = texts.filter(pl.Series(np.isnan(values))).to_list()
    ends = [*stats.values.head(2), *stats.values.tail(5)]
    rejected = [text for text in odd if text in ends and stats.rows_of([text]) == 1]
    absent = [text for text in odd if text not in rejected]
    far, maybe = find_sentinels(texts, stats.counts, values)
    if not stats.is_text:
        far, maybe = [], [*far, *maybe]  # no text could be listed as missing
    for group, end in (
        (rejected, f"that are no {what}: units or totals, whose rows are rejected"),
        (absent, f"that are no {what}: read as missing"),
        (far, "far from all others: missing; else take them out of missing_by_column"),
        (maybe, "far from all others: values; else add them to missing_by_column"),
    ):
        if group:
            n = stats.rows_of(group)
            share = f"{n:,} rows ({n / stats.n_rows:.1%})"
            guess.doubts.append(f"has {listed(group)} in {share}, {end}")
    guess.missing += [*far, *absent]
    return far


def _range(values: Floats) -> dict[str, Any]:
    """A range that is a quarter wider than the values on both sides, in round numbers."""
    least, most = float(values.min()), float(values.max())
    span = most - least
    if len(values) <= 10 or not 0 < span < 1e300:
        return {}
    digits = 1 - math.floor(math.log10(span))
    low, high = round(least - SLACK * span, digits), round(most + SLACK * span, digits)
    return {"minimum": 0.0 if least >= 0 else low, "maximum": 0.0 if most <= 0 else high}


def _as_text(guess: Guess, plain: pl.Series) -> None:
    """A category where values come again, else left out as names or free text."""
    stats, texts, doubts = guess.stats, guess.stats.known, guess.doubts
    doubts += differ_by_little(texts.head(10 * MANY))
    if repeats(stats):
        guess.type = "category"
        if len(maybe := texts.filter(_low(texts).is_in(MAYBE) & texts.str.contains(r"^\s*\pL"))):
            doubts.append(f"has {listed(maybe)} as values; if missing, say missing_by_column")
        odd = texts.filter(plain.is_null())
        if stats.rows_of(odd) <= 0.8 * stats.n_known:
            doubts.append(f"holds numbers, and texts such as {listed(odd)}: taken as a category")
        return
    guess.leave_out(f"{len(texts):,} texts that hardly repeat")
    if texts.str.contains(r"^\s*\S*[0-9]").sum() > 0.5 * len(texts):
        end = "if these are numbers or times, convert them in data/transform.py"
        doubts.append(f"is left out, since texts such as {stats.examples} hardly repeat; {end}")


def repeats(stats: ColumnStats) -> bool:
    """Whether values come back often enough to learn something about each of them."""
    if len(stats.known) <= FEW:
        return len(stats.known) <= 0.5 * stats.n_known
    return int(stats.counts.filter(stats.counts >= 5).sum()) >= 0.5 * stats.n_known


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
