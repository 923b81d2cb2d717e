"""Option ``monitoring_page``: one HTML page of what monitoring knows, for people."""

from .page import PAGE, write

__all__ = ["PAGE", "write"]
