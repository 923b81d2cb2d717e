"""The reference out of the code: commands, settings, metrics and errors, a page for each."""

from .codes import error_codes, metrics
from .commands import all_commands
from .page import Entry, Page, Table, markdown, undescribed
from .settings import all_settings

__all__ = ["Entry", "Page", "Table", "markdown", "pages", "undescribed"]


def pages() -> dict[str, Page]:
    """Every page by its name."""
    return {
        "commands": all_commands(),
        "settings": all_settings(),
        "metrics": metrics(),
        "errors": error_codes(),
    }
