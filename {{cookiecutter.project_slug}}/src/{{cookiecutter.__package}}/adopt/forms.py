"""How the numbers and times of a column are written, and which of them stand for none."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import NumberFormat
from ..data.cast import Form, cast
from .look import listed

SIGNS = "+\u2212\u2013\ufe63\uff0d-"
NUMBER = re.compile(
    rf"^[\s({SIGNS}]*(?P<before>\D*?)[\s{SIGNS}]*"
    r"(?P<digits>(?:(?<![^\W\d_])[.,])?[0-9](?:[0-9.,'’ʼ_\s]*[0-9])?[.,]?)"
    rf"\s*(?P<behind>\D*?)[\s){SIGNS}]*$"
)
CENSORED = re.compile("[<>=≤≥~≈#]")
SIGN = re.compile("[%‰$¢£¤¥\u0e3f\u20a0-\u20cf]")
MONEY = re.compile(r"^\W*(?:[A-Z]{2,3}\W|.*[$€£¥]|.*\.\W)")
"""What may stand before a whole number: EUR, US$, kr.; other words make a code of it."""
NO_UNIT = re.compile(r"[0-9,+<>=≤≥~:#*?!&@-]|/.*/|^[./]*$| .* |.{15}")
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9}
MOST_UNITS, MOST_TEXTS, SHOWN = 6, 3000, 40
PLACEHOLDER = re.compile(r"^-?(9{2,}|10{5,})(\.0*)?$|[eE]|[^0-9.-]")
EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
FIRST_EPOCH, LAST_EPOCH = 946_684_800, 2 * 10**9
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
MONTHS, DAYS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", "mon|tue|wed|thu|fri|sat|sun"
PARTS = {
    r"^[0-9]{8}([T ])[0-9]{6}(?![0-9])": r"%Y%m%d\1%H%M%S",
    r"^[0-9]{8}([T ])[0-9]{4}(?![0-9])": r"%Y%m%d\1%H%M",
    r"(:[0-9]{2}(?:[.,][0-9]+)?(?: ?[AaPp][Mm])? ?)[+-][0-9]{2}:?[0-9]{2}\b": r"\1%z",
    r"(:[0-9]{2} ?)[AaPp][Mm]\b": r"\1%p",
    r"(?<![0-9])[0-9]{1,2}:[0-9]{2}:[0-9]{2},[0-9]{1,9}": "%H:%M:%S,%f",
    r"(?<![0-9])[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?": "%H:%M:%S.%f",
    r"(?<![0-9])[0-9]{1,2}:[0-9]{2}": "%H:%M",
    rf"(?i)(?<![a-z%])(?:{MONTHS})(?![a-z])": "%b",
    rf"(?i)(?<![a-z%])(?:{MONTHS})[a-z]+": "%B",
    rf"(?i)(?<![a-z%])(?:{DAYS})(?![a-z])": "%a",
    rf"(?i)(?<![a-z%])(?:{DAYS})[a-z]+": "%A",
    **{rf"(?<![0-9])[0-9]{{{size}}}(?![0-9])": form for size, form in COMPACT.items()},
}
"""What in a text is which part of a time, but for the numbers of its day."""
ORDERS = {True: ("dy", "yd", "y"), False: ("dmy", "mdy", "ymd", "ydm", "my", "ym")}
"""Orders of a day's numbers, where the month has a name and where it has none."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What texts are in one form."""

    form: Form
    values: pl.Series
    """Numbers or times; null for a text of another form."""
    n_rows: int
    """How many rows it reads."""
    doubts: list[str]


def _likeliest(
    texts: pl.Series, counts: pl.Series, forms: Iterable[Form], zone: str
) -> Reading | None:
    """Read by the first of the forms that read the most rows; doubt where another differs."""
    readings = []
    for form in forms:
        with suppress(pl.exceptions.PolarsError):  # the library may know no such form
            values = cast(texts, form, zone)
            n_rows = int(counts.filter(values.is_not_null()).sum())
            readings.append(Reading(form, values, n_rows, []))
    most = max((one.n_rows for one in readings), default=0)
    if not most:
        return None
    best, *others = [one for one in readings if one.n_rows == most]
    for other in others:
        differ = (best.values != other.values).fill_null(False)
        if differ.any():
            at = differ.arg_max() or 0
            best.doubts.append(
                f"could be read in two ways: {texts[at]!r} is {best.values[at]} as"
                f" {_shown(best.form)}, which is taken, or {other.values[at]} as"
                f" {_shown(other.form)}; else say that under the source"
            )
    return best


def _shown(form: Form) -> str:
    if form.type == "timestamp":
        return form.format or "ISO 8601"
    marks = form.numbers or NumberFormat()
    return f"{{decimal: {marks.decimal!r}, thousands: {marks.thousands!r}}}"


def number_reading(texts: pl.Series, counts: pl.Series) -> Reading | None:
    """The texts as numbers written for people; ``None`` where most of them are none."""
    sample = texts.head(MOST_TEXTS)
    parts = [m for m in map(NUMBER.match, sample) if m and not CENSORED.search(m["before"])]
    units = _units(parts) if 2 * len(parts) >= len(sample) else None
    if units is None:
        return None
    marks, doubts = units
    pairs = _pairs([part["digits"] for part in parts])
    formats = [
        NumberFormat.model_validate(marks | {"decimal": decimal, "thousands": thousands})
        for decimal, thousands in pairs
    ]
    forms = [Form(type="float", numbers=one) for one in formats]
    if NumberFormat() in formats:  # what needs no format is said without one
        forms.insert(formats.index(NumberFormat()), Form(type="float"))
    if reading := _likeliest(texts, counts, forms, "UTC"):
        reading.doubts.extend(doubts)
    return reading


def _units(parts: Sequence[re.Match[str]]) -> tuple[dict[str, Any], list[str]] | None:
    """Units and factors around the numbers, and doubts; ``None`` where words are parts of codes."""
    whole = 2 * sum(part["digits"].isdigit() for part in parts) > len(parts)
    named = [part for part in parts if whole and re.search(r"\w", part["before"])]
    if not all(MONEY.search(part.string[: part.start("digits")]) for part in named):
        return None
    around = [(text, part.string) for part in parts for text in part.group("before", "behind")]
    counts = Counter(text for text, _ in around if text)
    example = dict(reversed(around))
    factors = {text: FACTORS[text] for text in counts if text in FACTORS}
    units = [text for text in counts if text not in FACTORS]
    words = [unit for unit in units if not SIGN.search(unit)]
    mixed = len(words) > 1 and max(counts[unit] for unit in words) < 0.95 * len(parts)
    if len(units) > MOST_UNITS or mixed or any(map(NO_UNIT.search, units)):
        return None
    doubts = []
    if named:
        shown = repr(named[0].string)
        doubts.append(f"is read as a number, as {shown}; if that names a thing, make it a category")
    if len(units) > 1 or (words and counts[words[0]] < len(parts)):
        shown = listed(example[unit] for unit in units)
        doubts.append(f"has numbers of different units or none, such as {shown}: read as one")
    if len(factors) == 1 and max(counts[text] for text in factors) == len(parts):
        doubts.append(f"has {parts[0].string!r}, read times {factors}; if that is a unit, say so")
    return {"units": units, "factors": factors}, doubts


def _pairs(digits: Sequence[str]) -> list[tuple[str, str | None]]:
    """Decimal and thousands marks that may be meant, the likeliest first."""
    marked, bare = [d for d in digits if not d.isdigit()], [d for d in digits if d.isdigit()]
    text = re.sub("[’ʼ]", "'", re.sub(r"\s", " ", re.sub("[0-9]", "", "".join(marked))))
    fractions = {one[1] for one in marked if one[0] == "0"}
    marks = sorted(set(text) - fractions)
    grouped = [(decimal, mark) for decimal in ".," for mark in marks if mark != decimal]
    plain = [(".", None), (",", None)]
    short = 0 < max(map(len, bare), default=0) <= 3
    return [*grouped, *plain] if short or "," in marks else [*plain, *grouped]


def find_sentinels(
    texts: pl.Series, counts: pl.Series, values: Floats
) -> tuple[list[str], list[str]]:
    """Texts of repeated values far from all others: that mean missing, and that may be values."""
    known = ~np.isnan(values)
    v, place = np.unique(values[known], return_inverse=True)
    n = np.bincount(place, counts.to_numpy()[known], len(v))
    missing, doubtful = list[str](), list[str]()
    usual = float(np.median(n)) if len(n) else 0.0
    while len(v) > 2:
        below, above = v[1] - v[0], v[-1] - v[-2]
        end, rest = (0, slice(1, None)) if below > above else (len(v) - 1, slice(-1))
        span, gap = v[rest][-1] - v[rest][0], max(below, above)
        negative = v[end] < 0 <= v[rest][0]
        near = gap < 3 * span and not negative
        least = max(3 if gap < 100 * span else 1, 2 * usual * near)
        if not 0 < span <= gap or n[end] < least:
            break
        outside = texts.filter(pl.Series(values == v[end])).to_list()
        is_missing = negative or PLACEHOLDER.search(outside[0].strip())
        (missing if is_missing else doubtful).extend(outside)
        v, n = v[rest], n[rest]
    return missing, doubtful


def time_reading(
    texts: pl.Series, counts: pl.Series, zone: str, *, is_time: bool = False
) -> Reading | None:
    """The texts as times; ``None`` where most are none, or of numbers not nearly all.

    Numbers are times by their digits, or if it ``is_time``.
    """
    sample = [text.strip() for text in texts.gather_every(max(1, len(texts) // SHOWN))]
    numeric = all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) for text in sample)
    formats = dict.fromkeys(_of_numbers(sample, is_time=is_time) if numeric else _of_texts(sample))
    forms = [Form(type="timestamp", format=one) for one in formats]
    reading = _likeliest(texts, counts, forms, zone)
    share = 0.98 if numeric and not is_time else 0.5
    if reading is None or reading.n_rows < share * int(counts.sum()):
        return None
    if numeric:
        at = reading.values.is_not_null().arg_max() or 0
        reading.doubts.append(f"is read as times: {texts[at]!r} is {reading.values[at]}")
    late = texts.filter((reading.values > datetime.now(UTC)).fill_null(False))
    if "%y" in (reading.form.format or "") and len(late):
        doubt = f"has years of two digits that lead into the future, such as {late[0]!r}"
        reading.doubts.append(doubt)
    return reading


def _of_numbers(sample: Sequence[str], *, is_time: bool) -> Iterator[str]:
    """The forms of times that are numbers: epochs, and digits without marks."""
    whole = [int(text.partition(".")[0]) for text in sample]
    for unit, scale in EPOCHS.items():
        if is_time or all(FIRST_EPOCH <= number // scale <= LAST_EPOCH for number in whole):
            yield unit
    sizes = {len(str(number)) for number in whole}
    yield from (COMPACT[size] for size in sizes if len(sizes) == 1 and size in COMPACT)


def _of_texts(sample: Sequence[str]) -> Iterator[str | None]:
    """ISO 8601 first, then the forms that some of the texts allow, in every order of a day."""
    if sum(bool(re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) for text in sample) * 2 > len(sample):
        yield None
    for text in sample[:: max(1, len(sample) // 8)]:
        form = text.replace("%", "%%")
        for pattern, part in PARTS.items():
            form = re.sub(pattern, part, form, count=1)
        form = form.replace("%H", "%I") if "%p" in form else form
        pieces, named = re.split("([0-9]+)", form), "%b" in form.lower()
        if len(pieces) == 1 and "%Y" in form:
            yield form
        sizes = [len(number) for number in pieces[1::2]]
        for order in (one for one in ORDERS[named] if len(one) == len(sizes)):
            year = sizes[order.index("y")]
            short = year == 2 and order[0] == "y" and (named or "-" not in pieces)
            if year in {2, 4} and sum(sizes) - year <= 2 * len(sizes) - 2 and not short:
                pieces[1::2] = [f"%{letter}" for letter in order.replace("y", "yY"[year == 4])]
                yield "".join(pieces).replace("  %d", " %e")
