"""What people really send: forms of each kind of trouble, drawn by seed; texts and what they mean."""

import random
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Form = tuple[list[str], list[Any]]
N = 400
CURRENCIES = [
    chr(code) for code in range(0x20A0, 0x20C0) if unicodedata.category(chr(code)) == "Sc"
]
SPACES = [" ", "\u00a0", "\u202f", "\u2009"]
LETTERS = "abcdefghijklmnopqrstuvwxyzäøñčλя"


def word(draw: random.Random, least: int = 3, most: int = 8) -> str:
    return "".join(draw.choice(LETTERS) for _ in range(draw.randint(least, most)))


def number_written(draw: random.Random) -> Form:
    """One way of writing numbers, for a column."""
    decimal = draw.choice(".,")
    groups = [None, "'", "’", *SPACES, {".": ",", ",": "."}[decimal]]
    thousands = draw.choice(groups)
    places = draw.choice([0, 1, 2, 4])
    top = draw.choice([90.0, 9_000.0, 4_000_000.0])
    signs = ["$", "€", "£", "EUR", "kr.", "US$", draw.choice(CURRENCIES), "%", "‰"]
    unit = draw.choice(["", "", draw.choice(signs), draw.choice(["km/h", "°C", word(draw)])])
    before = unit and unit in {*signs} - {"%", "‰"} and draw.random() < 0.5
    gap = draw.choice(SPACES) if unit.isalpha() else draw.choice(["", *SPACES])
    minus = draw.choice(["-", "\u2212", "behind", "()"])
    texts, values = [], []
    for _ in range(N):
        value = round(draw.uniform(-0.2, 1) * top, places)
        text = f"{abs(value):,.{places}f}" if thousands else f"{abs(value):.{places}f}"
        text = text.translate({ord(","): "\0", ord("."): decimal}).replace("\0", thousands or "")
        text = f"{unit}{gap}{text}" if before else f"{text}{gap}{unit}" if unit else text
        if value < 0:
            text = {"behind": f"{text}-", "()": f"({text})"}.get(minus, f"{minus}{text}")
        texts.append(text)
        values.append(value)
    return texts, values


def number_with_factor(draw: random.Random) -> Form:
    unit = draw.choice(["", "$", "€"])
    pairs = [("k", 1e3), ("M", 1e6), ("", 1)]
    texts, values = [], []
    for _ in range(N):
        name, factor = draw.choice(pairs)
        value = round(draw.uniform(1, 900), 1)
        texts.append(f"{unit}{value}{name}")
        values.append(value * factor)
    return texts, values


def ambiguous_number(draw: random.Random) -> Form:
    """Three digits behind a mark that may be the decimal or the thousands' one."""
    mark, decimal = draw.choice(".,"), draw.random() < 0.5
    whole = [draw.randint(1000, 999_999) for _ in range(N)]
    texts = [f"{value:,}".replace(",", mark) for value in whole]
    return texts, [value / 1000 if decimal else value for value in whole]


def marker(draw: random.Random) -> str:
    """A text that says that nothing is there, as this program or that person writes it."""
    marks = ["#DIV/0!", "n.d.", ":", "?", "-", "NA", "None", "#REF!", "*", "k.A.", "NULL", "nan"]
    drawn = [
        word(draw),
        f"({word(draw)})",
        f"#{word(draw).upper()}!",
        draw.choice("§¿~|°") * 2,
        "<32",
        "> 99",
    ]
    return draw.choice([*marks, *drawn])


def number_with_markers(draw: random.Random) -> Form:
    markers = [marker(draw) for _ in range(draw.randint(1, 3))]
    share = draw.choice([0.01, 0.1, 0.3, 0.45])
    comma = draw.random() < 0.3
    texts, values = [], []
    for _ in range(N):
        value = round(draw.uniform(0, 500), 2)
        gone = draw.random() < share
        text = f"{value:.2f}".replace(".", ",") if comma else f"{value:.2f}"
        texts.append(draw.choice(markers) if gone else text)
        values.append(None if gone else value)
    return texts, values


def placeholder(draw: random.Random) -> Form:
    """Numbers that stand for none, far from all others."""
    digits = draw.randint(3, 6)
    hold = [f"-{'9' * digits}", "9" * (digits + 1), "1e20", "-200", "1.7976931348623157e+308"]
    text = draw.choice([*hold, f"-{'7' * digits}", f"-{10**digits}", f"{10 ** (digits + 2)}"])
    whole = draw.random() < 0.5
    share = draw.choice([0.02, 0.1, 0.3])
    texts, values = [], []
    for _ in range(N):
        value: float = draw.randint(0, 80) if whole else round(draw.uniform(0, 80), 2)
        gone = draw.random() < share
        texts.append(text if gone else str(value))
        values.append(None if gone else value)
    return texts, values


def category_with_markers(draw: random.Random) -> Form:
    """Texts that mean nothing elsewhere, and are values here."""
    words = [word(draw) for _ in range(draw.randint(2, 5))]
    kept = draw.sample(["NA", "None", "Unknown", "none", "missing", "n/a", "-", "?"], 2)
    texts = [draw.choice([*words, *kept]) for _ in range(N)]
    return texts, list(texts)


def code(draw: random.Random) -> Form:
    """Digits that name things."""
    size = draw.randint(4, 9)
    kinds = ["zeros", "letters", "long", "dash", "exponent"]
    kind = draw.choice(kinds)
    pool = []
    for _ in range(draw.choice([20, 60, 5 * N])):
        text = "".join(draw.choice("0123456789") for _ in range(size))
        if kind == "long":
            text = "1" + text * 3 + "7" * (20 - min(3 * size, 19))
        elif kind == "zeros":
            text = "0" + text
        elif kind == "exponent":
            text = f"1{text[:2]}E{text[2:3]}" if draw.random() < 0.5 else f"1{text[:4]}"
        elif draw.random() < 0.1:
            text = draw.choice("XBQ") + text[1:] if kind == "letters" else f"{text}-{text[:4]}"
        pool.append(text)
    texts = [draw.choice(pool) for _ in range(N)]
    return texts, list(texts)


TIMES = (
    *(
        "%Y-%m-%d %H:%M:%S +0000",
        "%Y-%m-%d %H:%M:%S.%f UTC",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M",
    ),
    *("%a, %d %b %Y %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S +0000", "%d/%m/%Y %H:%M:%S.%f"),
    *("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d", "%Y%m%dT%H%M%SZ", "%d/%b/%Y:%H:%M:%S +0000"),
    *(
        "%a %b %d %H:%M:%S %Y",
        "%m/%d/%Y %I:%M %p",
        "%m/%d/%Y %I:%M:%S %p",
        "%d.%m.%Y",
        "%d.%m.%y %H:%M",
    ),
    *("%B %d, %Y", "%d %B %Y", "%d-%b-%y", "%b-%Y", "%Y/%m/%d", "%d.%m.%Y, %H:%M Uhr", "%m/%d/%y"),
    *(
        "%Y-%m-%d %H:%M:%S,%f",
        "%A, %B %d, %Y",
        "%b %d %Y %I:%M%p",
        "%d%b%Y:%H:%M:%S",
        "%Y.%m.%d %H.%M",
    ),
    *(
        "%d %m %Y",
        "%Y_%m_%d",
        "%H:%M:%S %d.%m.%Y",
        "%d-%m-%Y %H:%M",
        "week of %d %B %Y",
        "%Y年%m月%d日",
    ),
)


def moment(draw: random.Random) -> datetime:
    span = (datetime(2026, 1, 1) - datetime(2001, 1, 2)).total_seconds()
    return datetime(2001, 1, 2) + timedelta(seconds=draw.randrange(int(span)))


def time_written(draw: random.Random) -> Form:
    form = draw.choice(TIMES)
    late = "24" if "%H:%M:%S" in form and draw.random() < 0.5 else None
    texts, values = [], []
    for _ in range(N):
        at = moment(draw)
        if late and draw.random() < 0.1:
            at = at.replace(hour=0, minute=0, second=0)
            text = (at - timedelta(days=1)).strftime(form.replace("%H", late))
        else:
            text = at.strftime(form)
        texts.append(text)
        values.append(
            at if late and at.hour == 0 and late in text else datetime.strptime(text, form)
        )
    return texts, [at.replace(tzinfo=None) for at in values]


def time_in_epochs(draw: random.Random) -> Form:
    scale = draw.choice([1, 10**3, 10**6, 10**9])
    moments = [moment(draw).replace(tzinfo=UTC) for _ in range(N)]
    return [str(int(at.timestamp()) * scale) for at in moments], moments


def day_of_any_order(draw: random.Random) -> Form:
    """Days up to the twelfth of years of two digits, some of whom are to come."""
    form = draw.choice(["%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m/%d/%Y", "%d.%m.%Y"])
    moments = [moment(draw).replace(day=draw.randint(1, 12)) for _ in range(N)]
    moments = [at.replace(hour=0, minute=0, second=0) for at in moments]
    if "%y" in form and draw.random() < 0.5:
        moments = [at.replace(year=draw.randint(1930, 2020), day=28) for at in moments]
    return [at.strftime(form) for at in moments], moments


def time_with_markers(draw: random.Random) -> Form:
    hold = ["0000-00-00", "9999-12-31", "n.d.", "open", word(draw), "00.00.0000", "-", "1800-01-01"]
    gone = draw.choice(hold)
    form = (
        draw.choice(["%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S"])
        if gone[:1].isalpha()
        else "%Y-%m-%d"
    )
    share = draw.choice([0.05, 0.2, 0.4])
    texts, values = [], []
    for _ in range(N):
        at: Any = datetime.strptime(moment(draw).strftime(form), form)
        text, at = (gone, None) if draw.random() < share else (at.strftime(form), at)
        texts.append(text)
        values.append(at)
    return texts, values


def labels_alike(draw: random.Random) -> Form:
    """Values that differ by case, a dot or spaces from others: kept apart with a doubt."""
    words = [word(draw) for _ in range(3)]
    change: Callable[[str], str] = draw.choice(
        [
            str.upper,
            str.title,
            lambda text: f"{text}.",
            lambda text: f"{text} !",
            lambda text: f"\u00a0{text} ",
        ]
    )
    picked = [draw.choice(words) for _ in range(N)]
    return [change(one) if draw.random() < 0.3 else one for one in picked], picked


KINDS: dict[str, Callable[[random.Random], Form]] = {
    "numbers written for people": number_written,
    "numbers with k and M": number_with_factor,
    "marks that mean either": ambiguous_number,
    "texts among numbers": number_with_markers,
    "placeholders": placeholder,
    "markers that are values": category_with_markers,
    "codes": code,
    "times": time_written,
    "epochs": time_in_epochs,
    "days in both orders": day_of_any_order,
    "texts among times": time_with_markers,
    "labels alike": labels_alike,
}
