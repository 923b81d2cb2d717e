"""How numbers are written for people, and which of them stand for none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from ..contract import NumberFormat

BODY = re.compile(r"^(?P<before>\D*?)(?P<body>[.,]?[0-9](?:[0-9.,'’ʼ_\s]*[0-9])?[.,]?)(?P<after>\D*)$")
CENSORED = re.compile("[<>=≤≥~≈#]")
NO_UNIT = re.compile(r"[0-9,+<>=≤≥~:#*?!&@-]|/.*/|^[./]*$| .* ")
SIGNS, BLANKS = "+-\u2212\u2013\ufe63\uff0d", " \u00a0\u2007\u2009\u202f"
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "Mio.": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9}
FACTORS |= {"Mrd": 1e9, "Mrd.": 1e9}
GROUPS = {" ": r"\s", "'": "['’ʼ]", ",": ",", ".": r"\.", "_": "_"}
MOST_UNITS, LONGEST_UNIT, MOST_TEXTS = 6, 14, 3000
THREE = re.compile(r"^[1-9][0-9]{0,2}([.,])[0-9]{3}$")
PLACEHOLDER = re.compile(r"^-?(9{2,}|10{5,})(\.0*)?$|[eE]")


def marks(texts: Sequence[str], *, comma: bool) -> tuple[NumberFormat | None, list[str]] | None:
    """How most of the texts are written as numbers, and what is doubtful; ``None`` where they are none.

    Without a format they are written as 1234.5. ``comma`` says that other numbers of the file have
    a decimal comma.
    """
    texts = texts[:MOST_TEXTS]
    parts = [part for part in (BODY.match(text.strip()) for text in texts) if part]
    parts = [part for part in parts if not CENSORED.search(part["before"])]
    words = _words(parts) if 2 * len(parts) >= len(texts) and parts else None
    if words is None:
        return None
    units, factors, doubts = words
    decimal, thousands, more = _separators([part["body"] for part in parts], comma=comma)
    odd = any(part["before"].strip("+-") or part["after"].strip() for part in parts)
    if (decimal, thousands) == (".", None) and not odd:
        return None, more
    said = {"decimal": decimal, "thousands": thousands, "units": units, "factors": factors}
    return NumberFormat.model_validate(said), [*doubts, *more]


def _words(parts: Sequence[re.Match[str]]) -> tuple[list[str], dict[str, float], list[str]] | None:
    """Units and factors around the numbers; ``None`` where the words are parts of codes."""
    units: Counter[str] = Counter()
    factors: Counter[str] = Counter()
    first: dict[str, str] = {}
    whole = 2 * sum(bool(re.search("[.,'’ ]", part["body"])) for part in parts) < len(parts)
    for part in parts:
        before = part["before"].strip(f"{SIGNS}{BLANKS}(")
        after = part["after"].strip(f"{BLANKS})").rstrip(SIGNS).strip()
        if whole and re.search(r"\w", before) and not re.fullmatch(r"[A-Z]{2,3}\W+|.*[$€£¥].*", part["before"]):
            return None  # a word before a whole number: a code
        for text in filter(None, (before, *_behind(after))):
            (factors if text in FACTORS else units)[text] += 1
            first.setdefault(text, part[0])
    words = [unit for unit in units if not _is_sign(unit)]
    spread = len(words) > 1 and max(units[unit] for unit in words) < 0.95 * len(parts)
    if len(units) > MOST_UNITS or spread or any(len(u) > LONGEST_UNIT or NO_UNIT.search(u) for u in units):
        return None
    doubts = []
    if len(units) > 1:
        shown = " and ".join(repr(first[unit]) for unit in list(units)[:2])
        doubts.append(f"mixes units, such as {shown}, and reads them as one: tell them apart elsewhere")
    elif words and units.total() < len(parts):
        doubts.append(f"has numbers with and without a unit, such as {first[words[0]]!r}: read as one")
    if len(factors) == 1 and factors.total() == len(parts):
        (text,) = factors
        doubts.append(
            f"is written as {first[text]!r}, read times {FACTORS[text]:g}; if {text} is a unit, say so"
            " under numbers"
        )
    return list(units), {text: FACTORS[text] for text in factors}, doubts


def _behind(after: str) -> Iterator[str]:
    """A factor, a unit, or the one and then the other."""
    head, gap, rest = after.partition(" ")
    if not gap:
        head, rest = after[:-1], after[-1:]
    if after not in FACTORS and head in FACTORS and (gap or _is_sign(rest)):
        yield from (head, rest)
    else:
        yield after


def _is_sign(unit: str) -> bool:
    return unit in "%‰" or any(unicodedata.category(one) == "Sc" for one in unit)


def _separators(bodies: Sequence[str], *, comma: bool) -> tuple[str, str | None, list[str]]:
    """Decimal and thousands mark, and what is doubtful about them."""
    marked = [body for body in bodies if not body.isdigit()]
    if not marked:
        return ".", None, []
    counts = {
        (decimal, thousands): sum(map(bool, map(_form(decimal, thousands).match, bodies)))
        for decimal in (",." if comma else ".,")
        for thousands in (None, *GROUPS)
        if thousands != decimal
    }
    decimal, thousands = max(counts, key=lambda one: counts[one])
    if not all(map(THREE.match, marked)) or len({re.sub("[0-9]", "", body) for body in marked}) > 1:
        return decimal, thousands, []
    (mark,) = re.sub("[0-9]", "", marked[0])
    bare = [body for body in bodies if body.isdigit()]
    if any(len(body) > 3 for body in bare):
        return mark, None, []
    rounded = len(marked) >= 5 and sum(body.endswith("0") for body in marked) >= 0.9 * len(marked)
    grouped = bool(bare) or rounded or (mark == "," and not comma)
    readings = [marked[0].replace(mark, ""), marked[0].replace(mark, ".")]
    read, other = readings if grouped else readings[::-1]
    doubt = f"has {marked[0]!r}, read as {read}; if it is {other}, say decimal and thousands under numbers"
    doubts = [] if bare and mark == "," else [doubt]
    return (("," if mark == "." else "."), mark, doubts) if grouped else (mark, None, doubts)


def _form(decimal: str, thousands: str | None) -> re.Pattern[str]:
    group = GROUPS.get(thousands or "")
    grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|" if group else ""
    return re.compile(rf"^(?:{grouped}[0-9]*)(?:{re.escape(decimal)}[0-9]*)?$")


def stand_apart(
    texts: pl.Series, counts: pl.Series, values: pl.Series
) -> tuple[list[str], list[str]]:
    """Texts of values that come again far from all others: what stands for none, and what may not."""
    table = pl.DataFrame({"text": texts, "n": counts, "v": values}).drop_nulls("v").sort("v")
    gone: list[str] = []
    kept: list[str] = []
    while table["v"].n_unique() > 2:
        v = table["v"].unique().sort()
        below, above = v[1] - v[0], v[-1] - v[-2]
        end, rest = (v[0], v[1:]) if below > above else (v[-1], v[:-1])
        span, gap = rest[-1] - rest[0], max(below, above)
        found = table.filter(table["v"] == end)
        n, usual = found["n"].sum(), table["n"].median()
        if not 0 < span <= gap or n < (3 if gap >= 3 * span else max(3, 2 * usual)):  # type: ignore[operator]
            break
        text = found["text"][0].strip()
        none = PLACEHOLDER.search(text) or end < 0 <= rest[0] or not text.strip("-.").replace(".", "").isdigit()
        (gone if none else kept).extend(found["text"])
        table = table.filter(table["v"] != end)
    return gone, kept
