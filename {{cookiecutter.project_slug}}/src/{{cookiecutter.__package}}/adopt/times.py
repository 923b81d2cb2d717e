"""In which form a column's times are written."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from ..data.cast import Form, cast

SHOWN = 40
CLOCK = re.compile(
    r"(?P<gap>[ T:,]*)(?<![0-9])(?P<clock>[0-9]{1,2}:[0-9]{2}(?P<s>:[0-9]{2})?)(?P<f>[.,][0-9]{1,9})?"
    r"(?:(?P<space> ?)(?P<half>[AaPp][Mm]))?(?:(?P<gap2> ?)(?P<zone>Z\b|[+-][0-9]{2}:?[0-9]{2}\b))?"
)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "mon tue wed thu fri sat sun".split()
EPOCHS = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us", 19: "epoch_ns"}
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
ORDERS = {3: ("dmy", "mdy", "ymd", "ydm"), 2: ("dy", "yd", "my", "ym"), 1: ("y",)}
LAST_EPOCH, FIRST_EPOCH = 2 * 10**9, 946_684_800


@dataclass(frozen=True, kw_only=True)
class Times:
    """The form that fits best."""

    format: str | None
    """``None`` for ISO 8601."""
    values: pl.Series
    """Of each text; null where it is not of the form."""
    doubts: tuple[str, ...]


def times(texts: pl.Series, counts: pl.Series, zone: str, *, said: bool = False) -> Times | None:
    """The form in which most texts are times; numbers only with so many digits, or where ``said``."""
    shown = texts.gather_every(max(1, len(texts) // SHOWN)).to_list()
    numbers = all(re.fullmatch(r"\s*[0-9]+(\.[0-9]*)?\s*", text) for text in shown)
    forms = dict.fromkeys(_numeric(shown, said=said) if numbers else _written(shown))
    if not forms:
        return None
    tried = {form: read(texts, form, zone) for form in forms}
    total = counts.sum()
    fits = {f: counts.filter(values.is_not_null()).sum() / total for f, values in tried.items()}
    form = max(fits, key=lambda one: fits[one])
    if fits[form] < (0.98 if numbers and not said else 0.5):
        return None
    if form is not None and fits[form] < 0.9 and len(texts) < 5:
        return None
    values = tried[form]
    doubts = [_other_order(texts, form, other, tried) for other in fits if fits[other] == fits[form]]
    at = next(i for i, one in enumerate(values.to_list()) if one is not None)
    if numbers:
        doubts.append(
            f"is read as times: {texts[at]!r} is {values[at]:%Y-%m-%d %H:%M:%S}; else say its type"
        )
    late = texts.filter((values > datetime.now(UTC)).fill_null(False))
    if form and "%y" in form and len(late):
        doubts.append(f"has years of two digits that lead into the future, such as {late[0]!r}")
    return Times(format=form, values=values, doubts=tuple(filter(None, doubts)))


def read(texts: pl.Series, form: str | None, zone: str) -> pl.Series:
    """The texts as the data job reads them; all null where the library knows no such form."""
    try:
        return cast(texts, Form(type="timestamp", format=form), zone)
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(texts), dtype=pl.Datetime("us", "UTC"))


def _other_order(
    texts: pl.Series, form: str | None, other: str | None, tried: dict[str | None, pl.Series]
) -> str | None:
    """What is doubtful where two forms fit as well and say different things."""
    if form is None or other is None or other == form:
        return None
    differ = (tried[form] != tried[other]).fill_null(False)
    if not differ.any():
        return None
    at = differ.arg_max() or 0
    return (
        f"could be read in two ways: {texts[at]!r} is {tried[form][at]:%Y-%m-%d} as {form}, which is"
        f" taken, and {tried[other][at]:%Y-%m-%d} as {other}; else say the other under formats"
    )


def _numeric(shown: Sequence[str], *, said: bool) -> Iterator[str | None]:
    whole = [text.strip().partition(".")[0] for text in shown]
    for size, unit in EPOCHS.items():
        if all(FIRST_EPOCH <= int(text) // 10 ** (size - 10) <= LAST_EPOCH for text in whole):
            yield unit
    if len({len(text) for text in whole}) == 1 and (form := COMPACT.get(len(whole[0]))):
        yield form
    if said:
        yield from ("excel_days", *EPOCHS.values())


def _written(shown: Sequence[str]) -> Iterator[str | None]:
    if sum(bool(re.match(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) for text in shown) * 2 > len(shown):
        yield None
    for text in shown[:: max(1, len(shown) // 8)]:
        yield from forms_of(text.strip())


def forms_of(text: str) -> Iterator[str]:
    """The forms that a text may be written in."""
    if basic := re.fullmatch(r"[0-9]{8}([T ])[0-9]{4}([0-9]{2})?(Z?)", text):
        yield f"%Y%m%d{basic[1]}%H%M{'%S' if basic[2] else ''}{basic[3]}"
    clock = CLOCK.search(text)
    day, middle, rest = text, "", ""
    if clock:
        day, rest = text[: clock.start()], text[clock.end() :]
        middle = clock["gap"] + _clock(clock)
    if rest and (year := re.fullmatch(r"( [A-Z]{3,4})?( [0-9]{4})", rest)):
        day, rest = day + year[2], (year[1] or "") + "\0"  # Sun Jan  1 00:00:00 UTC 2023
    for order in _days(day):
        if rest.endswith("\0"):
            yield order.removesuffix(" %Y") + middle + rest[:-1] + " %Y"
        else:
            yield order + middle + rest.replace("%", "%%")


def _clock(clock: re.Match[str]) -> str:
    hour = "%I" if clock["half"] else "%H"
    form = hour + ":%M" + (":%S" if clock["s"] else "")
    form += (clock["f"][0] if clock["f"] and clock["f"][0] == "," else "") and ",%f"
    form += ".%f" if clock["s"] and not (clock["f"] or "").startswith(",") else ""
    form += clock["space"] + "%p" if clock["half"] else ""
    return form + (clock["gap2"] + ("Z" if clock["zone"] == "Z" else "%z") if clock["zone"] else "")


def _days(text: str) -> Iterator[str]:
    """The forms of a day, in every order that its parts allow."""
    tokens = re.findall(r"[0-9]+|[^\W\d_]+\.?|[^\w]+|_", text)
    digits = [n for n, token in enumerate(tokens) if token.isdigit()]
    named = [n for n, token in enumerate(tokens) if token[:3].lower() in MONTHS and token.isalpha()]
    for n, token in enumerate(tokens):
        if token.isalpha() and token[:3].lower() in DAYS and n not in named:
            tokens[n] = "%a" if len(token) == 3 else "%A"
    if len(named) == 1:
        tokens[named[0]] = "%b" if len(tokens[named[0]]) == 3 else "%B"
    if len(digits) == 1 and (form := COMPACT.get(len(tokens[digits[0]]))):
        yield _joined(tokens, digits, [form])
        return
    for order in ORDERS.get(len(digits), ()):
        sizes = [len(tokens[n]) for n in digits]
        years = [size for size, part in zip(sizes, order, strict=True) if part == "y"]
        others = [size for size, part in zip(sizes, order, strict=True) if part != "y"]
        named_or_dotted = named or "-" not in tokens
        if years[0] == 2 and order[0] == "y" and named_or_dotted:
            continue
        if years[0] in {2, 4} and max(others, default=1) <= 2 and ("m" in order) != (len(named) == 1):
            parts = [("%Y" if years[0] == 4 else "%y") if p == "y" else f"%{p}" for p in order]
            yield _joined(tokens, digits, parts).replace("  %d", " %e")


def _joined(tokens: Sequence[str], places: Sequence[int], parts: Sequence[str]) -> str:
    changed = dict(zip(places, parts, strict=True))
    return "".join(changed.get(n, token) for n, token in enumerate(tokens))
