"""Append-only records, a file per day and process; written before the answer leaves.

``append`` returning means that the record outlives this process. It does not mean that it outlives
a loss of power, unless the file is synced. Nothing waits in memory to be written: while the disk is
slow nobody is answered, and nobody's request is read.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic_core import to_json

from ..log.segments import is_at, open_segment
from ..models.versions import CHAMPION
from .predictor import Predictor
from .requests import Label

DAY_S = 86_400


class UnwrittenError(OSError):
    """The disk did not take records."""

    def __init__(self, error: OSError, lost: int) -> None:
        super().__init__(error.errno, error.strerror)
        self.lost = lost
        """How many of those that were to be appended; the first ones may have been written."""


class Journal:
    """Lines of JSON in ``<folder>/<stem>-<day>-<process>.jsonl``, a segment of ``log.segments``."""

    def __init__(self, folder: Path, stem: str, fsync: bool = False) -> None:
        """``fsync`` makes ``append`` wait until the disk has the records."""
        self._folder = folder
        self._stem = stem
        self._fsync = fsync
        self._day: int | None = None
        self._descriptor: int | None = None
        self._path = folder

    def append(self, records: Sequence[dict[str, Any]]) -> None:
        """Write records as one piece.

        Raises:
            UnwrittenError: the disk does not take them all.
        """
        piece = b"".join(to_json(record) + b"\n" for record in records)
        try:
            descriptor = self._open(int(time.time() // DAY_S))
            while piece:
                piece = piece[os.write(descriptor, piece) :]
            if self._fsync:
                os.fsync(descriptor)
        except OSError as error:
            self.close()  # what is torn is ended when the file is opened again
            raise UnwrittenError(error, piece.count(b"\n") or len(records)) from error

    def let_go(self) -> None:
        """Close a file that has got another name, to be compacted, or whose day is over."""
        if self._descriptor is not None and (
            self._day != int(time.time() // DAY_S) or not is_at(self._descriptor, self._path)
        ):
            self.close()

    def close(self) -> None:
        """Close the file; the next record opens one."""
        descriptor, self._descriptor, self._day = self._descriptor, None, None
        if descriptor is not None:
            with suppress(OSError):  # of a disk that has failed already
                os.close(descriptor)

    def _open(self, day: int) -> int:
        """The file of a day, counted from 1970 in UTC."""
        if self._descriptor is None or day != self._day:
            self.close()
            date = datetime.fromtimestamp(day * DAY_S, UTC).date()
            self._descriptor, self._path = open_segment(self._folder, self._stem, date)
            self._day = day
            _end_line(self._descriptor)
            if self._fsync:
                _sync_name(self._path)
        return self._descriptor


def _end_line(descriptor: int) -> None:
    """End a line that a crash tore: a container's processes often have one number, so one file."""
    if os.fstat(descriptor).st_size:
        os.lseek(descriptor, -1, os.SEEK_END)
        if os.read(descriptor, 1) != b"\n":
            os.write(descriptor, b"\n")


def _sync_name(path: Path) -> None:
    """A file whose name is not on the disk is not found after a loss of power."""
    if os.name == "nt":
        return  # Windows cannot open a directory
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def answered(
    predictor: Predictor,
    request_id: str,
    path: str,
    given: dict[str, Any],
    outputs: npt.NDArray[np.float32],
    route: str = CHAMPION,
) -> dict[str, Any]:
    """The record of a request: its ``rows`` or ``columns`` as validated, and the task's outputs.

    ``route`` is ``shadow`` where nobody was answered by it. Personal values are not among them: the contract allows none in a request.
    """
    return {
        "request_id": request_id,
        "time": datetime.now(UTC),
        "model": predictor.name,
        "version": predictor.version,
        "path": path,
        "route": route,
        **given,
        predictor.bundle.task.output: outputs.tolist(),
    }


def labels(request_id: str, given: Sequence[Label]) -> list[dict[str, Any]]:
    """A record for each label; of several for one id the last counts."""
    now = datetime.now(UTC)
    return [{"request_id": request_id, "time": now, **label} for label in given]
