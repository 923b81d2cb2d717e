"""Append-only records, a file per day and process; written before the answer leaves.

``append`` returning means that the record outlives this process. It does not mean that it outlives
a loss of power: the file is not synced.
"""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic_core import to_json

from .predictor import Predictor
from .requests import Label

DAY_S = 86_400


class Journal:
    """Lines of JSON in ``<folder>/<stem>-<day>-<process>.jsonl``."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._day: int | None = None
        self._descriptor: int | None = None

    def append(self, records: Sequence[dict[str, Any]]) -> None:
        """Write records as one piece.

        Raises:
            OSError: the disk does not take it.
        """
        descriptor = self._open(int(time.time() // DAY_S))
        piece = b"".join(to_json(record) + b"\n" for record in records)
        try:
            while piece:
                piece = piece[os.write(descriptor, piece) :]
        except OSError:
            self.close()  # what is torn is ended when the file is opened again
            raise

    def close(self) -> None:
        """Close the file; the next record opens one."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._day = None, None

    def _open(self, day: int) -> int:
        """The file of a day, counted from 1970 in UTC."""
        if self._descriptor is None or day != self._day:
            self.close()
            self._folder.mkdir(parents=True, exist_ok=True)
            date = datetime.fromtimestamp(day * DAY_S, UTC)
            path = self._folder / f"{self._stem}-{date:%Y-%m-%d}-{os.getpid()}.jsonl"
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
            self._day = day
            _end_line(self._descriptor)
        return self._descriptor


def _end_line(descriptor: int) -> None:
    """End a line that a crash tore: a container's processes often have one number, so one file."""
    if os.fstat(descriptor).st_size:
        os.lseek(descriptor, -1, os.SEEK_END)
        if os.read(descriptor, 1) != b"\n":
            os.write(descriptor, b"\n")


def answered(
    predictor: Predictor,
    request_id: str,
    given: dict[str, Any],
    outputs: npt.NDArray[np.float32],
) -> dict[str, Any]:
    """The record of a request: its ``rows`` or ``columns`` as validated, and the task's outputs.

    Personal values are not among them: the contract allows none in a request.
    """
    return {
        "request_id": request_id,
        "time": datetime.now(UTC),
        "model": predictor.name,
        "version": predictor.version,
        **given,
        predictor.bundle.task.output: outputs.tolist(),
    }


def labels(request_id: str, given: Sequence[Label]) -> list[dict[str, Any]]:
    """A record for each label; of several for one id the last counts."""
    now = datetime.now(UTC)
    return [{"request_id": request_id, "time": now, **label} for label in given]
