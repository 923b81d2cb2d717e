"""The busy paths, from a body's bytes to the answer's: predictions and feedback."""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ..config import ServeConfig
from ..data.segments import LABELS, PREDICTIONS
from ..errors import ModelFailedError
from . import prediction_log
from .duplicates import refuse_duplicates
from .limits import Limits
from .metrics import SLOW_WRITE_S, Metrics
from .predictor import Outputs, Predictor
from .problems import ProblemError, invalid
from .requests import Columns
from .store import Store
from .waiting import Asked, Waiting

PREDICT, PREDICT_COLUMNS = "/predict", "/predict/columns"
ROWS_TOGETHER = 64
"""Requests up to this size share a run; a larger one has a thread, so that others need not wait."""
IN_TIME = 0.9
"""Share of the deadline after which the fallback answers, so that it is in time."""
Body = TypeVar("Body")


class Endpoints:
    """What they share: the version that serves, the limits, the log and the counters."""

    def __init__(self, config: ServeConfig, store: Store, metrics: Metrics) -> None:
        self.limits = Limits(config)
        self._store = store
        self._metrics = metrics
        self._predictions = prediction_log.Journal(config.log, PREDICTIONS, config.log_fsync)
        self._labels = prediction_log.Journal(config.log, LABELS, config.log_fsync)
        self._falls_back = config.fallback is not None
        self._serves_unlogged = config.on_log_failure == "serve"
        self._waiting = Waiting(self._log_rows)

    async def predict(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row, logged before it leaves."""
        predictor = self.serving()
        request = read(predictor.rows, body)
        rows = request["rows"]
        refuse_duplicates(body, len(request) + sum(map(len, rows)))
        given, failed = {"rows": rows}, False
        try:
            if len(rows) <= ROWS_TOGETHER:
                outputs = await self._waiting.ask(predictor, request_id, rows)
            else:
                outputs = await self._in_thread(predictor.predict, rows)
                self._log(predictor, request_id, PREDICT, given, outputs)
        except (ModelFailedError, TimeoutError) as error:
            outputs = self._instead(predictor, request_id, PREDICT, given, len(rows), error)
            failed = True
        wanted = request.get("probabilities", False)
        answers = predictor.answers(outputs, probabilities=wanted)
        self._count([answer.get("decision") for answer in answers])
        return _answer(predictor, request_id, answers, fallback=failed)

    async def predict_columns(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row of columns, as columns, logged before it leaves."""
        predictor = self.serving()
        request = read(predictor.columns, body)
        refuse_duplicates(body, len(request) + len(request["columns"]))
        wanted = request.get("probabilities", False)
        answers, failed = await self.ask_columns(
            predictor, request_id, PREDICT_COLUMNS, request["columns"], probabilities=wanted
        )
        return _answer(predictor, request_id, answers, fallback=failed)

    async def ask_columns(
        self,
        predictor: Predictor,
        request_id: str,
        route: str,
        columns: Columns,
        *,
        probabilities: bool,
    ) -> tuple[dict[str, Any], bool]:
        """What a caller is told about validated columns, and whether the fallback says it; it is
        logged and counted.

        Raises:
            ProblemError: the model failed, is late, or the log takes no records.
        """
        given, failed = {"columns": columns}, False
        try:
            outputs = await self._in_thread(predictor.predict_columns, columns)
            self._log(predictor, request_id, route, given, outputs)
        except (ModelFailedError, TimeoutError) as error:
            n_rows = len(next(iter(columns.values())))
            outputs = self._instead(predictor, request_id, route, given, n_rows, error)
            failed = True
        answers = predictor.columns_of(outputs, probabilities=probabilities)
        self._count(answers.get("decision", [None] * len(outputs)))
        return answers, failed

    async def feedback(self, body: bytes, request_id: str) -> bytes:
        """Outcomes that became known, by id or request; the last one for a row counts."""
        request = read(self.serving().labels, body)
        given = request["labels"]
        refuse_duplicates(body, len(request) + sum(map(len, given)))
        try:
            self._labels.append(prediction_log.labels(request_id, given))
        except prediction_log.UnwrittenError as error:
            self._refuse(error, 1)
        return to_json({"accepted": len(given), "request_id": request_id})

    def serving(self) -> Predictor:
        """The version that answers.

        Raises:
            ProblemError: none does.
        """
        if self._store.current is None:
            raise ProblemError(503, "not_ready", f"no model serves: {self._store.problem}")
        return self._store.current

    def let_go(self) -> None:
        """Close files of the logs that are to be compacted; called now and then."""
        self._predictions.let_go()
        self._labels.let_go()

    def close(self) -> None:
        """Close the logs."""
        self._predictions.close()
        self._labels.close()

    async def _in_thread(self, predict: Callable[[Any], Outputs], given: Any) -> Outputs:
        """What takes long, beside the loop; what is not done by the deadline is not waited for.

        Raises:
            TimeoutError: it is late. If it has begun, it goes on, and nobody hears of it.
        """
        in_time = IN_TIME if self._falls_back else 1.0
        async with asyncio.timeout(self.limits.deadline_s * in_time):
            return await asyncio.to_thread(predict, given)

    def _instead(
        self,
        predictor: Predictor,
        request_id: str,
        route: str,
        given: dict[str, Any],
        n_rows: int,
        error: ModelFailedError | TimeoutError,
    ) -> Outputs:
        """The fallback for every row, logged as what it is.

        Raises:
            ProblemError: there is to be none.
        """
        if not self._falls_back:
            if isinstance(error, ModelFailedError):
                raise ProblemError(error.status, "model_failed", str(error)) from None
            raise self.limits.late() from None
        outputs = predictor.fallback(n_rows)
        self._log(predictor, request_id, route, {**given, "fallback": True}, outputs)
        self._metrics.fallbacks.inc()
        return outputs

    def _log_rows(self, answered: Sequence[tuple[Asked, Outputs]]) -> None:
        self._write(
            [
                prediction_log.answered(
                    one.predictor, one.request_id, PREDICT, {"rows": one.rows}, outputs
                )
                for one, outputs in answered
            ]
        )

    def _log(
        self,
        predictor: Predictor,
        request_id: str,
        route: str,
        given: dict[str, Any],
        outputs: Outputs,
    ) -> None:
        self._write([prediction_log.answered(predictor, request_id, route, given, outputs)])

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

    def _count(self, decisions: list[Any]) -> None:
        """Count the rows of an answer, once it has left."""
        asyncio.get_running_loop().call_soon(self._metrics.predicted, decisions)


def read(adapter: TypeAdapter[Body], body: bytes) -> Body:
    """The validated body; bytes are parsed once.

    Raises:
        ProblemError: it is not valid.
    """
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


def _answer(
    predictor: Predictor, request_id: str, predictions: Any, *, fallback: bool = False
) -> bytes:
    told = {
        "model": predictor.name,
        "version": predictor.version,
        "request_id": request_id,
        "predictions": predictions,
    }
    return to_json({**told, "fallback": True} if fallback else told)
