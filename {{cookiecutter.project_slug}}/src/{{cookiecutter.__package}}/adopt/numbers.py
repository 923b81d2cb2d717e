"""How the numbers of a column are written, and which of them stand for none."""

import re
from collections import Counter
from collections.abc import Sequence

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
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9}
FACTOR = re.compile(rf"^(?:({'|'.join(map(re.escape, FACTORS))})(?=\s|$|{SIGN.pattern}))?\s*(.*)$")
NO_UNIT = re.compile(r"[0-9,+<>=≤≥~:#*?!&@-]|/.*/|^[./]*$| .* |.{15}")
MOST_UNITS, MOST_TEXTS = 6, 3000
THREE = re.compile(r"^[1-9][0-9]{0,2}[.,][0-9]{3}$")
PLACEHOLDER = re.compile(r"^-?(9{2,}|10{5,})(\.0*)?$|[eE]|[^0-9.-]")
Floats = npt.NDArray[np.float64]


def number_format(texts: pl.Series, *, comma: bool) -> tuple[NumberFormat | None, list[str]] | None:
    """How most texts are written as numbers and what is doubtful; ``None`` where they are none.

    The format is ``None`` for 1234.5; ``comma``: other numbers of the file have a decimal comma.
    """
    texts = texts.head(MOST_TEXTS)
    parts = [m for m in map(NUMBER.match, texts) if m and not CENSORED.search(m["before"])]
    words = _words(parts) if 2 * len(parts) >= len(texts) else None
    if words is None:
        return None
    units, factors, doubts = words
    pairs, more = _pairs([part["digits"] for part in parts], comma=comma)
    marks = [{"decimal": d, "thousands": t, "units": units, "factors": factors} for d, t in pairs]
    formats = [NumberFormat.model_validate(one) for one in marks]
    read = [cast(texts, Form(type="float", numbers=f), "UTC").count() for f in (None, *formats)]
    best = read.index(max(read))
    return (formats[best - 1] if best else None), [*doubts, *more]


def _words(
    parts: Sequence[re.Match[str]],
) -> tuple[list[str], dict[str, float], list[str]] | None:
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
    spread = len(words) > 1 and max(counts[unit] for unit in words) < 0.95 * len(parts)
    if len(units) > MOST_UNITS or spread or any(map(NO_UNIT.search, units)):
        return None
    doubts = []
    if named:
        shown = listed([named[0].string])
        doubts.append(f"is read as a number, as {shown}; if that names a thing, make it a category")
    if len(units) > 1 or (words and counts[words[0]] < len(parts)):
        shown = listed(first[unit] for unit in units)
        doubts.append(f"has numbers of different units or none, such as {shown}: read as one")
    for text, factor in factors.items():
        if len(factors) == 1 and counts[text] == len(parts):
            read = f"is written as {first[text]!r}, read times {factor:g}"
            doubts.append(f"{read}; if {text} is a unit, say so under numbers")
    return units, factors, doubts


def _pairs(digits: Sequence[str], *, comma: bool) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Decimal and thousands marks that may be meant; one with a doubt where 1.234 leaves it open."""
    marked, bare = [d for d in digits if not d.isdigit()], [d for d in digits if d.isdigit()]
    marks = {re.sub(r"\s", " ", mark) for mark in "".join(marked) if not mark.isdigit()}
    marks = {"'" if mark in "’ʼ" else mark for mark in marks}
    if len(marks) != 1 or not all(map(THREE.match, marked)):
        decimals = ",." if comma else ".,"
        return [(d, t) for d in decimals for t in (None, *sorted(marks)) if t != d], []
    mark, one = marks.pop(), marked[0]
    pairs: list[tuple[str, str | None]] = [(mark, None), ("," if mark == "." else ".", mark)]
    if any(len(number) > 3 for number in bare):
        return pairs[:1], []
    rounded = len(marked) >= 5 and sum(d[-1] == "0" for d in marked) >= 0.9 * len(marked)
    grouped = bool(bare) or rounded or (mark == "," and not comma)
    readings = [one.replace(mark, "."), one.replace(mark, "")]
    doubt = (
        f"has {one!r}, read as {readings[grouped]}; if it is {readings[not grouped]}, say decimal"
        " and thousands under numbers"
    )
    return [pairs[grouped]], [] if bare and mark == "," else [doubt]


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
        there = texts.filter(pl.Series(values == v[end])).to_list()
        none = negative or PLACEHOLDER.search(there[0].strip())
        (gone if none else kept).extend(there)
        v, n = v[rest], n[rest]
    return gone, kept
