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
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
ORDERS = {3: ("dmy", "mdy", "ymd", "ydm"), 2: ("dy", "yd", "my", "ym"), 1: ("y",)}
FIRST_EPOCH, LAST_EPOCH = 946_684_800, 2 * 10**9


@dataclass(frozen=True, kw_only=True)
class Times:
    """The form that fits best; ``None`` for ISO 8601."""

    format: str | None
    values: pl.Series
    """Of each text; null where it is not of the form."""
    doubts: Sequence[str]


def times(texts: pl.Series, counts: pl.Series, zone: str, *, said: bool = False) -> Times | None:
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
    return Times(format=form, values=values, doubts=doubts)


def _read(texts: pl.Series, form: str | None, zone: str) -> pl.Series:
    """The texts as the data job reads them; all null where the library knows no such form."""
    try:
        return cast(texts, Form(type="timestamp", format=form), zone)
    except pl.exceptions.PolarsError:
        return pl.Series([None] * len(texts), dtype=pl.Datetime("us", "UTC"))


def _numeric(shown: Sequence[str], *, said: bool) -> Iterator[str | None]:
    whole = [int(text.partition(".")[0]) for text in shown]
    for unit, scale in EPOCHS.items():
        if said or all(FIRST_EPOCH <= number // scale <= LAST_EPOCH for number in whole):
            yield unit
    sizes = {len(str(number)) for number in whole}
    yield from (COMPACT[size] for size in sizes if len(sizes) == 1 and size in COMPACT)
    yield from ["excel_days"] if said else []


def _written(shown: Sequence[str]) -> Iterator[str | None]:
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
