"""How numbers and times are written, and which of them stand for none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import NumberFormat
from ..data.cast import Form, cast
from ..values import SPACES
from .look import listed

BODY = re.compile(r"^(\D*?)([.,]?[0-9](?:[0-9.,'’ʼ_\s]*[0-9])?[.,]?)(\D*)$")
CENSORED = re.compile("[<>=≤≥~≈#]")
NO_UNIT = re.compile(r"[0-9,+<>=≤≥~:#*?!&@-]|/.*/|^[./]*$| .* |.{15}")
SIGNS, BLANKS = "+-\u2212\u2013\ufe63\uff0d", " \u00a0\u2007\u2009\u202f"
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9}
GROUPS = {" ": r"\s", "'": "['’ʼ]", ",": ",", ".": r"\.", "_": "_"}
MOST_UNITS, MOST_TEXTS = 6, 3000
THREE = re.compile(r"^[1-9][0-9]{0,2}[.,][0-9]{3}$")
PLACEHOLDER = re.compile(r"^-?(9{2,}|10{5,})(\.0*)?$|[eE]|[^0-9.-]")
SHOWN = 40
CLOCK = re.compile(
    r"(?P<gap>[ T:,]*)(?<![0-9])(?P<clock>[0-9]{1,2}:[0-9]{2}(?P<s>:[0-9]{2})?)(?P<f>[.,][0-9]{1,9})?"
    r"(?:(?P<space> ?)(?P<half>[AaPp][Mm]))?(?:(?P<gap2> ?)(?P<zone>Z\b|[+-][0-9]{2}:?[0-9]{2}\b))?"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
ORDERS = {3: ("dmy", "mdy", "ymd", "ydm"), 2: ("dy", "yd", "my", "ym"), 1: ("y",)}
FIRST_EPOCH, LAST_EPOCH = 946_684_800, 2 * 10**9
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Written:
    """How numbers or times are written, where not as 1234.5 or by ISO 8601, and what is doubtful."""

    format: Any = None
    doubts: Sequence[str] = ()
    times: Any = None
    """What each text is; null where it is not of the form."""


def marks(texts: Sequence[str], *, comma: bool) -> Written | None:
    """How most of the texts are written as numbers; ``None`` where they are none.

    ``comma`` says that other numbers of the file have a decimal comma.
    """
    wide = any(text.strip() != text.strip(SPACES) for text in texts[:MOST_TEXTS])
    texts = [text.strip() for text in texts[:MOST_TEXTS]]
    parts = [match for match in map(BODY.match, texts) if match and not CENSORED.search(match[1])]
    words = _words(parts) if 2 * len(parts) >= len(texts) else None
    if words is None:
        return None
    units, factors, doubts = words
    decimal, thousands, more = _separators([part[2] for part in parts], comma=comma)
    odd = any(part[1].strip("+-") or part[3].strip() for part in parts) or wide
    if (decimal, thousands) == (".", None) and not odd:
        return Written(None, more)
    said = {"decimal": decimal, "thousands": thousands, "units": units, "factors": factors}
    return Written(NumberFormat.model_validate(said), [*doubts, *more])


def _words(
    parts: Sequence[re.Match[str]],
) -> tuple[list[str], dict[str, float], list[str]] | None:
    """Units and factors around the numbers; ``None`` where the words are parts of codes."""
    found, first, named = Counter[str](), dict[str, str](), False
    whole = 2 * sum(bool(re.search("[.,'’ ]", part[2])) for part in parts) < len(parts)
    for part in parts:
        unit, behind = part[1].strip(f"{SIGNS}{BLANKS}("), part[3].strip(f"{BLANKS})").rstrip(SIGNS)
        word = whole and re.search(r"\w", unit)
        named |= bool(word)
        if word and not re.search(r"^[A-Z]{2,3}\W|[$€£¥]|\.\W", part[1]):
            return None  # a word before a whole number: a code
        for text in filter(None, (unit, *_behind(behind.strip()))):
            found[text] += 1
            first.setdefault(text, part[0])
    factors = {text: FACTORS[text] for text in found if text in FACTORS}
    units = [text for text in found if text not in FACTORS]
    words = [unit for unit in units if not _is_sign(unit)]
    spread = len(words) > 1 and max(found[unit] for unit in words) < 0.95 * len(parts)
    if len(units) > MOST_UNITS or spread or any(map(NO_UNIT.search, units)):
        return None
    doubts = []
    if named:
        shown = listed([parts[0][0]])
        doubts.append(f"is read as a number, as {shown}; if that names a thing, make it a category")
    if len(units) > 1 or (words and found[words[0]] < len(parts)):
        shown = listed(first[unit] for unit in units)
        doubts.append(f"has numbers of different units or none, such as {shown}: read as one")
    if len(factors) == 1 and found[text := next(iter(factors))] == len(parts):
        read = f"is written as {first[text]!r}, read times {FACTORS[text]:g}"
        doubts.append(f"{read}; if {text} is a unit, say so under numbers")
    return units, factors, doubts


def _behind(after: str) -> tuple[str, ...]:
    """A factor, a unit, or the one and then the other."""
    head, gap, rest = after.partition(" ") if " " in after else (after[:-1], "", after[-1:])
    both = after not in FACTORS and head in FACTORS and (gap or _is_sign(rest))
    return (head, rest) if both else (after,)


def _is_sign(unit: str) -> bool:
    """Whether a unit is a percent sign or the sign of a currency."""
    return unit in "%‰" or any(unicodedata.category(one) == "Sc" for one in unit)


def _separators(bodies: Sequence[str], *, comma: bool) -> tuple[str, str | None, list[str]]:
    """Decimal and thousands mark, and what is doubtful about them."""
    pairs = [(d, t) for d in (",." if comma else ".,") for t in (None, *GROUPS) if t != d]
    counts = {pair: sum(map(bool, map(_form(*pair).match, bodies))) for pair in pairs}
    marked = [body for body in bodies if not body.isdigit()]
    used = {re.sub("[0-9]", "", body) for body in marked}
    if not all(map(THREE.match, marked)) or len(used) != 1:
        return (*max(counts, key=lambda pair: counts[pair]), []) if marked else (".", None, [])
    (mark,), bare = used, [body for body in bodies if body.isdigit()]
    if any(len(body) > 3 for body in bare):
        return mark, None, []
    rounded = len(marked) >= 5 and sum(body[-1] == "0" for body in marked) >= 0.9 * len(marked)
    grouped = bool(bare) or rounded or (mark == "," and not comma)
    readings = [marked[0].replace(mark, ""), marked[0].replace(mark, ".")]
    read, other = readings if grouped else readings[::-1]
    doubt = f"has {marked[0]!r}, read as {read}; if it is {other}, say decimal and thousands"
    doubts = [] if bare and mark == "," else [f"{doubt} under numbers"]
    return (("," if mark == "." else "."), mark, doubts) if grouped else (mark, None, doubts)


def _form(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """The pattern of a number with these marks: groups of two or three digits, then decimals."""
    group = GROUPS.get(thousands or "")
    grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|" if group else ""
    return re.compile(rf"^(?:{grouped}[0-9]*)(?:{re.escape(decimal)}[0-9]*)?$")


def stand_apart(texts: pl.Series, counts: pl.Series, values: Floats) -> tuple[list[str], list[str]]:
    """Texts of values that come again far from all others: that stand for none, and that may not."""
    known = ~np.isnan(values)
    v, place = np.unique(values[known], return_inverse=True)
    n = np.bincount(place, counts.to_numpy()[known], len(v))
    gone, kept, usual = list[str](), list[str](), float(np.median(n)) if len(n) else 0.0
    while len(v) > 2:
        below, above = v[1] - v[0], v[-1] - v[-2]
        end, rest = (0, slice(1, None)) if below > above else (len(v) - 1, slice(-1))
        span, gap = v[rest][-1] - v[rest][0], max(below, above)
        negative = v[end] < 0 <= v[rest][0]
        near = gap < 3 * span and not negative
        least = max(3 if gap < 100 * span else 1, 2 * usual * near)
        if not 0 < span <= gap or n[end] < least:
            break
        found = texts.filter(pl.Series(values == v[end])).to_list()
        none = negative or PLACEHOLDER.search(found[0].strip())
        (gone if none else kept).extend(found)
        v, n = v[rest], n[rest]
    return gone, kept


def times(texts: pl.Series, counts: pl.Series, zone: str, *, said: bool = False) -> Written | None:
    """The form in which most texts are times; numbers are with so many digits, or where ``said``."""
    shown = [text.strip() for text in texts.gather_every(max(1, len(texts) // SHOWN))]
    numbers = all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) for text in shown)
    forms = dict.fromkeys(_numeric(shown, said=said) if numbers else _written(shown))
    tried = {form: _read(texts, form, zone) for form in forms}
    n = float(counts.sum())
    fits = {f: float(counts.filter(at.is_not_null()).sum()) / n for f, at in tried.items()}
    form = max(fits, key=lambda one: fits[one]) if fits else None
    if fits.get(form, 0) < (0.98 if numbers and not said else 0.5):
        return None
    values, doubts = tried[form], []
    for other in (f for f in fits if fits[f] == fits[form]):
        if (differ := (values != tried[other]).fill_null(False)).any():
            at = differ.arg_max() or 0
            doubts.append(
                f"could be read in two ways: {texts[at]!r} is {values[at]:%Y-%m-%d} as {form}, which"
                f" is taken, and {tried[other][at]:%Y-%m-%d} as {other}; else say that under formats"
            )
    at = values.is_not_null().arg_max() or 0
    if numbers:
        doubts.append(f"is read as times: {texts[at]!r} is {values[at]:%Y-%m-%d %H:%M:%S}")
    late = texts.filter((values > datetime.now(UTC)).fill_null(False))
    if "%y" in (form or "") and len(late):
        doubts.append(f"has years of two digits that lead into the future, such as {late[0]!r}")
    return Written(form, doubts, values)


def _read(texts: pl.Series, form: str | None, zone: str) -> pl.Series:
    """The texts as the data job reads them; all null where the library knows no such form."""
    try:
        return cast(texts, Form(type="timestamp", format=form), zone)
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(texts), dtype=pl.Datetime("us", "UTC"))


def _numeric(shown: Sequence[str], *, said: bool) -> Iterator[str | None]:
    """The forms of times that are numbers: epochs, digits without marks and, if said, Excel's days."""
    whole = [int(text.partition(".")[0]) for text in shown]
    for unit, scale in EPOCHS.items():
        if said or all(FIRST_EPOCH <= number // scale <= LAST_EPOCH for number in whole):
            yield unit
    sizes = {len(str(number)) for number in whole}
    yield from (COMPACT[size] for size in sizes if len(sizes) == 1 and size in COMPACT)
    yield from ["excel_days"] if said else []


def _written(shown: Sequence[str]) -> Iterator[str | None]:
    """The forms of times in words and digits: ISO 8601 first, then what some of the texts allow.

    Each is tried on all texts afterwards; only a form that reads them counts.
    """
    if sum(bool(re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) for text in shown) * 2 > len(shown):
        yield None
    for text in shown[:: max(1, len(shown) // 8)]:
        yield from _forms(text)


def _forms(text: str) -> Iterator[str]:
    """The forms that a text may be written in."""
    if basic := re.fullmatch(r"[0-9]{8}([T ])[0-9]{4}([0-9]{2})?(Z?)", text):
        yield f"%Y%m%d{basic[1]}%H%M{'%S' if basic[2] else ''}{basic[3]}"
    day, middle, rest, year = text, "", "", ""
    if clock := CLOCK.search(text):
        day, rest = text[: clock.start()], text[clock.end() :]
        middle = clock["gap"] + _clock(clock)
    if behind := re.fullmatch(r"((?: [A-Z]{3,4})?)( [0-9]{4})", rest):
        day, rest, year = day + behind[2], behind[1], " %Y"  # Sun Jan  1 00:00:00 UTC 2023
    for form in _days(day):
        yield form.removesuffix(year) + middle + rest.replace("%", "%%") + year


def _clock(clock: re.Match[str]) -> str:
    """The form of a time of the day: hours, minutes, seconds, fractions, half of the day and zone."""
    form = ("%I" if clock["half"] else "%H") + ":%M" + (":%S" if clock["s"] else "")
    if clock["s"]:
        form += ",%f" if (clock["f"] or "").startswith(",") else ".%f"
    form += clock["space"] + "%p" if clock["half"] else ""
    return form + (clock["gap2"] + ("Z" if clock["zone"] == "Z" else "%z") if clock["zone"] else "")


def _days(text: str) -> Iterator[str]:
    """The forms of a day, in every order that its parts allow."""
    tokens = re.findall(r"[0-9]+|[^\W\d_]+\.?|[^\w]+|_", text)
    digits = [n for n, token in enumerate(tokens) if token.isdigit()]
    sizes, named = [len(tokens[n]) for n in digits], False
    for n, token in enumerate(tokens):
        short, begin = len(token) == 3, token[:3].lower() if token.isalpha() else ""
        if begin in MONTHS and not named:
            tokens[n], named = "%b" if short else "%B", True
        elif begin in DAYS:
            tokens[n] = "%a" if short else "%A"
    orders: list[tuple[str, ...]] = []
    for order in ORDERS.get(len(digits), ()):
        year = sizes[order.index("y")]
        others = [size for size, part in zip(sizes, order, strict=True) if part != "y"]
        first = year == 2 and order[0] == "y" and (named or "-" not in tokens)
        if (
            year in {2, 4}
            and max(others, default=1) <= 2
            and named == ("m" not in order)
            and not first
        ):
            orders.append(
                tuple(f"%{part.upper() if part == 'y' and year == 4 else part}" for part in order)
            )
    if len(digits) == 1 and sizes[0] in COMPACT:
        orders = [(COMPACT[sizes[0]],)]
    for parts in orders:
        for n, part in zip(digits, parts, strict=True):
            tokens[n] = part
        yield "".join(tokens).replace("  %d", " %e")
