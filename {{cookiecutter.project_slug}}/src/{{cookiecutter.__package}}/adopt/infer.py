"""From the values of a column to what the contract says about it, and what is doubtful."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from ..contract import Column, ColumnType, NumberFormat
from ..data.cast import FALSE, TRUE, Form, cast
from ..values import canonical_category
from .forms import CENSORED, Floats, Reading, find_sentinels, listed, number_reading, time_reading

EXACT_IN_FLOAT32 = 2**24
FEW, MANY, MOST_MARKERS, FEWEST_NUMBERS = 50, 1000, 100, 20
NULL = r"(?i)^\s*(?:[-+]?nan|null|\\n|<na>|#n/a|#na|nat|1\.#ind|1\.#qnan)?\s*$"
"""Blank, or how programs write that nothing is there."""
MAYBE = ["na", "n/a", "none", "?", "-", "--", "---", ".", "*", "unknown", "missing", "nil"]
"""Texts that mean that a value is missing where numbers stand otherwise, and may be values."""
ODD_NUMBER = r"^\s*0[0-9]|[eE]|[0-9]{16}|^-?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""Numbers that may be codes, or have a mark for thousands."""
PLACEHOLDER = r"^-|^(9{2,}|10{5,})(\.0*)?$|[eE]|[^0-9.]"
"""What stands for none if it is far from all other numbers or times."""
PLAIN = Form(type="float")
EXPONENTS = "letters among digits"
CODES = {
    "leading zeros": r"^\s*0[0-9]+\s*$",
    EXPONENTS: r"^\s*[0-9]{1,6}[eE][0-9]{1,2}\s*$",
    "so many digits": r"^\s*-?[1-9][0-9]{15,}\s*$",
}
"""What makes a code of numbers, but exponents only where no other text has a mark or sign."""
PERSONAL = (
    r"^\s*(?:[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
    r"|(?:\+[0-9]|\(?0[0-9])[0-9]*[ ()/.-]+[0-9][0-9 ()/.-]{4,})\s*$"
)
"""Mail addresses and telephone numbers."""


class Guess:
    """A column of the table as the contract may have it, and what is doubtful about that."""

    def __init__(self, values: pl.Series, nulls: Sequence[str] = ()) -> None:
        self.values, self.is_text, self.n_rows = values, values.dtype == pl.String, len(values)
        known = values.drop_nulls().alias(" ").value_counts(sort=True, name="n")
        absent = known.clear()
        if self.is_text:
            is_null = known[" "].str.contains(NULL) | known[" "].is_in(nulls)
            known, absent = known.filter(~is_null), known.filter(is_null)
        self.known, self.counts = known[" "], known["n"]
        """Distinct values that are there, the most frequent first, and in how many rows each is."""
        self.n_known = int(self.counts.sum())
        self.complete, self.unique = self.n_known == self.n_rows, len(known) == self.n_rows
        self.examples = listed(self.known.head(3))
        self.blanks = [text for text in absent[" "] if not text.strip()]
        self.missing = [text for text in absent[" "] if text.strip()]
        """Texts that mean that a value is missing, besides blank ones."""
        self.type: ColumnType = "string"
        self.rules: dict[str, Any] = {}
        """What else the contract says of the column."""
        self.format: str | None = None
        self.numbers: NumberFormat | None = None
        self.floats: Floats | None = None
        """Numbers or times that the known values are; NaN for one that is none."""
        self.doubts: list[str] = []
        """Without the column's name, which stands before them."""

    @property
    def column(self) -> Column:
        """The column; it may be missing where it is, or where some texts mean that."""
        nullable = bool(self.missing) or not self.complete
        return Column.model_validate({"type": self.type, "nullable": nullable} | self.rules)

    @property
    def is_whole(self) -> bool:
        """Whether the column holds whole numbers, written plainly."""
        return self.type == "integer" and self.numbers is None

    def rows_of(self, texts: Iterable[str]) -> int:
        """How many rows have one of these texts."""
        return int(self.counts.filter(self.known.cast(str).is_in(list(texts))).sum())

    def become(self, kind: ColumnType, **rules: Any) -> None:
        """Take the texts as they stand for values of this type."""
        self.type, self.rules = kind, rules
        self.format = self.numbers = None

    def leave_out(self, why: str, *, pii: bool = False) -> None:
        """Exclude the column, so that nothing in it can break."""
        self.become("string", role="excluded", why=why, pii=pii)


def guess(values: pl.Series, *, is_target: bool = False, nulls: Sequence[str] = ()) -> Guess:
    """What a column is; these texts, too, mean that a value is missing."""
    result = Guess(values, nulls)
    if words := result.missing:
        shown = f"{listed(words)} in {values.is_in(words).sum():,} rows"
        result.doubts.append(f"has {shown}: read as missing")
    if not result.n_known:
        result.leave_out("empty: no row has a value")
    elif len(result.known) == 1 and result.complete:
        result.leave_out(f"constant: always {result.examples}")
    elif values.dtype == pl.Boolean:
        result.type = "boolean"
    elif values.dtype.is_temporal():
        result.type = "timestamp"
    elif result.is_text:
        _read_texts(result, is_target=is_target)
    else:
        _as_numbers(result, cast(result.known, PLAIN, "UTC"))
    return result


def _read_texts(guess: Guess, *, is_target: bool) -> None:
    """What a column of texts is: a time, a code, a number, yes and no, or a category."""
    texts, counts = guess.known, guess.counts
    plain = cast(texts, PLAIN, "UTC")
    numeric = not plain.null_count()
    odd = numeric and texts.str.contains(ODD_NUMBER).any()
    code = _code(texts) if odd else None
    times = None if code == "leading zeros" else time_reading(texts, counts)
    if times and times.values.null_count() <= MOST_MARKERS:
        guess.type, guess.format = "timestamp", times.form.format
        guess.doubts += times.doubts
        _find_missing(guess, times.values.dt.epoch("us").cast(pl.Float64).to_numpy())
        return
    if code and not is_target:
        _as_code(guess, code)
        return
    most = max(0.8 * len(texts), FEWEST_NUMBERS)
    if not numeric and texts.str.contains(PERSONAL).sum() > most:
        guess.leave_out("personal", pii=True)
        guess.doubts.append("holds mail addresses or telephone numbers: masked in the ETL")
        return
    if not numeric and _as_logical(guess):
        return
    numbers = number_reading(texts, counts) if odd or not numeric else None
    if numbers and (numeric or _mostly_numbers(guess, numbers)):
        guess.numbers = numbers.form.numbers
        guess.doubts += numbers.doubts
        _as_numbers(guess, numbers.values)
    elif numeric:
        _as_numbers(guess, plain)
    else:
        _as_text(guess, plain)


def _code(texts: pl.Series) -> str | None:
    """Why texts that are numbers are codes."""
    codes = {why: texts.str.contains(pattern).any() for why, pattern in CODES.items()}
    codes[EXPONENTS] &= not texts.str.contains("[.+-]").any()
    return next((why for why, is_code in codes.items() if is_code), None)


def _as_code(guess: Guess, why: str) -> None:
    doubt = f"looks like a number, such as {guess.examples}, but is read as a code ({why})"
    guess.type = "category"
    if not repeats(guess):
        guess.leave_out(f"a code that hardly repeats ({why})")
        doubt += ": left out"
    guess.doubts.append(doubt)


def _low(texts: pl.Series) -> pl.Series:
    """Texts without the spaces around them, in small letters."""
    return texts.str.strip_chars().str.to_lowercase()


def _as_logical(guess: Guess) -> bool:
    """Whether the column is yes and no, among which other texts mean that a value is missing."""
    logical = _low(guess.known).is_in([*TRUE, *FALSE])
    odd = guess.known.filter(~logical)
    if not logical.any() or not _low(odd).is_in(MAYBE).all():
        return False
    guess.type = "boolean"
    guess.missing += odd.to_list()
    if len(odd):
        guess.doubts.append(f"has {listed(odd)} among yes and no: read as missing")
    return True


def _mostly_numbers(guess: Guess, reading: Reading) -> bool:
    """Whether texts among numbers mean missing, and make no category or code."""
    is_number = reading.values.is_not_null()
    odd, others = guess.known.filter(~is_number), guess.known.filter(is_number)
    mixed = odd.str.contains(r"[0-9].*[A-Za-z_-]|[A-Za-z_-].*[0-9]")
    mixed &= ~odd.str.contains(f"{CENSORED.pattern}|^#")
    whole = reading.form.numbers is None and others.str.contains(r"^\s*[0-9]+\s*$").all()
    codes = whole and mixed.sum() > 0.5 * len(odd)
    words = (odd.str.contains(r"[\pL0-9]") & ~_low(odd).is_in(MAYBE)).any()
    few = len(odd) <= MOST_MARKERS and guess.rows_of(odd) <= 0.5 * guess.n_known
    return few and not codes and (not words or len(others) >= FEWEST_NUMBERS)


def _as_numbers(guess: Guess, read: pl.Series) -> None:
    """A column of whole numbers, or of others."""
    factors = guess.numbers is not None and guess.numbers.factors
    whole = not factors and (read == read.floor()).all()
    guess.type = "integer" if whole else "float"
    floats = _find_missing(guess, read.to_numpy())
    if whole and np.nanmax(np.abs(floats)) > EXACT_IN_FLOAT32:
        guess.type, shown = "float", guess.examples
        guess.doubts.append(f"has integers beyond 2^24, such as {shown}: rounded; are they names?")


def _find_missing(guess: Guess, values: Floats) -> Floats:
    """Keep the numbers or times that are there, and say which texts among them are missing."""
    what = "time" if guess.type == "timestamp" else "number"
    texts = guess.known.cast(pl.String)
    odd = texts.filter(pl.Series(np.isnan(values))).to_list()
    ends = [*guess.values.head(2), *guess.values.tail(5)]
    rejected = [text for text in odd if text in ends and guess.rows_of([text]) == 1]
    absent = [text for text in odd if text not in rejected]
    apart = find_sentinels(texts, guess.counts, values)
    far = [text for text in apart if guess.is_text and re.search(PLACEHOLDER, text.strip())]
    maybe = [text for text in apart if text not in far]
    for group, end in (
        (rejected, f"that are no {what}: units or totals, whose rows are rejected"),
        (absent, f"that are no {what}: read as missing"),
        (far, "far from all others: missing; else take them out of missing_by_column"),
        (maybe, "far from all others: values; else add them to missing_by_column"),
    ):
        if n := guess.rows_of(group):
            shown = f"{listed(group)} in {n:,} rows ({n / guess.n_rows:.1%})"
            guess.doubts.append(f"has {shown}, {end}")
    guess.missing += [*far, *absent]
    guess.floats = floats = np.where(texts.is_in(far), np.nan, values)
    return floats


def _as_text(guess: Guess, plain: pl.Series) -> None:
    """A category where values come again, else left out as names or free text."""
    texts, doubts = guess.known, guess.doubts
    doubts += differ_by_little(texts.head(10 * MANY))
    if repeats(guess):
        guess.type = "category"
        if len(maybe := texts.filter(_low(texts).is_in(MAYBE) & texts.str.contains(r"^\s*\pL"))):
            doubts.append(f"has {listed(maybe)} as values; if missing, say missing_by_column")
        odd = texts.filter(plain.is_null())
        if guess.rows_of(odd) <= 0.8 * guess.n_known:
            doubts.append(f"holds numbers, and texts such as {listed(odd)}: taken as a category")
        return
    guess.leave_out(f"{len(texts):,} texts that hardly repeat")
    if texts.str.contains(r"^\s*\S*[0-9]").sum() > 0.5 * len(texts):
        end = "if these are numbers or times, convert them in data/transform.py"
        doubts.append(f"is left out, since texts such as {guess.examples} hardly repeat; {end}")


def repeats(guess: Guess) -> bool:
    """Whether values come back often enough to learn something about each of them."""
    if len(guess.known) <= FEW:
        return len(guess.known) <= 0.5 * guess.n_known
    return int(guess.counts.filter(guess.counts >= 5).sum()) >= 0.5 * guess.n_known


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
