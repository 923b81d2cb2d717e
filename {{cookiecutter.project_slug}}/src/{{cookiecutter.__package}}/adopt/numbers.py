"""How numbers are written for people: marks, signs, units."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..contract import NumberFormat

BODY = re.compile(r"^(?P<before>\D*?)(?P<body>[.,]?[0-9](?:[0-9.,'’ʼ_\s]*[0-9])?[.,]?)(?P<after>\D*)$")
CENSORED = re.compile("[<>=≤≥~≈#]")
SIGNS = "+-\u2212\u2013\ufe63\uff0d"
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "mn": 1e6} | {
    "B": 1e9, "bn": 1e9, "Mrd": 1e9, "Mrd.": 1e9
}  # fmt: skip
GROUP = {" ": r"\s", "'": "['’ʼ]", ",": ",", ".": r"\.", "_": "_"}
MOST_UNITS, LONGEST_UNIT, MOST_TEXTS = 6, 14, 3000
THREE = re.compile(r"^[1-9][0-9]{0,2}([.,])[0-9]{3}$")


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How a column's numbers are written, and what is doubtful about that."""

    format: NumberFormat | None
    """``None`` where they are written as 1234.5."""
    doubts: tuple[str, ...] = ()


def marks(texts: Sequence[str], *, comma: bool) -> Marks | None:
    """How most of the texts are written as numbers; ``None`` where they are not.

    ``comma`` says that other numbers of the file have a decimal comma.
    """
    texts = [text.strip() for text in texts[:MOST_TEXTS]]
    parts = [part for part in map(BODY.match, texts) if part and not CENSORED.search(part["before"])]
    if 2 * len(parts) < len(texts) or not parts:
        return None
    bodies = [part["body"] for part in parts]
    units, factors, doubts = _words(parts)
    if units is None:
        return None
    decimal, thousands, more = _separators(bodies, comma=comma)
    odd = any(part["before"].strip(" +-") or part["after"].strip() for part in parts)
    if (decimal, thousands) == (".", None) and not (units or factors or odd):
        return Marks(format=None, doubts=tuple(more))
    found = NumberFormat.model_validate(
        {"decimal": decimal, "thousands": thousands, "units": units, "factors": factors}
    )
    return Marks(format=found, doubts=(*doubts, *more))


def _words(
    parts: Sequence[re.Match[str]],
) -> tuple[tuple[str, ...] | None, dict[str, float], list[str]]:
    """Units and factors around the numbers; no units where the words are parts of codes."""
    units: Counter[str] = Counter()
    factors: Counter[str] = Counter()
    first: dict[str, str] = {}
    fractions = sum(bool(re.search("[.,'’ ]", part["body"])) for part in parts)
    for part in parts:
        before, after = part["before"].strip(f"{SIGNS}( \u00a0\u202f"), part["after"].strip(" \u00a0\u202f)")
        if re.search(r"\w$", part["before"]) and 2 * fractions < len(parts):
            return None, {}, []  # a letter at a whole number: a code
        after = after if after in SIGNS else after.rstrip(SIGNS).strip()
        for text in filter(None, (before, *_behind(after))):
            if text not in SIGNS:
                (factors if text in FACTORS else units)[text] += 1
                first.setdefault(text, part[0])
    letters = {unit for unit in units if not _symbol(unit)}
    spread = len(letters) > 1 and max(units[one] for one in letters) < 0.95 * len(parts)
    if len(units) > MOST_UNITS or spread or any(map(_is_no_unit, units)):
        return None, {}, []
    if any(part["before"].strip(f"{SIGNS}( ") in letters for part in parts) and 2 * fractions < len(parts):
        if not all(re.fullmatch("[A-Z]{2,3}", one) for one in letters):
            return None, {}, []
    doubts = list(_doubts(units, factors, first, len(parts)))
    return tuple(units), {text: FACTORS[text] for text in factors}, doubts


def _behind(after: str) -> Iterator[str]:
    """A factor, a unit, or the one and then the other."""
    head, _, rest = after.partition(" ") if " " in after else (after[:-1], "", after[-1:])
    if after not in FACTORS and head in FACTORS and (" " in after or _symbol(rest)):
        yield from (head, rest)
    elif after:
        yield after


def _symbol(unit: str) -> bool:
    return any(unicodedata.category(one) == "Sc" for one in unit) or unit in {"%", "‰"}


def _is_no_unit(unit: str) -> bool:
    return bool(
        len(unit) > LONGEST_UNIT
        or re.search(r"[0-9,+<>=≤≥~/:#*?!&@-]", unit.replace("/", "", 1))
        or unit.strip(".") == ""
        or unit.count(" ") > 1
    )


def _doubts(
    units: Counter[str], factors: Counter[str], first: dict[str, str], n: int
) -> Iterator[str]:
    if len(units) > 1:
        shown = " and ".join(repr(first[unit]) for unit in list(units)[:2])
        yield f"mixes units, such as {shown}, which are read as one: tell them apart in another column"
    elif units and units.total() < n and not _symbol(next(iter(units))):
        yield f"has numbers with and without a unit, such as {first[next(iter(units))]!r}: read as one"
    if factors and factors.total() == n and len(factors) == 1:
        text = next(iter(factors))
        yield (
            f"is written as {first[text]!r}, read times {FACTORS[text]:g}; if {text} is a unit, say so"
            " under numbers"
        )


def _separators(bodies: Sequence[str], *, comma: bool) -> tuple[str, str | None, list[str]]:
    """Decimal and thousands mark, and what is doubtful about them."""
    marked = [body for body in bodies if not body.isdigit()]
    if not marked:
        return ".", None, []
    counts = {}
    for decimal in (",", ".") if comma else (".", ","):
        for thousands in (None, *GROUP):
            if thousands != decimal:
                form = _form(decimal, thousands)
                counts[decimal, thousands] = sum(bool(form.match(body)) for body in bodies)
    most = max(counts.values())
    fits = [one for one, count in counts.items() if count == most]
    decimal, thousands = fits[0]
    threes = [body for body in marked if THREE.match(body)]
    if len(threes) < len(marked) or len({body.strip("0123456789") for body in marked}) > 1:
        return decimal, thousands, []
    mark = re.sub("[0-9]", "", marked[0])
    grouped: tuple[str, str | None] = (",." if mark == "." else ".,")[0], mark
    fraction: tuple[str, str | None] = mark, None
    bare = [body for body in bodies if body.isdigit()]
    if any(len(body) > 3 for body in bare):
        return *fraction, []
    round_ = sum(body.endswith("0") for body in marked) >= 0.9 * len(marked) and len(marked) >= 5
    wins = grouped if bare or round_ or (mark == "," and not comma) else fraction
    sure = bare and mark == ","
    value = marked[0].replace(mark, "" if wins == grouped else ".")
    other = marked[0].replace(mark, "." if wins == grouped else "")
    doubt = f"has {marked[0]!r}, read as {value}; if it is {other}, say decimal and thousands under numbers"
    return *wins, [] if sure else [doubt]


def _form(decimal: str, thousands: str | None) -> re.Pattern[str]:
    whole = "[0-9]*"
    if thousands:
        group = GROUP[thousands]
        whole = rf"(?:[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|[0-9]*)"
    return re.compile(rf"^{whole}(?:{re.escape(decimal)}[0-9]*)?$")
