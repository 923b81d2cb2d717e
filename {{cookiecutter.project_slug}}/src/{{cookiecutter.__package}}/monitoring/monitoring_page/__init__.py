"""What monitoring found, for people: one HTML page that needs nothing else."""

from .page import PAGE, write

__all__ = ["PAGE", "write"]
