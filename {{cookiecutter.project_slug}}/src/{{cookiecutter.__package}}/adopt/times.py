"""How the times of a column are written: forms are made of some texts, and tried on all."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import polars as pl

from ..data.cast import Form, cast

SHOWN = 40
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


def time_format(
    texts: pl.Series, counts: pl.Series, zone: str, *, said: bool = False
) -> tuple[str | None, pl.Series, list[str]] | None:
    """The form in which most texts are times, what they are (null: of another form), and doubts.

    The form is ``None`` for ISO 8601. Numbers are times where they have so many digits, or where
    that is ``said``.
    """
    shown = [text.strip() for text in texts.gather_every(max(1, len(texts) // SHOWN))]
    numeric = all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) for text in shown)
    forms = dict.fromkeys(_of_numbers(shown, said=said) if numeric else _of_texts(shown))
    tried = {form: _read(texts, form, zone) for form in forms}
    fits = {form: int(counts.filter(at.is_not_null()).sum()) for form, at in tried.items()}
    best, n_least = max(fits.values(), default=0), 0.98 if numeric and not said else 0.5
    if best < n_least * int(counts.sum()):
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


def _of_numbers(shown: Sequence[str], *, said: bool) -> Iterator[str]:
    """The forms of times that are numbers: epochs, digits without marks and, if said, Excel's days."""
    whole = [int(text.partition(".")[0]) for text in shown]
    for unit, scale in EPOCHS.items():
        if said or all(FIRST_EPOCH <= number // scale <= LAST_EPOCH for number in whole):
            yield unit
    sizes = {len(str(number)) for number in whole}
    yield from (COMPACT[size] for size in sizes if len(sizes) == 1 and size in COMPACT)
    yield from ["excel_days"] if said else []


def _of_texts(shown: Sequence[str]) -> Iterator[str | None]:
    """ISO 8601 first, then the forms that some of the texts allow."""
    if sum(bool(re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) for text in shown) * 2 > len(shown):
        yield None
    for text in shown[:: max(1, len(shown) // 8)]:
        form = text.replace("%", "%%")
        for pattern, part in PARTS.items():
            form = re.sub(pattern, part, form, count=1)
        form = form.replace("%H", "%I") if "%p" in form else form
        yield from _of_days(re.split("([0-9]+)", form), named="%b" in form.lower())


def _of_days(pieces: list[str], *, named: bool) -> Iterator[str]:
    """The forms of a day in every order that its numbers allow; they stand at the odd places."""
    numbers = pieces[1::2]
    if not numbers and "%Y" in pieces[0]:
        yield pieces[0]
    for order in (one for one in ORDERS[named] if len(one) == len(numbers)):
        sizes = {part: len(number) for part, number in zip(order, numbers, strict=True)}
        year = sizes.pop("y")
        short = year == 2 and order[0] == "y" and (named or "-" not in pieces)
        if year in {2, 4} and max(sizes.values(), default=1) <= 2 and not short:
            letters = order.replace("y", "Y") if year == 4 else order
            pieces[1::2] = [f"%{letter}" for letter in letters]
            yield "".join(pieces).replace("  %d", " %e")
