"""From what was found to those who should know: alerts that open and end, and sinks that are told."""

from .store import Alert
from .tell import tell, update

__all__ = ["Alert", "tell", "update"]
