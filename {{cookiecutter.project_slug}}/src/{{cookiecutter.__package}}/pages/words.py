"""Numbers and names as a person reads them."""

import unicodedata

NAME_LETTERS = 22


def figures(value: float | None, digits: int = 3) -> str:
    """A number for people."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    text = f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:#.{digits}g}".rstrip(".")
    if "e" in text:
        text = f"{value:.{digits}g}"
    return text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share for people."""
    return "–" if share is None else f"{share:.0%}"


def short(text: str, letters: int = NAME_LETTERS) -> str:
    """A name that fits beside a plot, without what would break a drawing."""
    clean = "".join("�" if unicodedata.category(c)[0] == "C" else c for c in text)
    return clean if len(clean) <= letters else clean[: letters - 1] + "…"
