"""What was answered goes into the log before it leaves, or what is to be done where that fails."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, NoReturn

from ..config import ServeConfig
from ..log.segments import LABELS, PREDICTIONS
from ..models.versions import CHAMPION
from . import prediction_log
from .http.problems import ProblemError
from .metrics import SLOW_WRITE_S, Metrics
from .predictor import Outputs, Predictor
from .requests import Label
from .waiting import Asked

PREDICT, PREDICT_COLUMNS = "/predict", "/predict/columns"


class Log:
    """Predictions and labels of one process; what ``on_log_failure`` says holds for predictions."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        self._metrics = metrics
        self._predictions = prediction_log.Journal(config.log, PREDICTIONS, config.log_fsync)
        self._labels = prediction_log.Journal(config.log, LABELS, config.log_fsync)
        self._serves_unlogged = config.on_log_failure == "serve"

    def answer(
        self,
        predictor: Predictor,
        request_id: str,
        path: str,
        given: dict[str, Any],
        outputs: Outputs,
        route: str = CHAMPION,
    ) -> None:
        """Log one request; ``route`` says which kind of version answers it.

        Raises:
            ProblemError: the log takes no records, and nothing is to be answered unlogged.
        """
        self._write([prediction_log.answered(predictor, request_id, path, given, outputs, route)])

    def together(self, answered: Sequence[tuple[Asked, Outputs]]) -> None:
        """Log requests that shared a run.

        Raises:
            ProblemError: as of ``answer``.
        """
        self._write(
            [
                prediction_log.answered(
                    one.predictor, one.request_id, PREDICT, {"rows": one.rows}, outputs
                )
                for one, outputs in answered
            ]
        )

    def unanswered(
        self,
        predictor: Predictor,
        request_id: str,
        path: str,
        given: dict[str, Any],
        outputs: Outputs,
        route: str,
    ) -> None:
        """Log what nobody was answered; if that fails, nobody is refused for it."""
        record = prediction_log.answered(predictor, request_id, path, given, outputs, route)
        try:
            self._predictions.append([record])
        except prediction_log.UnwrittenError as error:
            self._metrics.log_lost.inc(error.lost)

    def labels(self, request_id: str, given: Sequence[Label]) -> None:
        """Log outcomes.

        Raises:
            ProblemError: the log takes no records.
        """
        try:
            self._labels.append(prediction_log.labels(request_id, given))
        except prediction_log.UnwrittenError as error:
            self._refuse(error, 1)

    def let_go(self) -> None:
        """Close files that are to be compacted; called now and then."""
        self._predictions.let_go()
        self._labels.let_go()

    def close(self) -> None:
        """Close the files."""
        self._predictions.close()
        self._labels.close()

    def _write(self, records: list[dict[str, Any]]) -> None:
        """Write a record for each request, or do what is to be done where the log takes none."""
        start = perf_counter()
        try:
            self._predictions.append(records)
        except prediction_log.UnwrittenError as error:
            if not self._serves_unlogged:
                self._refuse(error, len(records))
            self._metrics.log_lost.inc(error.lost)
        if perf_counter() - start > SLOW_WRITE_S:
            self._metrics.log_slow.inc()

    def _refuse(self, error: OSError, n_requests: int) -> NoReturn:
        self._metrics.log_failures.inc(n_requests)
        message = f"the log takes no records ({error.strerror}); nothing was answered unlogged"
        raise ProblemError(503, "log_failed", message) from None
