"""What became of the newest requests that champion and challenger both answered, over all workers."""

import mmap
import os
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

if sys.platform != "win32":
    import fcntl

BYTES = 8

WIDTH = 6
FAILED = -1.0
"""Stands where a score would."""
Pairs = npt.NDArray[np.float64]
"""``[requests, 6]``: of the challenger, then of the champion, each a ``Run``'s three numbers."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One version's answer to one request."""

    failed: bool
    seconds: float
    """Of the processor: what else the machine does is not the model's fault."""
    place: float = FAILED
    """The bin of its first row's score. Rows of a request are much alike, so the others would only
    seem to be evidence."""


class Tally:
    """A ring of as many pairs of runs as a window holds."""

    def __init__(self, window: int, path: Path | None) -> None:
        """``path`` is a file that all workers share; alone, ``None`` will do."""
        self._window = window
        self._shared = Shared(1 + window * WIDTH, path)  # how many there were, then the ring

    def add(self, challenger: Run, champion: Run) -> None:
        """Put a request in place of the oldest."""
        numbers = self._shared.numbers
        pair = [
            number
            for run in (challenger, champion)
            for number in (float(run.failed), run.seconds, run.place)
        ]
        with self._shared:
            count = int(numbers[0])
            start = 1 + count % self._window * WIDTH
            for offset, number in enumerate(pair):
                numbers[start + offset] = number
            numbers[0] = count + 1

    def pairs(self) -> Pairs:
        """The newest requests, in no order."""
        with self._shared:
            numbers = np.array(self._shared.numbers)
        known = min(int(numbers[0]), self._window)
        return numbers[1:].reshape(-1, WIDTH)[:known]


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
