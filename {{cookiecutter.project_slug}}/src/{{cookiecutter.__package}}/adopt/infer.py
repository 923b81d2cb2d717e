"""From the values of a column to what the contract says about it, and what is doubtful."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from ..contract import Column, ColumnType, NumberFormat
from ..data.cast import FALSE, TRUE, Form, cast
from ..values import canonical_category
from .look import ColumnStats
from .numbers import CENSORED, marks
from .times import Times, times

EXACT_IN_FLOAT32 = 2**24
FEW, MANY, MOST_MARKERS, MOST_LABELS = 50, 1000, 20, 20
SLACK = 0.25
NULLS = {"nan", "-nan", "null", "\\n", "<na>", "#n/a", "#na", "nat", "1.#ind", "1.#qnan", "-1.#ind"}
"""How programs write that nothing is there, in small letters."""
MAYBE = {"na", "n/a", "none", "?", "-", "--", "---", ".", "*", "unknown", "missing", "nil"}
"""Texts that mean so where numbers stand otherwise, and may be values elsewhere."""
MAIL = r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$"
PHONE = r"^\s*(\+[0-9]|\(?0[0-9])[0-9]*[ ()/.-]+[0-9][0-9 ()/.-]{4,}$"
NINES = re.compile(r"^-?(9{2,}|1e\+?[0-9]+|10{5,})(\.0*)?$")
HUGE = 1e15


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
    values: pl.Series | None = field(default=None, repr=False)
    """Of a number or time: what each of the known texts is, as a float."""


def guess(stats: ColumnStats, zone: str, *, comma: bool = False, time: bool = False) -> Guess:
    """What a column is; ``time`` says that it must be a timestamp, ``comma`` as in ``marks``."""
    if not stats.n_known:
        return Guess(column=excluded(stats, "empty: no row has a value"))
    if len(stats.known) == 1 and stats.complete and not time:
        return Guess(column=excluded(stats, f"constant: always {stats.examples[0][:40]!r}"))
    if not stats.is_text:
        return _typed(stats)
    texts, counts = stats.known["value"], stats.known["n"]
    null = texts.str.strip_chars().str.to_lowercase().is_in(list(NULLS))
    nulls = tuple(texts.filter(null).to_list())
    if nulls:
        texts, counts = texts.filter(~null), counts.filter(~null)
    if not len(texts):
        return Guess(column=excluded(stats, f"empty: no value but {nulls[0]!r}"), missing=nulls)
    found = _of_texts(stats, texts, counts, zone, comma=comma, time=time)
    if nulls:
        doubt = f"has {nulls[0]!r} in {stats.n_known - counts.sum():,} rows: read as missing"
        found = replace(found, missing=(*nulls, *found.missing), doubts=(*found.doubts, doubt))
        column = found.column.model_dump(exclude_unset=True) | {"nullable": True}
        found = replace(found, column=Column.model_validate(column))
    return found


def _of_texts(
    stats: ColumnStats, texts: pl.Series, counts: pl.Series, zone: str, *, comma: bool, time: bool
) -> Guess:
    values = cast(texts, Form(type="float"), zone)
    plain = values.null_count() == 0
    if time or not plain or _may_be_moments(values):
        stamps = times(texts, counts, zone, said=time)
        if stamps and not (plain and not time and _is_code(texts)):
            return _timestamp(stats, texts, counts, stamps)
    if personal := _personal(stats, texts, counts):
        return personal
    if plain:
        found = marks(texts.to_list(), comma=comma) if _three_places(texts) else None
        return _number(stats, texts, counts, values, found and found.format, found.doubts if found else ())
    low = texts.str.strip_chars().str.to_lowercase()
    logical = low.is_in([*TRUE, *FALSE])
    if (logical | low.is_in(list(MAYBE))).all() and logical.any():
        return _boolean(stats, texts.filter(~logical))
    found = marks(texts.to_list(), comma=comma)
    if found:
        read = cast(texts, Form(type="float", numbers=found.format), zone)
        if guess_ := _mostly_number(stats, texts, counts, read, found.format, found.doubts):
            return guess_
    return _text(stats, texts, counts, values)


def _may_be_moments(values: pl.Series) -> bool:
    """Whether numbers have as many digits as days or moments."""
    low = values.min()
    return isinstance(low, float) and low >= 19_000_000


def _three_places(texts: pl.Series) -> bool:
    """Whether each number with a point has three digits behind it, as one with thousands has."""
    point = texts.str.contains(".", literal=True)
    return bool(point.any()) and bool(texts.filter(point).str.contains(r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$").all())


def _is_code(texts: pl.Series) -> bool:
    return bool(texts.str.contains(r"^\s*0[0-9]+\s*$").any())


def excluded(stats: ColumnStats, why: str, kind: ColumnType = "string", **said: Any) -> Column:
    """A column that is left out, which nothing in it can break."""
    return Column(type=kind, nullable=not stats.complete, role="excluded", why=why, **said)


def _column(stats: ColumnStats, kind: ColumnType, n_bad: int = 0, **said: object) -> Column:
    """A feature; values that are not of its type become null."""
    mends: dict[str, object] = {"on_violation": {"type": "null"}} if n_bad else {}
    missing = said.pop("missing", None)
    nullable = bool(n_bad or missing) or not stats.complete
    return Column.model_validate({"type": kind, "nullable": nullable} | mends | said)


def _typed(stats: ColumnStats) -> Guess:
    """A column whose type Parquet or the database says."""
    values, kind = stats.known["value"], stats.values.dtype
    if kind == pl.Boolean:
        return Guess(column=_column(stats, "boolean"))
    if kind.is_temporal():
        moments = values.cast(pl.Datetime("us")).cast(pl.Float64)
        return Guess(column=_column(stats, "timestamp"), values=moments)
    floats = cast(values, Form(type="float"), "UTC")
    return _number(stats, values.cast(pl.String), stats.known["n"], floats, None, ())


def _boolean(stats: ColumnStats, missing: pl.Series) -> Guess:
    doubts = [f"has {text!r} among yes and no: read as missing" for text in missing.to_list()[:1]]
    column = _column(stats, "boolean", missing=missing.to_list())
    return Guess(column=column, missing=tuple(missing.to_list()), doubts=tuple(doubts))


def _timestamp(stats: ColumnStats, texts: pl.Series, counts: pl.Series, stamps: Times) -> Guess:
    values = stamps.values.dt.epoch("us").cast(pl.Float64)
    apart, kept = stand_apart(texts, counts, values, texts)
    bad = _misfits(texts, counts, values)
    missing = (*apart, *bad.markers)
    doubts = [*stamps.doubts, *bad.doubts("a time"), *_apart(apart, kept, counts, texts)]
    column = _column(stats, "timestamp", bad.n_left, missing=missing)
    return Guess(
        column=column, doubts=tuple(doubts), format=stamps.format, missing=missing, values=values
    )


@dataclass(frozen=True, kw_only=True)
class _Misfits:
    texts: list[str]
    n: int
    n_known: int
    markers: tuple[str, ...]
    """Texts that are listed as missing; others become null since they break the type."""
    n_left: int

    def doubts(self, kind: str) -> list[str]:
        if not self.n:
            return []
        shown = ", ".join(repr(text[:30]) for text in self.texts[:3])
        share = self.n / self.n_known
        return [f"holds {self.n:,} values ({share:.1%}) that are no {kind[2:]}, such as {shown}: read as missing"]


def _misfits(texts: pl.Series, counts: pl.Series, values: pl.Series) -> _Misfits:
    bad = values.is_null()
    odd, n = texts.filter(bad).to_list(), counts.filter(bad)
    markers = tuple(odd[:MOST_MARKERS])
    left = int(n.slice(len(markers)).sum() or 0)
    total = int(counts.sum() or 0)
    return _Misfits(texts=odd, n=int(n.sum() or 0), n_known=total, markers=markers, n_left=left)


def _mostly_number(
    stats: ColumnStats,
    texts: pl.Series,
    counts: pl.Series,
    values: pl.Series,
    numbers: NumberFormat | None,
    doubts: tuple[str, ...],
) -> Guess | None:
    """A number with some texts that are none; ``None`` where they make it a category or a code."""
    bad = values.is_null()
    odd = texts.filter(bad)
    share = counts.filter(bad).sum() / counts.sum()
    if share > 0.5:
        return None
    if len(odd) and numbers is None:
        digits = odd.str.contains("[0-9]") & odd.str.contains("[A-Za-z_-]")
        digits &= ~odd.str.contains(CENSORED.pattern) & ~odd.str.contains("^#")
        whole = texts.filter(~bad).str.contains(r"^\s*[0-9]+\s*$").all()
        if whole and digits.sum() > 0.5 * len(odd):
            return None
    known = {text.strip().lower() for text in odd.to_list()} <= MAYBE
    signs = not odd.str.contains(r"[\pL0-9]").any()
    if len(odd) and not (known or signs) and len(texts) - len(odd) < MOST_LABELS:
        return None
    return _number(stats, texts, counts, values, numbers, doubts)


def _number(
    stats: ColumnStats,
    texts: pl.Series,
    counts: pl.Series,
    values: pl.Series,
    numbers: NumberFormat | None,
    doubts: tuple[str, ...],
) -> Guess:
    bad = _misfits(texts, counts, values)
    known, n_known = values.drop_nulls(), counts.filter(values.is_not_null())
    whole = bool((known.floor() == known).all()) and not (numbers and numbers.factors)
    if whole and stats.is_text and numbers is None and (why := _code(texts.filter(values.is_not_null()))):
        return _as_code(stats, texts, counts, why)
    counter = len(known) == stats.n_rows and whole and _span(known) + 1 <= 1.05 * stats.n_rows
    if counter and stats.values.dtype != pl.Float64 and len(known) > MOST_LABELS:
        if stats.is_text and cast(stats.values, Form(type="integer"), "UTC").is_sorted():
            doubt = f"counts the rows ({stats.examples[0]!r} …): left out"
            return Guess(column=excluded(stats, "it counts the rows", "integer"), doubts=(doubt,))
        if not stats.is_text and stats.values.is_sorted():
            doubt = f"counts the rows ({stats.examples[0]!r} …): left out"
            return Guess(column=excluded(stats, "it counts the rows", "integer"), doubts=(doubt,))
    apart, kept = stand_apart(texts, counts, values, texts) if stats.is_text else ((), ())
    if not stats.is_text:
        _, kept = stand_apart(texts, counts, values, texts)
        kept = (*_, *kept)
    more = [*doubts, *bad.doubts("a number"), *_apart(apart, kept, counts, texts)]
    missing = (*apart, *bad.markers)
    rest = values.filter(~texts.is_in(list(apart))).drop_nulls() if apart else known
    if whole and max(abs(rest.min()), abs(rest.max())) > EXACT_IN_FLOAT32:  # type: ignore[arg-type]
        whole = False
        more.append(
            f"has integers beyond 2^24, such as {stats.examples[0]!r}, which the model rounds: it is a"
            " float here; if they name things, exclude it"
        )
    low, high = ends(rest)
    kind: ColumnType = "integer" if whole else "float"
    column = _column(stats, kind, bad.n_left, missing=missing, minimum=low, maximum=high)
    return Guess(
        column=column, doubts=tuple(more), numbers=numbers, missing=missing, values=values
    )


def _span(known: pl.Series) -> float:
    return float(known.max()) - float(known.min())  # type: ignore[arg-type]


def stand_apart(
    texts: pl.Series, counts: pl.Series, values: pl.Series, shown: pl.Series
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts of values far from all others that come again: those taken as missing, and others."""
    table = pl.DataFrame({"text": shown, "n": counts, "v": values}).drop_nulls("v")
    groups = table.group_by("v").agg("text", pl.col("n").sum()).sort("v")
    if len(groups) < 3:
        return (), ()
    missing: list[str] = []
    kept: list[str] = []
    usual = float(groups["n"].median())  # type: ignore[arg-type]
    while len(groups) >= 3:
        v, n = groups["v"], groups["n"]
        below, above = v[1] - v[0], v[-1] - v[-2]
        end, gap = (0, below) if below > above else (len(v) - 1, above)
        rest = v[-1] - v[1] if end == 0 else v[-2] - v[0]
        least = 3 if gap >= 3 * rest else max(3, 2 * usual)
        if gap < rest or n[end] < least or rest <= 0:
            huge = abs(v[end]) >= HUGE and abs(v[end]) > 1e6 * max(abs(v[1]), abs(v[-2])) and n[end] > 1
            if not huge:
                break
        found = groups["text"][end].to_list()
        others = groups.slice(1) if end == 0 else groups.slice(0, len(v) - 1)
        negative = v[end] < 0 <= others["v"].min()
        placeholder = NINES.match(found[0].strip()) or negative or not found[0].strip().lstrip("-.").isdigit()
        (missing if placeholder and gap >= rest else kept).extend(found)
        groups = others
    return tuple(missing), tuple(kept)


def _apart(
    missing: Iterable[str], kept: Iterable[str], counts: pl.Series, texts: pl.Series
) -> list[str]:
    doubts = []
    for group, end in ((list(missing), "read as missing"), (list(kept), "kept as values")):
        if group:
            n = int(counts.filter(texts.is_in(group)).sum() or 0)
            shown = ", ".join(repr(text) for text in group[:3])
            advice = "say missing_by_column" if end[0] == "k" else "take it out of missing_by_column"
            doubts.append(f"has {shown} in {n:,} rows, far from all others: {end}; else {advice}")
    return doubts


def _code(texts: pl.Series) -> str | None:
    """Why whole numbers are codes."""
    if _is_code(texts):
        return "leading zeros"
    if texts.str.contains(r"^\s*[0-9]{1,6}[eE][0-9]{1,2}\s*$").sum() > 1 and not texts.str.contains("[.+-]").any():
        return "letters among digits"
    return "so many digits" if texts.str.contains(r"^\s*-?[1-9][0-9]{15,}\s*$").any() else None


def _as_code(stats: ColumnStats, texts: pl.Series, counts: pl.Series, why: str) -> Guess:
    doubt = f"looks like a number, such as {texts[0]!r}, but is read as a code ({why})"
    if repeats(texts, counts):
        return Guess(column=_column(stats, "category"), doubts=(doubt,))
    return Guess(
        column=excluded(stats, f"a code that hardly repeats ({why})"), doubts=(f"{doubt}: left out",)
    )


def ends(values: pl.Series) -> tuple[float | None, float | None]:
    """A range that is a quarter wider than the values on both sides, in round numbers."""
    least, most = float(values.min()), float(values.max())  # type: ignore[arg-type]
    span = most - least
    if len(values) <= 10 or not 0 < span < 1e300:
        return None, None
    step = 10.0 ** math.floor(math.log10(span) - 1)
    low = math.floor((least - SLACK * span) / step) * step
    high = math.ceil((most + SLACK * span) / step) * step
    digits = max(0, 1 - math.floor(math.log10(step)))
    low, high = round(low, digits), round(high, digits)
    if not (low <= least and high >= most and math.isfinite(low) and math.isfinite(high)):
        return None, None
    return 0.0 if least >= 0 else low, 0.0 if most <= 0 else high


def _personal(stats: ColumnStats, texts: pl.Series, counts: pl.Series) -> Guess | None:
    """Columns that reach a person, by their values: mail addresses and telephone numbers."""
    some = texts.head(1000)
    for form, what in ((MAIL, "mail addresses"), (PHONE, "telephone numbers")):
        if some.str.contains(form).mean() > 0.8 and len(texts) > MOST_LABELS:  # type: ignore[operator]
            column = excluded(stats, f"personal: {what}", pii=True)
            return Guess(column=column, doubts=(f"holds {what}: masked, and stays in the ETL",))
    return None


def _text(stats: ColumnStats, texts: pl.Series, counts: pl.Series, plain: pl.Series) -> Guess:
    doubts = list(labels_alike(texts.to_list()))
    n_plain = int(counts.filter(plain.is_not_null()).sum() or 0) / counts.sum()
    maybe = [text for text in texts.to_list()[:MANY] if text.strip().lower() in MAYBE and text.strip().isalpha()]
    if repeats(texts, counts):
        if maybe:
            doubts.append(
                f"keeps {maybe[0]!r} as a value; if it means missing, list it under missing_by_column"
            )
        if n_plain >= 0.2:
            odd = texts.filter(plain.is_null())[0]
            doubts.append(f"holds numbers, and texts such as {odd[:30]!r}: taken as a category")
        if len(texts) > MANY:
            doubts.append(f"has {len(texts):,} values: the model sees the frequent ones")
        return Guess(column=_column(stats, "category"), doubts=tuple(doubts))
    words, length = _mean(texts, r"\s\S") + 1, float(texts.str.len_chars().mean())  # type: ignore[arg-type]
    why = "names rows: nearly every value is another one"
    if words >= 4 or length > 50:
        why = f"free text: {words:.0f} words on average"
    elif len(texts) < 0.95 * counts.sum():
        why = f"{len(texts):,} values, most of which hardly repeat"
    digits = texts.str.contains("[0-9]").mean()
    if length <= 50 and digits > 0.5:  # type: ignore[operator]
        doubts.append(
            f"is left out ({why.partition(':')[0]}), such as {texts[0][:40]!r}; if these are numbers or"
            " times, convert them in data/transform.py"
        )
    return Guess(column=excluded(stats, why), doubts=tuple(doubts))


def _mean(texts: pl.Series, pattern: str) -> float:
    return float(texts.head(MANY).str.count_matches(pattern).mean())  # type: ignore[arg-type]


def labels_alike(texts: Iterable[str]) -> Iterable[str]:
    """A doubt where values differ only by case, spaces or a mark at their end."""
    groups: dict[str, set[str]] = {}
    for text in list(texts)[: 10 * MANY]:
        value = canonical_category(text)
        key = re.sub(r"^[\W_]+(?=\w)|(?<=\w)[\W_]+$|(?<=\w)[\s_-]+(?=\w)", "", value.casefold())
        key = value[0] + key if value[:1] in "<>≤≥+-" else key
        groups.setdefault(key, set()).add(value)
    alike = [sorted(group) for group in groups.values() if len(group) > 1]
    if alike:
        shown = ", ".join(map(repr, alike[0][:3]))
        yield (
            f"has values that differ by case, spaces or a dot alone, such as {shown}: kept apart; if"
            " they are one, replace them in data/transform.py"
        )


def repeats(texts: pl.Series, counts: pl.Series) -> bool:
    """Whether values come back often enough to learn something about each of them."""
    n_known = counts.sum()
    if len(texts) > FEW and _mean(texts, r"\s\S") >= 4:
        return False
    if len(texts) <= FEW:
        return bool(len(texts) <= 0.5 * n_known)
    return bool(counts.filter(counts >= 5).sum() >= 0.5 * n_known)
