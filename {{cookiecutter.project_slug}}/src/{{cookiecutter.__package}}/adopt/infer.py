"""From the values of a column to what the contract says about it, and what is doubtful."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ..contract import Column, ColumnType, NumberFormat
from ..data.cast import FALSE, TRUE, Form, cast
from ..values import canonical_category
from .look import ColumnStats
from .numbers import CENSORED, marks, stand_apart
from .times import times

EXACT_IN_FLOAT32 = 2**24
FEW, MANY, MOST_MARKERS, FEWEST_NUMBERS = 50, 1000, 20, 20
SLACK = 0.25
NULLS = "nan -nan null \\n <na> #n/a #na nat 1.#ind 1.#qnan -1.#ind".split()
"""How programs write that nothing is there, in small letters."""
MAYBE = "na n/a none ? - -- --- . * unknown missing nil".split()
"""Texts that mean so where numbers stand otherwise, and may be values elsewhere."""
PERSONAL = {
    "mail addresses": r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$",
    "telephone numbers": r"^\s*(\+[0-9]|\(?0[0-9])[0-9]*[ ()/.-]+[0-9][0-9 ()/.-]{4,}$",
}


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A column as the contract may have it."""

    column: Column
    doubts: tuple[str, ...] = ()
    """Without the column's name, which stands before them."""
    format: str | None = None
    """How its times are written, where that is not ISO 8601."""
    numbers: NumberFormat | None = None
    missing: tuple[str, ...] = ()
    """Texts that mean that a value is missing, besides blank ones."""
    values: pl.Series | None = None
    """What each of the known texts is as a number."""


def guess(
    stats: ColumnStats, zone: str, *, comma: bool = False, time: bool = False, target: bool = False
) -> Guess:
    """What a column is; ``time`` and ``target`` say what it is for, ``comma`` is as in ``marks``."""
    if not stats.n_known:
        return _excluded(stats, "empty: no row has a value")
    if len(stats.known) == 1 and stats.complete and not (time or target):
        return _excluded(stats, f"constant: always {stats.examples[0][:40]!r}")
    if not stats.is_text:
        return _typed(stats, target=target)
    texts, counts = stats.known, stats.counts
    null = texts.str.strip_chars().str.to_lowercase().is_in(NULLS)
    if null.all():
        return _excluded(stats, f"empty: no value but {texts[0]!r}")
    found = _of_texts(
        stats, texts.filter(~null), counts.filter(~null), zone, comma=comma, time=time, target=target
    )
    if null.any():
        said = tuple(texts.filter(null))
        doubt = f"has {said[0]!r} in {counts.filter(null).sum():,} rows: read as missing"
        column = found.column.model_copy(update={"nullable": True})
        values = found.values
        if values is not None:
            values = texts.replace_strict(texts.filter(~null), values, default=None)
        found = replace(
            found,
            column=column,
            values=values,
            missing=(*said, *found.missing),
            doubts=(*found.doubts, doubt),
        )
    return found


def _of_texts(
    stats: ColumnStats,
    texts: pl.Series,
    counts: pl.Series,
    zone: str,
    *,
    comma: bool,
    time: bool,
    target: bool,
) -> Guess:
    plain = cast(texts, Form(type="float"), zone)
    numeric = plain.null_count() == 0
    why = _code(texts) if numeric else None
    if time or not numeric or (why != "leading zeros" and plain.min() >= 19_000_000):  # type: ignore[operator]
        stamps = times(texts, counts, zone, said=time)
        if stamps:
            moments = stamps.values.dt.epoch("us").cast(pl.Float64)
            found = _ordered(stats, texts, counts, moments, "timestamp", stamps.doubts)
            return replace(found, format=stamps.format)
    for what, form in PERSONAL.items():
        if texts.head(MANY).str.contains(form).sum() > 0.8 * min(len(texts), MANY) > FEWEST_NUMBERS:
            doubt = f"holds {what}: masked, and stays in the ETL"
            return _excluded(stats, f"personal: {what}", doubt, pii=True)
    if numeric:
        if why and not target:
            return _as_code(stats, texts, counts, why)
        found_marks = marks(texts.to_list(), comma=comma) if _three_places(texts) else None
        return _number(stats, texts, counts, plain, found_marks, target=target)
    low = texts.str.strip_chars().str.to_lowercase()
    logical = low.is_in([*TRUE, *FALSE])
    if logical.any() and (logical | low.is_in(MAYBE)).all():
        odd = tuple(texts.filter(~logical))
        doubts = [f"has {odd[0]!r} among yes and no: read as missing"] if odd else []
        return _feature(stats, "boolean", doubts, missing=odd)
    if found_marks := marks(texts.to_list(), comma=comma):
        values = cast(texts, Form(type="float", numbers=found_marks[0]), zone)
        if _mostly_numbers(texts, counts, values, found_marks[0]):
            return _number(stats, texts, counts, values, found_marks, target=target)
    return _text(stats, texts, counts, plain)


def _typed(stats: ColumnStats, *, target: bool) -> Guess:
    """A column whose type Parquet or the database says."""
    if stats.values.dtype == pl.Boolean:
        return _feature(stats, "boolean", [])
    if stats.values.dtype.is_temporal():
        return _feature(stats, "timestamp", [])
    values = cast(stats.known, Form(type="float"), "UTC")
    return _number(stats, stats.known.cast(pl.String), stats.counts, values, None, target=target)


def _three_places(texts: pl.Series) -> bool:
    """Whether each number with a point has three digits behind it, as one with thousands has."""
    point = texts.filter(texts.str.contains(".", literal=True))
    return bool(len(point) and point.str.contains(r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$").all())


def _code(texts: pl.Series) -> str | None:
    """Why texts that are numbers are codes."""
    if texts.str.contains(r"^\s*0[0-9]+\s*$").any():
        return "leading zeros"
    letters = texts.str.contains(r"^\s*[0-9]{1,6}[eE][0-9]{1,2}\s*$").sum() > 1
    if letters and not texts.str.contains("[.+-]").any():
        return "letters among digits"
    return "so many digits" if texts.str.contains(r"^\s*-?[1-9][0-9]{15,}\s*$").any() else None


def _mostly_numbers(
    texts: pl.Series, counts: pl.Series, values: pl.Series, numbers: NumberFormat | None
) -> bool:
    """Whether texts among numbers say that nothing is there, and do not make a category or code."""
    bad = values.is_null()
    odd, others = texts.filter(bad), texts.filter(~bad)
    if counts.filter(bad).sum() > 0.5 * counts.sum():
        return False
    mixed = odd.str.contains("[0-9]") & odd.str.contains("[A-Za-z_-]")
    mixed &= ~odd.str.contains(f"{CENSORED.pattern}|^#")
    whole = numbers is None and others.str.contains(r"^\s*[0-9]+\s*$").all()
    if whole and mixed.sum() > 0.5 * len(odd):
        return False
    words = odd.filter(odd.str.contains(r"[\pL0-9]") & ~odd.str.strip_chars().str.to_lowercase().is_in(MAYBE))
    return not len(words) or len(others) >= FEWEST_NUMBERS


def _excluded(stats: ColumnStats, why: str, *doubts: str, pii: bool = False) -> Guess:
    """A column that is left out, which nothing in it can break."""
    column = Column(type="string", nullable=not stats.complete, role="excluded", why=why, pii=pii)
    return Guess(column=column, doubts=doubts)


def _feature(
    stats: ColumnStats,
    kind: ColumnType,
    doubts: Iterable[str],
    missing: Sequence[str] = (),
    n_bad: int = 0,
    **said: float | None,
) -> Guess:
    """A feature; values that are not of its type become null."""
    mends: dict[str, object] = {"on_violation": {"type": "null"}} if n_bad else {}
    nullable = bool(n_bad or missing) or not stats.complete
    column = Column.model_validate({"type": kind, "nullable": nullable} | mends | said)
    return Guess(column=column, doubts=tuple(doubts), missing=tuple(missing))


def _ordered(
    stats: ColumnStats,
    texts: pl.Series,
    counts: pl.Series,
    values: pl.Series,
    kind: ColumnType,
    doubts: Iterable[str],
    **said: float | None,
) -> Guess:
    """A number or time, of which some texts mean that nothing is there."""
    bad, more = values.is_null(), list(doubts)
    odd, n = texts.filter(bad).to_list(), counts.filter(bad)
    if odd:
        shown, share = ", ".join(repr(text[:30]) for text in odd[:3]), n.sum() / counts.sum()
        what = "time" if kind == "timestamp" else "number"
        more.append(
            f"holds {n.sum():,} values ({share:.1%}) that are no {what}, such as {shown}: read as missing"
        )
    gone, kept = stand_apart(texts, counts, values)
    if not stats.is_text:
        gone, kept = [], [*gone, *kept]  # a type of its own has no texts that could be listed
    for group, end in ((gone, "missing; else take them out of"), (kept, "values; else list them under")):
        if group:
            n_rows, shown = counts.filter(texts.is_in(group)).sum(), ", ".join(map(repr, group[:3]))
            more.append(f"has {shown} in {n_rows:,} rows, far from all others: {end} missing_by_column")
    missing = [*gone, *odd[:MOST_MARKERS]]
    if kind != "timestamp":
        rest = values.filter(~texts.is_in(gone)).drop_nulls()
        if kind == "integer" and max(abs(rest.min()), abs(rest.max())) > EXACT_IN_FLOAT32:  # type: ignore[arg-type]
            kind = "float"
            more.append(
                f"has integers beyond 2^24, such as {stats.examples[0]!r}, which the model rounds: a"
                " float here; if they name things, exclude it"
            )
        said["minimum"], said["maximum"] = _ends(rest)
    found = _feature(stats, kind, more, missing, int(n.slice(MOST_MARKERS).sum() or 0), **said)
    return replace(found, values=values)


def _number(
    stats: ColumnStats,
    texts: pl.Series,
    counts: pl.Series,
    values: pl.Series,
    found: tuple[NumberFormat | None, list[str]] | None,
    *,
    target: bool,
) -> Guess:
    numbers, doubts = found or (None, [])
    known = values.drop_nulls()
    whole = bool((known.floor() == known).all()) and not (numbers and numbers.factors)
    span = float(known.max()) - float(known.min())  # type: ignore[arg-type]
    if whole and not target and len(known) == stats.n_rows > FEWEST_NUMBERS:
        rows = cast(stats.values, Form(type="float"), "UTC")
        if span < 1.05 * stats.n_rows and rows.is_sorted():
            found_ = _excluded(stats, "it counts the rows", f"counts the rows ({texts[0]!r} …): left out")
            return replace(found_, values=values)
    guess_ = _ordered(stats, texts, counts, values, "integer" if whole else "float", doubts)
    return replace(guess_, numbers=numbers)


def _as_code(stats: ColumnStats, texts: pl.Series, counts: pl.Series, why: str) -> Guess:
    doubt = f"looks like a number, such as {texts[0]!r}, but is read as a code ({why})"
    if repeats(texts, counts):
        return _feature(stats, "category", [doubt])
    return _excluded(stats, f"a code that hardly repeats ({why})", f"{doubt}: left out")


def _ends(values: pl.Series) -> tuple[float | None, float | None]:
    """A range that is a quarter wider than the values on both sides, in round numbers."""
    least, most = float(values.min()), float(values.max())  # type: ignore[arg-type]
    span = most - least
    if len(values) <= 10 or not 0 < span < 1e300:
        return None, None
    step = 10.0 ** math.floor(math.log10(span) - 1)
    digits = max(0, 1 - math.floor(math.log10(step)))
    low = round(math.floor((least - SLACK * span) / step) * step, digits)
    high = round(math.ceil((most + SLACK * span) / step) * step, digits)
    if not (low <= least and high >= most and math.isfinite(low) and math.isfinite(high)):
        return None, None
    return 0.0 if least >= 0 else low, 0.0 if most <= 0 else high


def _text(stats: ColumnStats, texts: pl.Series, counts: pl.Series, plain: pl.Series) -> Guess:
    doubts = alike(texts.head(10 * MANY).to_list())
    if repeats(texts, counts):
        low = texts.head(MANY).str.strip_chars().str.to_lowercase()
        if len(maybe := texts.head(MANY).filter(low.is_in(MAYBE) & low.str.contains(r"^\pL"))):
            doubts.append(f"keeps {maybe[0]!r} as a value; if it means missing, say missing_by_column")
        if counts.filter(plain.is_not_null()).sum() >= 0.2 * counts.sum():
            odd = texts.filter(plain.is_null())[0]
            doubts.append(f"holds numbers, and texts such as {odd[:30]!r}: taken as a category")
        if len(texts) > MANY:
            doubts.append(f"has {len(texts):,} values: the model sees the frequent ones")
        return _feature(stats, "category", doubts)
    words, length = _words(texts), float(texts.str.len_chars().mean())  # type: ignore[arg-type]
    why = f"{len(texts):,} values, most of which hardly repeat"
    if words >= 4 or length > FEW:
        why = f"free text: {words:.0f} words on average"
    elif len(texts) >= 0.95 * counts.sum():
        why = "names rows: nearly every value is another one"
    if length <= FEW and texts.str.contains("[0-9]").sum() > 0.5 * len(texts):
        doubts.append(
            f"is left out ({why}), such as {texts[0][:40]!r}; if these are numbers or times, convert"
            " them in data/transform.py"
        )
    return _excluded(stats, why, *doubts)


def _words(texts: pl.Series) -> float:
    return 1 + float(texts.head(MANY).str.count_matches(r"\s\S").mean())  # type: ignore[arg-type]


def alike(texts: Iterable[str]) -> list[str]:
    """A doubt where values differ only by case, spaces or a mark at their end."""
    groups: dict[str, set[str]] = {}
    for value in map(canonical_category, texts):
        key = re.sub(r"^[\W_]+(?=\w)|(?<=\w)[\W_]+$|(?<=\w)[\s_-]+(?=\w)", "", value.casefold())
        groups.setdefault(value[:1] + key if value[:1] in "<>≤≥+-" else key, set()).add(value)
    found = [sorted(group) for group in groups.values() if len(group) > 1]
    shown = ", ".join(map(repr, found[0][:3])) if found else ""
    return [
        f"has values that differ by case, spaces or a dot alone, such as {shown}: kept apart; if they"
        " are one, replace them in data/transform.py"
    ] * bool(found)


def repeats(texts: pl.Series, counts: pl.Series) -> bool:
    """Whether values come back often enough to learn something about each of them."""
    if len(texts) <= FEW:
        return bool(len(texts) <= 0.5 * counts.sum())
    return _words(texts) < 5 and bool(counts.filter(counts >= 5).sum() >= 0.5 * counts.sum())
