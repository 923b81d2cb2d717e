"""Numbers that all workers of a server see: a file that each of them maps.

A lock of the file, which ends with the process that held it, keeps them apart.
"""

import mmap
import os
import sys
import weakref
from pathlib import Path

if sys.platform != "win32":
    import fcntl

BYTES = 8


class Shared:
    """So many numbers, 0 at first; entered while they are changed."""

    def __init__(self, n_numbers: int, path: Path | None) -> None:
        """``path`` is a file that all workers share; alone, ``None`` will do."""
        size = n_numbers * BYTES
        self._file = -1
        if path is not None:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            weakref.finalize(self, os.close, self._file)
            os.truncate(self._file, size)
        self.numbers = memoryview(mmap.mmap(self._file, size)).cast("d")

    def __enter__(self) -> None:
        """Where files have no such lock, two workers that meet may count as one."""
        if self._file >= 0 and sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if self._file >= 0 and sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_UN)
