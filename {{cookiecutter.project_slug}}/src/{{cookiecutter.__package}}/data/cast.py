"""Texts and values of other systems to the contract's types; what is not of its type becomes null.

polars' own casts read most columns. Where one fails, and always for times, each distinct text is
compared with the form that the contract's language has for it, because casts take what people never
meant: 2013-1-01, second 60, inf.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ..contract import ColumnType, NumberFormat
from ..errors import DataError
from ..values import ANY_SPACES, SPACES, canonical_category

TYPES: dict[ColumnType, pl.DataType] = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "string": pl.String(),
    "timestamp": pl.Datetime("us", "UTC"),
}
FIRST, LAST = datetime(100, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)
TRUE, FALSE = ["true", "t", "yes", "y", "1", "1.0"], ["false", "f", "no", "n", "0", "0.0"]
LOGICAL = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}
ISO = (
    r"^(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?P<h>[01][0-9]|2[0-3])"
    r"(?::(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9])(?:\.(?P<f>[0-9]{1,9}))?)?)?"
    r"(?:(?P<z>Z)|(?P<sign>[+-])(?P<zh>[01][0-9]|2[0-3]):?(?P<zm>[0-5][0-9])?)?)?$"
)
LONGEST_GAP = timedelta(hours=3)
"""Clocks are never set forward by more."""
MICROSECONDS = {"epoch_s": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
SANE = {
    "%Y%m%d": (19_000_101, 21_001_231),
    "epoch_s": (5 * 10**8, 3 * 10**9),
    "epoch_ms": (5 * 10**11, 3 * 10**12),
    "epoch_us": (5 * 10**14, 3 * 10**15),
    "epoch_ns": (5 * 10**17, 3 * 10**18),
}
"""Numbers that may be times, and between which ends: about the years 1985 to 2065."""
MIDNIGHT = r"(^|[^0-9:])24:00((?::00)?)([^0-9:]|$)"
"""The end of a day."""
ANY_SPACE = r"[\s\x{A0}\x{2007}\x{2009}\x{202F}]"
GROUPING = {" ": ANY_SPACE, "'": "['\u2019\u02bc]"}


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a column's values are written."""

    type: ColumnType
    format: str | None = None
    numbers: NumberFormat | None = None
    missing: tuple[str, ...] = ()


def present(values: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Null where a text says that nothing is there, or a float is NaN."""
    if values.dtype.is_float():
        return values.fill_nan(None)
    if missing and values.dtype == pl.String:
        absent = values.is_in(list(missing))
        return values.set(absent, None) if absent.any() else values
    return values


def cast(values: pl.Series, form: Form, zone: str) -> pl.Series:
    """Values to ``TYPES[form.type]``; a time without a zone is local to ``zone``.

    Raises:
        DataError: the column as a whole is of a type that cannot be read so.
    """
    if values.dtype != pl.String:
        typed = _converted(values, form, zone)
        if typed is not None:
            return typed
        values = values.cast(pl.String)
    if form.type == "string":
        return values
    if form.type in {"integer", "float"} and form.numbers is None:
        plain = _number(values, form.type)
        if plain.null_count() == values.null_count():
            return plain
    known = values.unique().drop_nulls()
    if form.type == "category":
        texts = _canonical(known)
        changed = texts != known
        changes = known.filter(changed), texts.filter(changed)
        return values.replace(*changes) if changed.any() else values
    if 2 * len(known) > len(values):
        return _read(values, form, zone)
    return values.replace_strict(
        known, _read(known, form, zone), default=None, return_dtype=TYPES[form.type]
    )


def _canonical(texts: pl.Series) -> pl.Series:
    """``values.canonical_category`` of each text."""
    texts = texts.str.strip_chars(ANY_SPACES)
    return texts.str.replace(r"^(-?[0-9]+)\.0+$", "$1").replace(LOGICAL)


def _read(texts: pl.Series, form: Form, zone: str) -> pl.Series:
    texts = texts.str.strip_chars(SPACES)
    if form.type == "boolean":
        low = texts.str.to_lowercase()
        return low.is_in(TRUE).set(~low.is_in(TRUE + FALSE), None)
    if form.type != "timestamp":
        return _marked_number(texts, form.type, form.numbers)
    return _iso(texts, zone) if form.format is None else _formatted(texts, form.format, zone)


def _number(values: pl.Series, kind: ColumnType) -> pl.Series:
    numbers = values.cast(TYPES[kind], strict=False)
    return numbers.set(~numbers.is_finite(), None) if kind == "float" else numbers


def _marked_number(texts: pl.Series, kind: ColumnType, marks: NumberFormat | None) -> pl.Series:
    """Numbers with the signs, units and marks that the contract says."""
    factor: pl.Series | float = 1.0
    if marks is not None:
        texts = texts.str.strip_chars(ANY_SPACES)
        texts = texts.str.replace_all("[\u2212\u2013\ufe63\uff0d]", "-")
        texts = texts.str.replace(r"^\((.*)\)$", "-$1").str.replace(r"^([^-]*[0-9].*?)\s*-$", "-$1")
        texts, factor = _without_units(texts, marks)
        texts = _without_marks(texts, marks)
    if kind == "float":
        return _number(texts, kind) * factor
    if marks is not None and marks.factors:
        return _whole(_number(texts, "float") * factor)
    return _number(texts.str.replace(r"^([+-]?[0-9]+)\.0*$", "$1"), kind)


def _without_units(texts: pl.Series, marks: NumberFormat) -> tuple[pl.Series, pl.Series]:
    """The texts without units, and by what each number is multiplied."""
    factor = pl.repeat(1.0, len(texts), eager=True)
    if marks.units:
        unit = "|".join(map(re.escape, sorted(marks.units, key=len, reverse=True)))
        texts = texts.str.replace(rf"^([+-]?){ANY_SPACE}*(?:{unit}){ANY_SPACE}*", "$1")
        texts = texts.str.replace(rf"{ANY_SPACE}*(?:{unit})$", "")
    for text, times in marks.factors.items():
        factor = factor.set(texts.str.ends_with(text).fill_null(False), times)
        texts = texts.str.replace(rf"{ANY_SPACE}*{re.escape(text)}$", "")
    return texts, factor


def _without_marks(texts: pl.Series, marks: NumberFormat) -> pl.Series:
    """The texts with a point before the fraction and nothing between digits."""
    if marks.thousands:
        group = GROUPING.get(marks.thousands, re.escape(marks.thousands))
        grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}"  # 12,34,567 in India
        form = rf"^[+-]?(?:{grouped}|[0-9]+)(?:{re.escape(marks.decimal)}[0-9]*)?$"
        texts = texts.set(~texts.str.contains(form), None).str.replace_all(group, "")
    if marks.decimal != ".":
        texts = texts.set(texts.str.contains(".", literal=True), None)
        texts = texts.str.replace(marks.decimal, ".", literal=True)
    return texts


def _iso(texts: pl.Series, zone: str) -> pl.Series:
    part = texts.str.extract_groups(ISO).struct.unnest()
    clock = [pl.col(name).fill_null("00") for name in "hms"]
    micros = pl.col("f").fill_null("").str.pad_end(6, "0").str.head(6)
    shift = pl.col("zh").cast(pl.Int64) * 60 + pl.col("zm").fill_null("00").cast(pl.Int64)
    shift = pl.when(pl.col("sign") == "-").then(-shift).otherwise(shift)
    read = part.select(
        wall=pl.format("{} {}:{}:{}.{}", "day", *clock, micros).str.to_datetime(
            "%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False
        ),
        minutes=pl.when(pl.col("z").is_not_null()).then(0).otherwise(shift),
    )
    wall = read["wall"].set(~read["wall"].is_between(FIRST, LAST), None)
    moved = read.select(pl.lit(wall) - pl.duration(minutes="minutes")).to_series()
    there = _within(moved.dt.replace_time_zone("UTC"))
    return _localized(wall, zone).zip_with(read["minutes"].is_null(), there)


def _localized(wall: pl.Series, zone: str) -> pl.Series:
    """Times on the wall of ``zone`` to UTC: the later of two; one that clocks leave out moves on."""
    wall = wall.dt.cast_time_unit("us")
    wall = wall.set(~wall.is_between(FIRST, LAST), None)
    there = _in_utc(wall, zone)
    later = _in_utc(wall - LONGEST_GAP, zone) + LONGEST_GAP
    return _within(there.zip_with(there.is_not_null(), later))


def _in_utc(wall: pl.Series, zone: str) -> pl.Series:
    aware = wall.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    return aware.dt.convert_time_zone("UTC")


def _within(moments: pl.Series) -> pl.Series:
    inside = moments.dt.replace_time_zone(None).is_between(FIRST, LAST)
    return moments.set(~inside, None)


def _formatted(texts: pl.Series, form: str, zone: str) -> pl.Series:
    """Times as the contract's ``formats`` say."""
    if form in SANE:
        texts = texts.str.replace(r"^([0-9]+)\.0*$", "$1")
        numbers = texts.cast(pl.Float64, strict=False)
        sane = numbers.is_between(*SANE[form]).fill_null(False)
        texts, numbers = texts.set(~sane, None), numbers.set(~sane, None)
    if form == "epoch_ns":  # beyond 2**53 whole numbers are exact as integers alone
        return (texts.cast(pl.Int64, strict=False) // 1000).cast(TYPES["timestamp"])
    if form in MICROSECONDS:
        moments = (numbers * MICROSECONDS[form]).round(0).cast(pl.Int64)
        return moments.cast(TYPES["timestamp"])
    pattern = re.sub("[.,]%f", "%.f", form)
    if ",%f" in form:
        texts = texts.str.replace(r"(:[0-9]{2}),([0-9])", "$1.$2")
    late = texts.str.contains(MIDNIGHT).fill_null(False)
    texts = texts.str.replace(MIDNIGHT, "${1}00:00$2$3")
    at = texts.str.to_datetime(pattern, time_unit="us", strict=False)
    at = at.zip_with(~late, at + timedelta(days=1))
    if isinstance(at.dtype, pl.Datetime) and at.dtype.time_zone is not None:
        return _within(at.dt.convert_time_zone("UTC"))
    at = at.set(at.dt.year() < 1000, None)  # a year of two digits taken for one of four
    return _localized(at, "UTC" if form.endswith((" UTC", " GMT", "Z")) else zone)


def _converted(values: pl.Series, form: Form, zone: str) -> pl.Series | None:
    """Values that are no texts; ``None`` where their text says the same."""
    kind, dtype = form.type, values.dtype
    if dtype == pl.Null:
        return values.cast(TYPES[kind])
    if kind == "timestamp" and not form.format and isinstance(dtype, pl.Date | pl.Datetime):
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            return _within(values.dt.cast_time_unit("us").dt.convert_time_zone("UTC"))
        return _localized(values.cast(pl.Datetime("us")), zone)
    if kind in {"integer", "float", "boolean"} and (dtype.is_numeric() or dtype == pl.Boolean):
        if kind == "float":
            return _number(values, kind)
        whole = _whole(values)
        of_two = whole.is_in([0, 1])
        return whole if kind == "integer" else whole.set(~of_two, None).cast(pl.Boolean)
    if kind == "category" and dtype.is_float():
        known = values.unique().drop_nulls()
        texts = pl.Series(map(canonical_category, known.to_list()), dtype=pl.String)
        return values.replace_strict(known, texts, default=None, return_dtype=pl.String)
    if kind in {"category", "string"} or (kind == "timestamp" and form.format):
        return None
    raise DataError(
        f"column '{values.name}' holds {dtype}, which cannot be read as {kind}; change its type in"
        " contract.yaml or write it differently"
    )


def _whole(numbers: pl.Series) -> pl.Series:
    """Numbers to integers; null for others, and for floats from 2⁵³ on."""
    if numbers.dtype.is_float():
        exact = (numbers.floor() == numbers) & (numbers.abs() < 2.0**53)
        numbers = numbers.set(~exact, None)
    whole = numbers.cast(pl.Int64, strict=False)
    if numbers.dtype.is_decimal():
        whole = whole.set(whole.cast(numbers.dtype) != numbers, None)
    return whole
