"""The prediction log: append-only records, a file per day and process, written before answers leave.

``append`` returning means that the records outlive this process, not that they outlive a loss of
power. Nothing waits in memory to be written: while the disk is slow nobody is answered.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from ..config import ServeConfig
from ..log.segments import LABELS, PREDICTIONS, is_at, open_segment
from ..models.versions import CHAMPION
from .batching import Answered
from .metrics import SLOW_WRITE_S, Metrics
from .predictor import Predictor
from .problems import ProblemError
from .schemas import Row

DAY_S = 86_400
Record = dict[str, Any]


class PredictionLog:
    """Predictions and labels of one process; what cannot be logged raises ``ProblemError``."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        self._metrics = metrics
        self._predictions = Journal(config.log, PREDICTIONS)
        self._labels = Journal(config.log, LABELS)
        self._answers_unlogged = config.on_log_failure == "serve"

    def write(self, answered: Sequence[Answered]) -> None:
        """Log the answers of a run in one piece."""
        self.append([record_of(one.request.predictor, one) for one in answered])

    def append(self, records: Sequence[Record]) -> None:
        """Log predictions, or count them as lost where they are answered all the same."""
        start = time.perf_counter()
        try:
            self._predictions.append(records)
        except OSError as error:
            if not self._answers_unlogged:
                raise self._refusal(error, len(records)) from None
            self._metrics.log_lost.inc(len(records))
        if time.perf_counter() - start > SLOW_WRITE_S:
            self._metrics.log_slow.inc()

    def write_labels(self, request_id: str, labels: Sequence[Row]) -> None:
        """Log labels; of several for a row the last counts."""
        head = {"request_id": request_id, "time": datetime.now(UTC)}
        try:
            self._labels.append([{**head, **label} for label in labels])
        except OSError as error:
            raise self._refusal(error, 1) from None

    def rotate(self) -> None:
        """Close files whose day is over, or that were renamed to be compacted; called now and then."""
        self._predictions.rotate()
        self._labels.rotate()

    def close(self) -> None:
        """Close the files."""
        self._predictions.close()
        self._labels.close()

    def _refusal(self, error: OSError, n_requests: int) -> ProblemError:
        self._metrics.log_failures.inc(n_requests)
        message = f"the log takes no records ({error.strerror}); nothing is answered unlogged"
        return ProblemError("log_failed", message)


class Journal:
    """Lines of JSON in ``<folder>/<stem>-<day>-<process>.jsonl``, a segment of ``log.segments``."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = self._path = folder
        self._stem = stem
        self._day = 0
        self._descriptor: int | None = None

    def append(self, records: Sequence[Record]) -> None:
        """Write records as one piece; ``OSError`` where the disk does not take them all."""
        piece = b"".join(to_json(record) + b"\n" for record in records)
        try:
            descriptor = self._open(int(time.time() // DAY_S))
            while piece:
                piece = piece[os.write(descriptor, piece) :]
        except OSError:
            self.close()  # a torn line is ended when the file is opened again
            raise

    def rotate(self) -> None:
        """Close a file that has another name by now, or whose day is over."""
        if self._descriptor is not None and (
            self._day != int(time.time() // DAY_S) or not is_at(self._descriptor, self._path)
        ):
            self.close()

    def close(self) -> None:
        """Close the file; the next record opens one."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # of a disk that has failed already
                os.close(descriptor)

    def _open(self, day: int) -> int:
        """The file of a day, counted from 1970 in UTC."""
        if self._descriptor is not None and day == self._day:
            return self._descriptor
        self.close()
        date = datetime.fromtimestamp(day * DAY_S, UTC).date()
        descriptor, self._path = open_segment(self._folder, self._stem, date)
        self._descriptor, self._day = descriptor, day
        if os.fstat(descriptor).st_size:  # of a container's earlier process, which had this number
            os.lseek(descriptor, -1, os.SEEK_END)
            if os.read(descriptor, 1) != b"\n":  # a crash tore the last line
                os.write(descriptor, b"\n")
        return descriptor


def record_of(predictor: Predictor, answered: Answered, route: str = CHAMPION) -> Record:
    """A request's rows as validated, and the task's outputs; ``route`` says what kind of version
    answered. The contract allows no personal values in a request."""
    return {
        "request_id": answered.request.request_id,
        "time": datetime.now(UTC),
        "model": predictor.name,
        "version": predictor.version,
        "path": answered.request.path,
        "route": route,
        "rows": answered.request.rows,
        predictor.bundle.task.output: answered.outputs.tolist(),
    }
