"""What people really send: forms of each kind of trouble, drawn by seed; texts and what they mean."""

import random
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Draw = random.Random
Form = tuple[list[str], list[Any]]
Cell = Callable[[], tuple[str, Any]]
N = 400
CURRENCIES = [
    chr(code) for code in range(0x20A0, 0x20C0) if unicodedata.category(chr(code)) == "Sc"
]
MARKS = "#DIV/0!|n.d.|:|?|-|NA|None|*|k.A.|NULL|nan|<32|> 99"
SPACES = [" ", "\u00a0", "\u202f", "\u2009"]
LETTERS = "abcdefghijklmnopqrstuvwxyzäøñčλя"
FIRST = datetime(2001, 1, 2)


def column(cell: Cell) -> Form:
    cells = [cell() for _ in range(N)]
    return [text for text, _ in cells], [value for _, value in cells]


def word(draw: Draw, least: int = 3, most: int = 8) -> str:
    return "".join(draw.choice(LETTERS) for _ in range(draw.randint(least, most)))


def number_written(draw: Draw) -> Form:
    """One way of writing numbers, for a column."""
    decimal = draw.choice(".,")
    thousands = draw.choice([None, "'", "’", *SPACES, {".": ",", ",": "."}[decimal]])
    places, top = draw.choice([0, 1, 2, 4]), draw.choice([90.0, 9_000.0, 4_000_000.0])
    signs = ["$", "€", "£", "EUR", "kr.", "US$", draw.choice(CURRENCIES)]
    other = draw.choice(["%", "‰", "km/h", "°C", word(draw)])
    unit = draw.choice(["", "", draw.choice(signs), other])
    before = unit in signs and draw.random() < 0.5
    gap = draw.choice(SPACES if unit.isalpha() else ["", *SPACES])
    minus = draw.choice(["-", "\u2212", "behind", "()"])

    def cell() -> tuple[str, float]:
        value = round(draw.uniform(-0.2, 1) * top, places)
        text = f"{abs(value):,.{places}f}" if thousands else f"{abs(value):.{places}f}"
        text = text.translate({ord(","): "\0", ord("."): decimal}).replace("\0", thousands or "")
        text = f"{unit}{gap}{text}" if before else f"{text}{gap}{unit}" if unit else text
        negative = {"behind": f"{text}-", "()": f"({text})"}.get(minus, f"{minus}{text}")
        return negative if value < 0 else text, value

    return column(cell)


def number_with_factor(draw: Draw) -> Form:
    unit = draw.choice(["", "$", "€"])

    def cell() -> tuple[str, float]:
        name, factor = draw.choice([("k", 1e3), ("M", 1e6), ("", 1)])
        value = round(draw.uniform(1, 900), 1)
        return f"{unit}{value}{name}", value * factor

    return column(cell)


def ambiguous_number(draw: Draw) -> Form:
    """Three digits behind a mark that may be the decimal or the thousands' one."""
    mark, decimal = draw.choice(".,"), draw.random() < 0.5
    whole = [draw.randint(1000, 999_999) for _ in range(N)]
    texts = [f"{value:,}".replace(",", mark) for value in whole]
    return texts, [value / 1000 if decimal else value for value in whole]


def marker(draw: Draw) -> str:
    """A text that says that nothing is there, as this program or that person writes it."""
    drawn = [word(draw), f"({word(draw)})", f"#{word(draw).upper()}!", draw.choice("§¿~|°") * 2]
    return draw.choice([*MARKS.split("|"), *drawn])


def with_markers(draw: Draw, markers: list[str], shares: list[float], make: Cell) -> Form:
    share = draw.choice(shares)
    return column(lambda: (draw.choice(markers), None) if draw.random() < share else make())


def number_with_markers(draw: Draw) -> Form:
    markers = [marker(draw) for _ in range(draw.randint(1, 3))]
    comma = draw.random() < 0.3

    def make() -> tuple[str, float]:
        value = round(draw.uniform(0, 500), 2)
        return f"{value:.2f}".replace(".", "," if comma else "."), value

    return with_markers(draw, markers, [0.01, 0.1, 0.3, 0.45], make)


def placeholder(draw: Draw) -> Form:
    """Numbers that stand for none, far from all others."""
    size = draw.randint(3, 6)
    hold = [f"-{'9' * size}", "9" * (size + 1), "1e20", "-200", "1.7976931348623157e+308"]
    text = draw.choice([*hold, f"-{'7' * size}", f"-{10**size}", f"{10 ** (size + 2)}"])
    places = draw.choice([None, 2])

    def make() -> tuple[str, float]:
        value = round(draw.uniform(0, 80), places)
        return str(value), value

    return with_markers(draw, [text], [0.02, 0.1, 0.3], make)


def category_with_markers(draw: Draw) -> Form:
    """Texts that mean nothing elsewhere, and are values here."""
    words = [word(draw) for _ in range(draw.randint(2, 5))]
    words += draw.sample(["NA", "None", "Unknown", "none", "missing", "n/a", "-", "?"], 2)
    return column(lambda: (draw.choice(words),) * 2)


def code(draw: Draw) -> Form:
    """Digits that name things."""
    size, kind = draw.randint(4, 9), draw.choice(["zeros", "letters", "long", "dash", "exponent"])
    pool = []
    for _ in range(draw.choice([20, 60, 5 * N])):
        text = "".join(draw.choice("0123456789") for _ in range(size))
        odd = draw.random() < 0.1
        exponent = f"1{text[:2]}E{text[2:3]}" if draw.random() < 0.5 else f"1{text[:4]}"
        forms = {"long": f"1{text * 5}"[:21], "zeros": f"0{text}", "exponent": exponent}
        forms["letters"] = draw.choice("XBQ") + text[1:] if odd else text
        forms["dash"] = f"{text}-{text[:4]}" if odd else text
        pool.append(forms[kind])
    return column(lambda: (draw.choice(pool),) * 2)


TIMES = (
    "%Y-%m-%d %H:%M:%S +0000|%Y-%m-%d %H:%M:%S.%f UTC|%Y-%m-%dT%H:%M:%SZ|%Y-%m-%d %H:%M"
    "|%a, %d %b %Y %H:%M:%S GMT|%a, %d %b %Y %H:%M:%S +0000|%d/%m/%Y %H:%M:%S.%f"
    "|%Y%m%d%H%M%S|%Y%m%d%H%M|%Y%m%d|%Y%m%dT%H%M%SZ|%d/%b/%Y:%H:%M:%S +0000"
    "|%a %b %d %H:%M:%S %Y|%m/%d/%Y %I:%M %p|%m/%d/%Y %I:%M:%S %p|%d.%m.%Y"
    "|%d.%m.%y %H:%M|%B %d, %Y|%d %B %Y|%d-%b-%y|%b-%Y|%Y/%m/%d|%m/%d/%y"
    "|%d.%m.%Y, %H:%M Uhr|%Y-%m-%d %H:%M:%S,%f|%A, %B %d, %Y|%b %d %Y %I:%M%p"
    "|%d%b%Y:%H:%M:%S|%Y.%m.%d %H.%M|%d %m %Y|%Y_%m_%d|%H:%M:%S %d.%m.%Y"
    "|%d-%m-%Y %H:%M|week of %d %B %Y|%Y年%m月%d日"
)


def moment(draw: Draw) -> datetime:
    return FIRST + timedelta(seconds=draw.randrange(25 * 365 * 86_400))


def time_written(draw: Draw) -> Form:
    form = draw.choice(TIMES.split("|"))
    late = "%H:%M:%S" in form and draw.random() < 0.5

    def cell() -> tuple[str, datetime]:
        at = moment(draw)
        if late and draw.random() < 0.1:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0)
            return (at - timedelta(days=1)).strftime(form.replace("%H", "24")), at
        return at.strftime(form), datetime.strptime(at.strftime(form), form).replace(tzinfo=None)

    return column(cell)


def time_in_epochs(draw: Draw) -> Form:
    scale = draw.choice([1, 10**3, 10**6, 10**9])
    moments = [moment(draw).replace(tzinfo=UTC) for _ in range(N)]
    return [str(int(at.timestamp()) * scale) for at in moments], moments


def day_of_any_order(draw: Draw) -> Form:
    """Days up to the twelfth, or of years of two digits, some of whom are to come."""
    form = draw.choice(["%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m/%d/%Y", "%d.%m.%Y"])
    old = "%y" in form and draw.random() < 0.5

    def cell() -> tuple[str, datetime]:
        at = moment(draw).replace(day=draw.randint(1, 12), hour=0, minute=0, second=0)
        at = at.replace(year=draw.randint(1930, 2020), day=28) if old else at
        return at.strftime(form), at

    return column(cell)


def time_with_markers(draw: Draw) -> Form:
    hold = ["0000-00-00", "9999-12-31", "n.d.", "open", word(draw), "00.00.0000", "-", "1800-01-01"]
    gone = draw.choice(hold)
    form = draw.choice(["%Y-%m-%d", "%d.%m.%Y"]) if gone[:1].isalpha() else "%Y-%m-%d"

    def make() -> tuple[str, datetime]:
        at = moment(draw).replace(hour=0, minute=0, second=0)
        return at.strftime(form), at

    return with_markers(draw, [gone], [0.05, 0.2, 0.4], make)


KINDS: dict[str, Callable[[Draw], Form]] = {
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
}
