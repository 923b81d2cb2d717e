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
MOST_TEXTS, SHOWN = 3000, 40
EPOCH = "(?:9[5-9][0-9]|1[0-9]{3})[0-9]{6}"
"""Seconds of the years 2000 to 2033."""
OF_NUMBERS = {
    "epoch_s": EPOCH,
    "epoch_ms": f"{EPOCH}[0-9]{{3}}",
    "epoch_us": f"{EPOCH}[0-9]{{6}}",
    "epoch_ns": f"{EPOCH}[0-9]{{9}}",
    "%Y%m%d": "[0-9]{8}",
    "%Y%m%d%H%M": "[0-9]{12}",
    "%Y%m%d%H%M%S": "[0-9]{14}",
}
"""Times that are numbers: epochs, and digits without marks."""
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
    **{rf"(?<![0-9]){digits}(?![0-9])": f for f, digits in OF_NUMBERS.items() if f[0] == "%"},
}
"""What in a text is which part of a time, but for the numbers of its day."""
ORDERS = {True: ("dy", "yd", "y"), False: ("dmy", "mdy", "ymd", "ydm", "my", "ym")}
"""Orders of a day's numbers, where the month has a name and where it has none."""
Floats = npt.NDArray[np.float64]


def listed(values: Iterable[object]) -> str:
    """Some values as they are shown, the long ones cut."""
    return ", ".join(repr(str(value)[:40]) for value in list(values)[:3])


@dataclass(frozen=True)
class Reading:
    """What texts are in one form."""

    form: Form
    values: pl.Series
    """Numbers or times; null for a text of another form."""
    n_rows: int
    """How many rows it reads."""
    doubts: list[str]


def _likeliest(texts: pl.Series, counts: pl.Series, forms: Iterable[Form]) -> Reading | None:
    """Read by the first of the forms that read the most rows; doubt where another differs."""
    readings = []
    for form in forms:
        with suppress(pl.exceptions.PolarsError):  # the library may know no such form
            values = cast(texts, form, "UTC")
            n_rows = int(counts.filter(values.is_not_null()).sum())
            readings.append(Reading(form, values, n_rows, []))
    most = max((one.n_rows for one in readings), default=0)
    if not most:
        return None
    best, *others = [one for one in readings if one.n_rows == most]
    for other in others:
        differ = (best.values != other.values).fill_null(False)
        if differ.any():
            at, written = differ.arg_max() or 0, other.form.format or other.form.numbers
            best.doubts.append(
                f"could be read in two ways: {texts[at]!r} is {best.values[at]}, which is taken, or"
                f" {other.values[at]}; else say {written or 'nothing'} of it under the source"
            )
    return best


def number_reading(texts: pl.Series, counts: pl.Series) -> Reading | None:
    """The texts as numbers written for people; ``None`` where most of them are none."""
    sample = texts.head(MOST_TEXTS)
    parts = [m for m in map(NUMBER.match, sample) if m and not CENSORED.search(m["before"])]
    units = _units(parts) if 2 * len(parts) >= len(sample) else None
    if units is None:
        return None
    marks, doubts = units
    forms = []
    for decimal, thousands in _pairs([part["digits"] for part in parts]):
        numbers = NumberFormat.model_validate({"decimal": decimal, "thousands": thousands, **marks})
        if numbers == NumberFormat():  # what needs no format is said without one
            forms.append(Form(type="float"))
        forms.append(Form(type="float", numbers=numbers))
    if reading := _likeliest(texts, counts, forms):
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
    words = [counts[unit] for unit in units if not SIGN.search(unit)]
    mixed = len(words) > 1 and max(words) < 0.95 * len(parts)
    if mixed or any(map(NO_UNIT.search, units)):
        return None
    doubts = []
    if named:
        shown = repr(named[0].string)
        doubts.append(f"is read as a number, as {shown}; if that names a thing, make it a category")
    if len(units) > 1 or (words and words[0] < len(parts)):
        shown = listed(example[unit] for unit in units)
        doubts.append(f"has numbers of different units or none, such as {shown}: read as one")
    if len(factors) == 1 and counts[next(iter(factors))] == len(parts):
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


def find_sentinels(texts: pl.Series, counts: pl.Series, values: Floats) -> list[str]:
    """Texts of repeated values far from all others."""
    known, result = ~np.isnan(values), list[str]()
    v, place = np.unique(values[known], return_inverse=True)
    n = np.bincount(place, counts.to_numpy()[known], len(v))
    usual = float(np.median(n)) if len(n) else 0.0
    while len(v) > 2:
        below, above = v[1] - v[0], v[-1] - v[-2]
        end, rest = (0, slice(1, None)) if below > above else (len(v) - 1, slice(-1))
        span, gap = v[rest][-1] - v[rest][0], max(below, above)
        near = gap < 3 * span and not v[end] < 0 <= v[rest][0]
        least = max(3 if gap < 100 * span else 1, 2 * usual * near)
        if not 0 < span <= gap or n[end] < least:
            break
        result.extend(texts.filter(pl.Series(values == v[end])))
        v, n = v[rest], n[rest]
    return result


def time_reading(texts: pl.Series, counts: pl.Series) -> Reading | None:
    """The texts as times; ``None`` where most are none, or of numbers not nearly all."""
    sample = [text.strip() for text in texts.gather_every(max(1, len(texts) // SHOWN))]
    numeric = all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) for text in sample)
    found = (
        form
        for form, digits in OF_NUMBERS.items()
        if all(re.fullmatch(rf"{digits}(\.[0-9]*)?", text) for text in sample)
    )
    formats = dict.fromkeys(found if numeric else _of_texts(sample))
    forms = [Form(type="timestamp", format=one) for one in formats]
    reading = _likeliest(texts, counts, forms)
    if reading is None or reading.n_rows < (0.98 if numeric else 0.5) * int(counts.sum()):
        return None
    late = texts.filter((reading.values > datetime.now(UTC)).fill_null(False))
    if numeric:
        at = reading.values.is_not_null().arg_max() or 0
        reading.doubts.append(f"is read as times: {texts[at]!r} is {reading.values[at]}")
    elif "%y" in (reading.form.format or "") and len(late):
        reading.doubts.append(f"has years of two digits that lead into the future: {late[0]!r}")
    return reading


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
