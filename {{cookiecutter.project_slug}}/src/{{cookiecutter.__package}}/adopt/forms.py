"""How the numbers and times of a column are written, and which of them stand for none."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
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
MONEY = re.compile(r"^\W*(?:[A-Z]{2,3}\W|.*[$€£¥]|.*\.\W)")
"""What may stand before a whole number: EUR, US$, kr.; other words make a code of it."""
SIGN = re.compile("[%‰$¢£¤¥\u0e3f\u20a0-\u20cf]")
NO_UNIT = re.compile(r"[0-9,+<>=≤≥~:#*?!&@-]|/.*/|^[./]*$| .* |.{15}")
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9}
FACTOR = re.compile(rf"^(?:({'|'.join(map(re.escape, FACTORS))})(?=\s|$|{SIGN.pattern}))?\s*(.*)$")
MOST_UNITS, MOST_TEXTS, SHOWN = 6, 3000, 40
THREE = re.compile(r"^[1-9][0-9]{0,2}[.,][0-9]{3}$")
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


def number_format(texts: pl.Series) -> tuple[NumberFormat | None, list[str]] | None:
    """How most texts are written as numbers, and what is doubtful; ``None`` where they are none.

    The format is ``None`` for 1234.5.
    """
    texts = texts.head(MOST_TEXTS)
    parts = [m for m in map(NUMBER.match, texts) if m and not CENSORED.search(m["before"])]
    units = _units(parts) if 2 * len(parts) >= len(texts) else None
    if units is None:
        return None
    pairs, doubts = _pairs([part["digits"] for part in parts])
    marks = [units[0] | {"decimal": decimal, "thousands": mark} for decimal, mark in pairs]
    forms = [NumberFormat.model_validate(one) for one in marks]
    form = max(forms, key=lambda one: _n_read(texts, one)) if len(forms) > 1 else forms[0]
    plain = form == NumberFormat() and _n_read(texts, None) >= len(parts)
    return (None if plain else form), [*units[1], *doubts]


def _n_read(texts: pl.Series, form: NumberFormat | None) -> int:
    """How many texts the data job reads as numbers."""
    return cast(texts, Form(type="float", numbers=form), "UTC").count()


def _units(parts: Sequence[re.Match[str]]) -> tuple[dict[str, Any], list[str]] | None:
    """Units and factors around the numbers, and doubts; ``None`` where words are parts of codes."""
    whole = 2 * sum(not part["digits"].isdigit() for part in parts) < len(parts)
    named = [part for part in parts if whole and re.search(r"\w", part["before"])]
    if not all(MONEY.search(part.string[: part.start("digits")]) for part in named):
        return None
    counts, first = Counter[str](), dict[str, str]()
    for part in parts:
        behind = FACTOR.match(part["behind"])
        for text in filter(None, (part["before"], *(behind.groups() if behind else ()))):
            counts[text] += 1
            first.setdefault(text, part.string)
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
        shown = listed(first[unit] for unit in units)
        doubts.append(f"has numbers of different units or none, such as {shown}: read as one")
    if len(factors) == 1 and max(counts[text] for text in factors) == len(parts):
        doubts.append(f"has {parts[0].string!r}, read times {factors}; if that is a unit, say so")
    return {"units": units, "factors": factors}, doubts


def _pairs(digits: Sequence[str]) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Decimal and thousands marks that may be meant; one with a doubt where 1.234 leaves it open."""
    marked, bare = [d for d in digits if not d.isdigit()], [d for d in digits if d.isdigit()]
    text = re.sub("[’ʼ]", "'", re.sub(r"\s", " ", re.sub("[0-9]", "", "".join(marked))))
    if len(set(text)) != 1 or not all(map(THREE.match, marked)):
        return [(d, t) for d in ".," for t in (None, *sorted(set(text))) if t != d], []
    mark, one = text[0], marked[0]
    pairs: list[tuple[str, str | None]] = [(mark, None), ("," if mark == "." else ".", mark)]
    if any(len(number) > 3 for number in bare):
        return pairs[:1], []
    rounded = len(marked) >= 5 and sum(d[-1] == "0" for d in marked) >= 0.9 * len(marked)
    grouped = bool(bare) or rounded or mark == ","
    read, other = [one.replace(mark, to) for to in ("", ".")][:: 1 if grouped else -1]
    doubt = f"has {one!r}, read as {read}; if it is {other}, say decimal and thousands"
    return [pairs[grouped]], [] if bare and mark == "," else [f"{doubt} under numbers"]


def stand_apart(texts: pl.Series, counts: pl.Series, values: Floats) -> tuple[list[str], list[str]]:
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


def time_format(
    texts: pl.Series, counts: pl.Series, zone: str, *, is_time: bool = False
) -> tuple[str | None, pl.Series, list[str]] | None:
    """The form in which most texts are times, what they are (null: of another form), and doubts.

    The form is ``None`` for ISO 8601. Numbers are times by their digits, or if it ``is_time``.
    """
    sample = [text.strip() for text in texts.gather_every(max(1, len(texts) // SHOWN))]
    numeric = all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) for text in sample)
    forms = dict.fromkeys(_of_numbers(sample, is_time=is_time) if numeric else _of_texts(sample))
    tried = {form: _read(texts, form, zone) for form in forms}
    fits = {form: int(counts.filter(at.is_not_null()).sum()) for form, at in tried.items()}
    best, share = max(fits.values(), default=0), 0.98 if numeric and not is_time else 0.5
    if best < share * int(counts.sum()):
        return None
    form, *others = (form for form in fits if fits[form] == best)
    values, doubts = tried[form], []
    for other in others:
        if (differ := (values != tried[other]).fill_null(False)).any():
            at = differ.arg_max() or 0
            doubts.append(
                f"could be read in two ways: {texts[at]!r} is {values[at]:%Y-%m-%d} as {form}, which"
                f" is taken, and {tried[other][at]:%Y-%m-%d} as {other}; else say that under formats"
            )
    if numeric:
        at = values.is_not_null().arg_max() or 0
        doubts.append(f"is read as times: {texts[at]!r} is {values[at]:%Y-%m-%d %H:%M:%S}")
    late = texts.filter((values > datetime.now(UTC)).fill_null(False))
    if "%y" in (form or "") and len(late):
        doubts.append(f"has years of two digits that lead into the future, such as {late[0]!r}")
    return form, values, doubts


def _read(texts: pl.Series, form: str | None, zone: str) -> pl.Series:
    """The texts as the data job reads them; all null where the library knows no such form."""
    try:
        return cast(texts, Form(type="timestamp", format=form), zone)
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(texts), dtype=pl.Datetime("us", "UTC"))


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
