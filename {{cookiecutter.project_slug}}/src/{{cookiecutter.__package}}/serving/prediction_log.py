"""The prediction log: append-only records, a file per day and process, written before answers leave.

``append`` returning means that the records outlive this process, not that they outlive a loss of
power. Nothing waits in memory to be written: while the disk is slow nobody is answered.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic_core import to_json

from ..config import ServeConfig
from ..log.live import LABELS, MODE, PREDICTIONS, Record
from .metrics import Metrics
from .problems import ProblemError
from .schemas import Row


class PredictionLog:
    """Predictions and labels of one process; what cannot be logged raises ``ProblemError``."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        self._metrics = metrics
        self._predictions = Journal(config.log, PREDICTIONS)
        self._labels = Journal(config.log, LABELS)
        self._answers_unlogged = config.on_log_failure == "serve"

    def append(self, records: Sequence[Record]) -> None:
        """Log predictions, or count them as lost where they are answered all the same."""
        try:
            self._predictions.append(records)
        except OSError as error:
            if not self._answers_unlogged:
                raise self._refusal(error, len(records)) from None
            self._metrics.log_lost.inc(len(records))

    def write_labels(self, request_id: str, labels: Sequence[Row]) -> None:
        """Log labels; of several for a row the last counts."""
        head = {"request_id": request_id, "time": datetime.now(UTC)}
        try:
            self._labels.append([{**head, **label} for label in labels])
        except OSError as error:
            raise self._refusal(error, 1) from None

    def close(self) -> None:
        """Close the files."""
        self._predictions.close()
        self._labels.close()

    def _refusal(self, error: OSError, n_requests: int) -> ProblemError:
        self._metrics.log_failures.inc(n_requests)
        message = f"the log takes no records ({error.strerror}); nothing is answered unlogged"
        return ProblemError("log_failed", message)


class Journal:
    """Lines of JSON in a file for each day, counted in UTC, and process."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder, self._stem = folder, stem
        self._day: date | None = None
        self._descriptor = -1

    def append(self, records: Sequence[Record]) -> None:
        """Write records as one piece; ``OSError`` where the disk does not take them all."""
        piece = b"".join(to_json(record) + b"\n" for record in records)
        day = datetime.now(UTC).date()
        try:
            if day != self._day:
                self._open(day)
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError:
            self.close()  # a torn line is ended when the file is opened again
            raise

    def close(self) -> None:
        """Close the file; the next record opens one."""
        if self._day is not None:
            self._day = None
            with suppress(OSError):  # of a disk that has failed already
                os.close(self._descriptor)

    def _open(self, day: date) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self._stem}-{day}-{os.getpid()}.jsonl"
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
        self._day = day
        if os.fstat(self._descriptor).st_size:  # of an earlier process, which had this number
            os.lseek(self._descriptor, -1, os.SEEK_END)
            if os.read(self._descriptor, 1) != b"\n":  # a crash tore the last line
                os.write(self._descriptor, b"\n")
