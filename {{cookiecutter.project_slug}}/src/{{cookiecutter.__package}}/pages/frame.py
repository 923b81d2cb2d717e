"""The frame that pages stand in: ``frame.html`` with one style, nothing from outside."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .words import figures, percent, short

FOLDER = Path(__file__).parent


def render(template: Path, **content: Any) -> str:
    """A page from a template that extends ``frame.html``; what it is given is text, never markup."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figures": figures, "percent": percent, "short": short}
    return environment.get_template(template.name).render(**content)
