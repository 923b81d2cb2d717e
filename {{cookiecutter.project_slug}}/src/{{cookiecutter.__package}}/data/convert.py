"""Texts and values of other systems to the contract's types.

A text is accepted by a regular expression before any cast, because casts differ between systems
(one reads ``'3.7'`` as 4, another ``'0x1F'`` as 31 or ``'inf'`` as a timestamp). Where all texts are
plain, Arrow's own cast says the same in a tenth of the time.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract import ColumnType
from ..errors import DataError
from ..values import SPACES, canonical_category, epoch_microseconds

ACCEPTED: dict[ColumnType, str] = {
    "integer": r"^[+-]?0*[0-9]{1,19}(\.0*)?$",
    "float": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$",
    "boolean": r"^(?i:true|false|t|f|yes|no|y|n|1|0|1\.0|0\.0)$",
    "timestamp": (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}(:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?"
        r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?$"
    ),
}
YES = r"^(?i:true|t|yes|y|1|1\.0)$"
ZONE = r"[T ].*(Z|[+-][0-9:]+)$"
NOT_CANONICAL = r"^[\s\v]|[\s\v]$|^(True|TRUE|False|FALSE)$|\.0+$"
JUDGED = 256  # texts, too few to be halved further
CATEGORY = pa.dictionary(pa.int32(), pa.string())
MOMENT, WALL = pa.timestamp("us", "UTC"), pa.timestamp("us")
ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "category": CATEGORY,
    "string": pa.string(),
    "timestamp": MOMENT,
}
UNITS = {"s": 1, "ms": 10**3, "us": 10**6}
# Seconds since 1970: the years 100 to 9999, so that no zone leads out of Python's; and 2037, up to
# which Arrow knows when clocks change.
FIRST, LAST = -59_011_459_200, 253_402_300_799
CLOCKS_KNOWN = 2_114_380_800


def _forms(*words: str) -> list[str]:
    return [form for word in words for form in {word, word.upper(), word.capitalize()}]


TRUE = _forms("true", "t", "yes", "y", "1", "1.0")
FALSE = _forms("false", "f", "no", "n", "0", "0.0")


def from_text(texts: pa.Array, kind: ColumnType, zone: ZoneInfo) -> pa.Array:
    """Texts to ``ARROW_TYPES[kind]``; one that is not of the type becomes null.

    A time without a zone is local to ``zone``. Among plain texts, those that are not are found by
    halves, and only they and their neighbours are judged.
    """
    plain = plainly(texts, kind)
    if plain is not None:
        return settle(plain, kind, zone)
    if len(texts) <= JUDGED:
        return judged(texts, kind, zone)
    half = len(texts) // 2
    halves = [from_text(texts[:half], kind, zone), from_text(texts[half:], kind, zone)]
    return pa.concat_arrays(halves)


def plainly(texts: pa.Array, kind: ColumnType) -> pa.Array | None:
    """What Arrow reads, times without zone as such; ``None`` where a text is not plainly so."""
    if kind in {"string", "category"}:
        return texts
    if kind == "boolean":
        known = pc.is_in(texts, pa.array(TRUE + FALSE))
        if pc.sum(known).as_py() != len(texts) - texts.null_count:
            return None
        yes = pc.is_in(texts, pa.array(TRUE))
        return pc.if_else(pc.is_valid(texts), yes, pa.scalar(None, pa.bool_()))
    if kind == "integer" and _any_x(texts):
        return None  # Arrow would read hexadecimal numbers
    for target in (MOMENT, WALL) if kind == "timestamp" else (ARROW_TYPES[kind],):
        try:
            return texts.cast(target)
        except pa.ArrowInvalid:
            continue
    return None


def settle(plain: pa.Array, kind: ColumnType, zone: ZoneInfo) -> pa.Array:
    """What Arrow reads to ``ARROW_TYPES[kind]``; null where it is out of range."""
    if kind == "category":
        return canonical(plain)
    if kind == "timestamp":
        return _moments(plain, zone)
    return _finite(plain) if kind == "float" else plain


def judged(texts: pa.Array, kind: ColumnType, zone: ZoneInfo) -> pa.Array:
    """As ``from_text``, text by text."""
    if kind == "string":
        return texts
    if kind == "category":
        return canonical(texts)
    stripped = pc.utf8_trim(texts, SPACES)
    accepted = pc.match_substring_regex(stripped, ACCEPTED[kind])
    stripped = pc.if_else(accepted, stripped, pa.scalar(None, pa.string()))
    if kind == "boolean":
        return pc.match_substring_regex(stripped, YES)
    if kind == "timestamp":
        return _times(stripped, zone)
    if kind == "integer":
        stripped = pc.replace_substring_regex(stripped, r"^\+|\.0*$", "")
        return _each(stripped, pa.int64())
    return _finite(_each(pc.replace_substring_regex(stripped, r"^\+", ""), pa.float64()))


def from_values(values: pa.Array, name: str, kind: ColumnType, zone: ZoneInfo) -> pa.Array:
    """Typed values of another system to ``ARROW_TYPES[kind]``; what does not fit becomes null.

    Raises:
        DataError: the column as a whole is of a type that cannot be read so.
    """
    given = values.type
    try:
        if pa.types.is_null(given):
            return pa.nulls(len(values), ARROW_TYPES[kind])
        if pa.types.is_dictionary(given) and kind != "category":
            values = values.dictionary_decode()
        if _is_bytes(given):
            values = values.cast(pa.string())
        if is_text(values.type):
            return from_text(values.cast(pa.string()), kind, zone)
        return _converted(values, kind, zone)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            f"column '{name}' holds {given}, which cannot be read as {kind};"
            " change its type in contract.yaml or write it differently"
        ) from None


def canonical(values: pa.Array) -> pa.Array:
    """``values.canonical_category`` of each; each distinct value is made canonical once."""
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    known = encoded.dictionary
    if is_text(known.type):
        known = known.cast(pa.string())
        odd = pc.match_substring_regex(known, NOT_CANONICAL)
        if encoded.type == CATEGORY and not known.null_count and not pc.any(odd).as_py():
            return encoded
        mended = [canonical_category(text) for text in known.filter(odd).to_pylist()]
        texts = pc.replace_with_mask(known, odd, pa.array(mended, pa.string()))
    else:
        values = [None if x is None or x != x else canonical_category(x) for x in known.to_pylist()]
        texts = pa.array(values, pa.string())
    distinct = texts.dictionary_encode()  # of two forms of one text, one stays
    indices = distinct.indices.take(encoded.indices)
    return pa.DictionaryArray.from_arrays(indices, distinct.dictionary)


def one_array(values: pa.ChunkedArray) -> pa.Array:
    """A column's values in one piece; ``combine_chunks`` would copy a single one."""
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are texts."""
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _any_x(texts: pa.Array) -> bool:
    _, offsets, content = texts.buffers()
    if not len(texts) or content is None:
        return False
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    said = bytes(memoryview(content)[places[0] : places[-1]])
    return b"x" in said or b"X" in said


def _finite(values: pa.Array) -> pa.Array:
    """Floats with null for NaN and the infinities."""
    finite = pc.is_finite(values)
    if pc.all(finite).as_py() is not False:
        return values
    return pc.if_else(finite, values, pa.scalar(None, pa.float64()))


def _moments(values: pa.Array, zone: ZoneInfo) -> pa.Array:
    """Times of any unit to UTC, those without a zone from ``zone``; null where out of range."""
    if values.type.unit in UNITS:
        values = _within(values)
    values = values.cast(MOMENT if values.type.tz else WALL, safe=False)
    return values if values.type.tz else _within(_localized(values, zone))


def _within(values: pa.Array) -> pa.Array:
    unit = UNITS[values.type.unit]
    first = pa.scalar(FIRST * unit, values.type)
    last = pa.scalar(LAST * unit + unit - 1, values.type)
    inside = pc.and_(pc.greater_equal(values, first), pc.less_equal(values, last))
    return pc.if_else(inside, values, pa.scalar(None, values.type))


def _localized(wall: pa.Array, zone: ZoneInfo) -> pa.Array:
    """Times on the wall of ``zone`` to UTC, as ``values.epoch_microseconds`` reads them."""
    encoded = wall.dictionary_encode()
    known = encoded.dictionary
    late = pc.greater_equal(known, pa.scalar(CLOCKS_KNOWN * UNITS["us"], WALL))
    try:
        if pc.any(late).as_py():
            raise pa.ArrowInvalid("Arrow does not know when clocks change")
        aware = pc.assume_timezone(known, zone.key, ambiguous="latest", nonexistent="raise")
    except pa.ArrowInvalid:  # or some are in the hour that is left out
        aware = pa.array([_microseconds(x, zone) for x in known.to_pylist()], pa.int64())
    return aware.cast(MOMENT).take(encoded.indices)


def _microseconds(wall: datetime, zone: ZoneInfo) -> int | None:
    try:
        return epoch_microseconds(wall, zone)
    except OverflowError:  # Python's dates end within a day
        return None


def _times(texts: pa.Array, zone: ZoneInfo) -> pa.Array:
    texts = pc.replace_substring_regex(texts, r"(\.[0-9]{6})[0-9]+", r"\1")
    zoned = pc.match_substring_regex(texts, ZONE)
    none = pa.scalar(None, pa.string())
    there = _each(pc.if_else(zoned, texts, none), MOMENT)
    here = _each(pc.if_else(zoned, none, texts), WALL)
    return pc.coalesce(_moments(there, zone), _moments(here, zone))


def _each(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cast; null where one cannot be, which is found by halves."""
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        half = len(texts) // 2
        if not half:
            return pa.nulls(1, kind)
        return pa.concat_arrays([_each(texts[:half], kind), _each(texts[half:], kind)])


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _converted(values: pa.Array, kind: ColumnType, zone: ZoneInfo) -> pa.Array:
    """Values that are no texts to ``ARROW_TYPES[kind]``."""
    if kind == "category":
        return canonical(values)
    if kind == "string":
        return values.cast(pa.string())
    if kind == "timestamp":
        if pa.types.is_date(values.type):
            values = values.cast(pa.timestamp("s"), safe=False)
        if not pa.types.is_timestamp(values.type):
            raise pa.ArrowNotImplementedError
        return _moments(values, zone)
    if kind == "float":
        return _finite(_numbers(values).cast(pa.float64(), safe=False))
    whole = _whole(_numbers(values))
    if kind == "integer":
        return whole
    two = pc.is_in(whole, pa.array([0, 1]))
    return pc.if_else(two, whole, pa.scalar(None, pa.int64())).cast(pa.bool_())


def _numbers(values: pa.Array) -> pa.Array:
    types = pa.types
    of = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)
    if not any(is_of(values.type) for is_of in of):
        raise pa.ArrowNotImplementedError
    return values


def _whole(values: pa.Array) -> pa.Array:
    """Numbers to integers; null for others, and for floats from 2⁵³ on."""
    if pa.types.is_floating(values.type):
        floats = values.cast(pa.float64())
        exact = pc.and_(pc.equal(pc.floor(floats), floats), pc.less(pc.abs(floats), 2.0**53))
        values = pc.if_else(exact, floats, pa.scalar(None, pa.float64()))
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:  # a decimal with a fraction, or one out of range
        whole = [None if x is None else _integer(x) for x in values.to_pylist()]
        return pa.array(whole, pa.int64())


def _integer(value: Decimal | int) -> int | None:
    return int(value) if value == int(value) and -(2**63) <= value < 2**63 else None
