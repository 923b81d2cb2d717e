"""The reference out of the code: commands, settings, metrics and errors, a page for each."""

from .codes import error_codes, metrics
from .commands import commands
from .page import Entry, Page, Table, markdown, undescribed
from .settings import settings

__all__ = ["Entry", "Page", "Table", "markdown", "pages", "undescribed"]


def pages() -> dict[str, Page]:
    """Every page by its name."""
    return {
        "commands": commands(),
        "settings": settings(),
        "metrics": metrics(),
        "errors": error_codes(),
    }
