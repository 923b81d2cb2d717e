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
from ..values import ANY_SPACES, SPACES

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
ISO = (
    r"^(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?P<h>[01][0-9]|2[0-3])"
    r"(?::(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9])(?:\.(?P<f>[0-9]{1,9}))?)?)?"
    r"(?:(?P<z>Z)|(?P<sign>[+-])(?P<zh>[01][0-9]|2[0-3]):?(?P<zm>[0-5][0-9])?)?)?$"
)
LONGEST_GAP = timedelta(hours=3)
"""Clocks are never set forward by more."""
EPOCHS = {"epoch_s": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
"""Microseconds of a unit."""
FIRST_YEAR, LAST_YEAR = 1985, 2065
"""Numbers since an epoch that lie outside are of another unit, or no times."""
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
        return values.set(values.is_in(list(missing)), None)
    return values


def cast(values: pl.Series, form: Form, zone: str) -> pl.Series:
    """Values to ``TYPES[form.type]``; a time without a zone is local to ``zone``.

    Raises:
        DataError: the column as a whole holds nothing that can be read.
    """
    kind = form.type
    if values.dtype != pl.String:
        if form.format is None and (converted := _converted(values, kind, zone)) is not None:
            return converted
        values = _as_text(values)
    if kind == "string":
        return values
    if kind in {"integer", "float"} and form.numbers is None:
        plain = _number(values, kind)
        if plain.null_count() == values.null_count():
            return plain
    known = values.unique().drop_nulls()
    read = _canonical(known) if kind == "category" else _read(known, form, zone)
    if kind == "category" and read.equals(known):
        return values
    return values.replace_strict(known, read, default=None, return_dtype=TYPES[kind])


def _converted(values: pl.Series, kind: ColumnType, zone: str) -> pl.Series | None:
    """Values of a typed column to a number or a time; ``None`` where they are read as texts."""
    dtype = values.dtype
    if dtype == pl.Null:
        return values.cast(TYPES[kind])
    if kind == "timestamp" and isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return _within(values.dt.cast_time_unit("us").dt.convert_time_zone("UTC"))
    if kind == "timestamp" and isinstance(dtype, pl.Date | pl.Datetime):
        return _localized(values.cast(pl.Datetime("us")), zone)
    if kind == "float" and (dtype.is_numeric() or dtype == pl.Boolean):
        return _number(values, kind)
    if kind == "integer" and (dtype.is_integer() or dtype == pl.Boolean):
        return values.cast(pl.Int64, strict=False)
    return None


def _as_text(values: pl.Series) -> pl.Series:
    """Numbers as Python writes them, as the server reads them in JSON."""
    if values.dtype.is_float():
        known = values.unique().drop_nulls()
        texts = pl.Series([str(number) for number in known], dtype=pl.String)
        return values.replace_strict(known, texts, default=None, return_dtype=pl.String)
    try:
        return values.cast(pl.String)
    except pl.exceptions.InvalidOperationError:
        raise DataError(
            f"column '{values.name}' holds {values.dtype}, which no type of the contract can read;"
            " leave it out, or write it differently"
        ) from None


def _canonical(texts: pl.Series) -> pl.Series:
    """``values.canonical_category`` of each text."""
    texts = texts.str.strip_chars(ANY_SPACES)
    texts = texts.str.replace(r"^(-?[0-9]+)\.0+$", "$1")
    return texts.str.replace(r"^(?:True|TRUE)$", "true").str.replace(r"^(?:False|FALSE)$", "false")


def _read(texts: pl.Series, form: Form, zone: str) -> pl.Series:
    """Texts that need a close look, to booleans, times or numbers."""
    texts = texts.str.strip_chars(SPACES)
    if form.type == "boolean":
        low = texts.str.to_lowercase()
        return low.is_in(TRUE).set(~low.is_in(TRUE + FALSE), None)
    if form.type == "timestamp":
        return _iso(texts, zone) if form.format is None else _formatted(texts, form.format, zone)
    if form.numbers is not None:
        return _marked_number(texts, form.type, form.numbers)
    return _number(texts, form.type, close=True)


def _number(values: pl.Series, kind: ColumnType, *, close: bool = False) -> pl.Series:
    """Numbers of digits and a point; looked at closely, 3.0 is an integer."""
    if close and kind == "integer":
        values = values.str.replace(r"^([+-]?[0-9]+)\.0*$", "$1")
    numbers = values.cast(TYPES[kind], strict=False)
    return numbers if numbers.is_finite().all() else numbers.set(~numbers.is_finite(), None)


def _marked_number(texts: pl.Series, kind: ColumnType, marks: NumberFormat) -> pl.Series:
    """Numbers with the signs, units and marks that the contract says."""
    texts = texts.str.strip_chars(ANY_SPACES)
    texts = texts.str.replace_all("[\u2212\u2013\ufe63\uff0d]", "-")
    texts = texts.str.replace(r"^\((.*)\)$", "-$1").str.replace(r"^([^-]*[0-9].*?)\s*-$", "-$1")
    if marks.units:
        unit = "|".join(map(re.escape, sorted(marks.units, key=len, reverse=True)))
        texts = texts.str.replace(rf"^([+-]?){ANY_SPACE}*(?:{unit}){ANY_SPACE}*", "$1")
        texts = texts.str.replace(rf"{ANY_SPACE}*(?:{unit})$", "")
    factor = pl.repeat(1.0, len(texts), eager=True)
    for text, times in marks.factors.items():
        factor = factor.set(texts.str.ends_with(text).fill_null(False), times)
        texts = texts.str.replace(rf"{ANY_SPACE}*{re.escape(text)}$", "")
    texts = _without_marks(texts, marks)
    if not marks.factors:
        return _number(texts, kind, close=True)
    numbers = _number(texts, "float") * factor
    whole = numbers.cast(pl.Int64, strict=False)
    return whole.set(whole != numbers, None) if kind == "integer" else numbers


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
    """Times in ISO 8601, of which polars' own parser takes too many forms."""
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
    moved = read.select(pl.col("wall") - pl.duration(minutes="minutes")).to_series()
    there = _within(moved.dt.replace_time_zone("UTC"))
    return _localized(read["wall"], zone).zip_with(read["minutes"].is_null(), there)


def _localized(wall: pl.Series, zone: str) -> pl.Series:
    """Times on the wall of ``zone`` to UTC: the later of two; one that clocks leave out moves on."""
    wall = wall.set(~wall.is_between(FIRST, LAST), None)
    there, later = (
        (wall - gap)
        .dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
        .dt.convert_time_zone("UTC")
        for gap in (timedelta(), LONGEST_GAP)
    )
    return _within(there.zip_with(there.is_not_null(), later + LONGEST_GAP))


def _within(moments: pl.Series) -> pl.Series:
    inside = moments.dt.replace_time_zone(None).is_between(FIRST, LAST)
    return moments.set(~inside, None)


def _formatted(texts: pl.Series, form: str, zone: str) -> pl.Series:
    """Times as the contract's ``formats`` say."""
    if "." not in form:
        texts = texts.str.replace(r"^([0-9]+)\.0*$", "$1")
    if form.startswith("epoch_"):
        micros = texts.cast(pl.Int64, strict=False) // 1000  # beyond 2**53 floats are not exact
        if form in EPOCHS:
            micros = (texts.cast(pl.Float64, strict=False) * EPOCHS[form]).round(0)
        at = micros.cast(pl.Int64, strict=False).cast(TYPES["timestamp"])
        return at.set(~at.dt.year().is_between(FIRST_YEAR, LAST_YEAR), None)
    if ",%f" in form:
        texts = texts.str.replace(r"(:[0-9]{2}),([0-9])", "$1.$2")
    late = texts.str.contains(MIDNIGHT).fill_null(False)
    texts = texts.str.replace(MIDNIGHT, "${1}00:00$2$3")
    at = texts.str.to_datetime(re.sub("[.,]%f", "%.f", form), time_unit="us", strict=False)
    at = at.zip_with(~late, at + timedelta(days=1))
    if isinstance(at.dtype, pl.Datetime) and at.dtype.time_zone is not None:
        return _within(at.dt.convert_time_zone("UTC"))
    at = at.set(at.dt.year() < 1000, None)  # a year of two digits taken for one of four
    return _localized(at, "UTC" if form.endswith((" UTC", " GMT", "Z")) else zone)
