"""How often a key was used, over all workers together and to the request.

The moments of a key's last requests lie in a ring of as many places as a minute allows. The oldest
tells whether there is room; the newest takes its place. So a minute, wherever it begins, never holds
more, and a look costs the same at any limit.
"""

from pathlib import Path
from time import monotonic

from ..shared import Shared

MINUTE_S = 60.0


class Rate:
    """Requests of one key within the last minute."""

    def __init__(self, per_minute: int, path: Path | None) -> None:
        """``path`` is a file that all workers share; alone, ``None`` will do."""
        self._per_minute = per_minute
        self._shared = Shared(1 + per_minute, path)
        self._places = self._shared.numbers  # where the next goes, then when each is free again

    def wait_s(self) -> float:
        """Seconds until there is room for a request; 0 counts this one."""
        with self._shared:
            now, at = monotonic(), int(self._places[0])
            wait_s = self._places[1 + at] - now
            if 0 < wait_s <= MINUTE_S:  # more is of a machine's clock before it was started again
                return wait_s
            self._places[1 + at] = now + MINUTE_S
            self._places[0] = (at + 1) % self._per_minute
            return 0.0
