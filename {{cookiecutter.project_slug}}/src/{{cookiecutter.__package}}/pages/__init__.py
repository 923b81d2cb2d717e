"""The frame of every page that a job writes, in one style, and numbers as a person reads them."""

import unicodedata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


def render(template: Path, **content: Any) -> str:
    """A page from a template; in HTML, content is text and never markup."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, Path(__file__).parent]),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figures": figures, "percent": percent, "short": short}
    return environment.get_template(template.name).render(**content)


def figures(value: float | None, digits: int = 3) -> str:
    """A number, rounded to so many significant digits."""
    if not value:
        return "–" if value is None else "0"
    text = f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:#.{digits}g}".rstrip(".")
    if "e" in text:
        text = f"{value:.{digits}g}"
    return text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share in percent."""
    return "–" if share is None else f"{share:.0%}"


def short(text: str, letters: int = 22) -> str:
    """A name that fits next to a plot, without characters that would break a drawing."""
    clean = "".join("�" if unicodedata.category(c)[0] == "C" else c for c in text)
    return clean if len(clean) <= letters else clean[: letters - 1] + "…"
