"""How numbers are written for people, and which of them stand for none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import NumberFormat
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
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Marks:
    """How numbers are written, where that is not 1234.5, and what is doubtful about that."""

    format: NumberFormat | None = None
    doubts: Sequence[str] = ()


def marks(texts: Sequence[str], *, comma: bool) -> Marks | None:
    """How most of the texts are written as numbers; ``None`` where they are none.

    ``comma`` says that other numbers of the file have a decimal comma.
    """
    texts = [text.strip() for text in texts[:MOST_TEXTS]]
    parts = [match for match in map(BODY.match, texts) if match and not CENSORED.search(match[1])]
    words = _words(parts) if 2 * len(parts) >= len(texts) else None
    if words is None:
        return None
    units, factors, doubts = words
    decimal, thousands, more = _separators([part[2] for part in parts], comma=comma)
    odd = any(part[1].strip("+-") or part[3].strip() for part in parts)
    if (decimal, thousands) == (".", None) and not odd:
        return Marks(None, more)
    said = {"decimal": decimal, "thousands": thousands, "units": units, "factors": factors}
    return Marks(NumberFormat.model_validate(said), [*doubts, *more])


def _words(
    parts: Sequence[re.Match[str]],
) -> tuple[list[str], dict[str, float], list[str]] | None:
    """Units and factors around the numbers; ``None`` where the words are parts of codes."""
    found, first = Counter[str](), dict[str, str]()
    whole = 2 * sum(bool(re.search("[.,'’ ]", part[2])) for part in parts) < len(parts)
    for part in parts:
        unit, behind = part[1].strip(f"{SIGNS}{BLANKS}("), part[3].strip(f"{BLANKS})").rstrip(SIGNS)
        if whole and re.search(r"\w", unit) and not re.search(r"^[A-Z]{2,3}\W|[$€£¥]", part[1]):
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
        if not 0 < span <= gap or n[end] < max(3, 2 * usual * (gap < 3 * span)):
            break
        found = texts.filter(pl.Series(values == v[end])).to_list()
        none = PLACEHOLDER.search(found[0].strip()) or v[end] < 0 <= v[rest][0]
        (gone if none else kept).extend(found)
        v, n = v[rest], n[rest]
    return gone, kept
