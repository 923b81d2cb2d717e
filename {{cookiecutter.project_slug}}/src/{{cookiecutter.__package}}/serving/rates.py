"""How often a key was used, over all workers together and to the request.

The moments of a key's last requests lie in a ring of as many places as a minute allows. The oldest
tells whether there is room; the newest takes its place. So a minute, wherever it begins, never holds
more, and a look costs the same at any limit. Workers map one file; a lock of the file, which ends
with the process that held it, keeps them apart.
"""

import mmap
import os
import sys
import weakref
from pathlib import Path
from time import monotonic

if sys.platform != "win32":
    import fcntl

MINUTE_S = 60.0
BYTES = 8


class Rate:
    """Requests of one key within the last minute."""

    def __init__(self, per_minute: int, path: Path | None) -> None:
        """``path`` is a file that all workers share; alone, ``None`` will do."""
        self._per_minute = per_minute
        size = (1 + per_minute) * BYTES  # where the next goes, then when each place is free again
        self._file = -1
        if path is not None:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            weakref.finalize(self, os.close, self._file)
            os.truncate(self._file, size)
        self._places = memoryview(mmap.mmap(self._file, size)).cast("d")

    def wait_s(self) -> float:
        """Seconds until there is room for a request; 0 counts this one."""
        self._lock()
        try:
            now, at = monotonic(), int(self._places[0])
            wait_s = self._places[1 + at] - now
            if 0 < wait_s <= MINUTE_S:  # more is of a machine's clock before it was started again
                return wait_s
            self._places[1 + at] = now + MINUTE_S
            self._places[0] = (at + 1) % self._per_minute
            return 0.0
        finally:
            self._unlock()

    def _lock(self) -> None:
        """Where files have no such lock, two requests that meet may count as one."""
        if self._file >= 0 and sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def _unlock(self) -> None:
        if self._file >= 0 and sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_UN)
