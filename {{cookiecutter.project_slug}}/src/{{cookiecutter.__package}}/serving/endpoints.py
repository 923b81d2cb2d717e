"""The busy paths, from a body's bytes to the answer's: predictions and feedback."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ..config import ServeConfig
from ..errors import ModelFailedError
from .http.duplicates import refuse_duplicates
from .http.limits import Limits
from .http.problems import Fault, ProblemError, invalid
from .log import PREDICT, PREDICT_COLUMNS, Log
from .metrics import Metrics
from .predictor import Outputs, Predictor
from .requests import Body, Columns, Predict, validated
from .routing import Claim, Routes
from .store import Store
from .waiting import Waiting

ROWS_TOGETHER = 64
"""Requests up to this size share a run; a larger one has a thread, so that others need not wait."""
IN_TIME = 0.9
"""Share of the deadline after which the fallback answers, so that it is in time, and rows that share
a run are answered no more, so that what is in the log was."""


class Endpoints:
    """What they share: the version that serves, the limits, the log and the counters."""

    def __init__(
        self, config: ServeConfig, store: Store, metrics: Metrics, log: Log, routes: Routes
    ) -> None:
        self.limits = Limits(config)
        self._log = log
        self._routes = routes
        self._store = store
        self.refused = metrics.refused
        self._metrics = metrics
        self._falls_back = config.fallback is not None
        self._waiting = Waiting(self._log.together, config.deadline_s * IN_TIME)

    def predict(self, body: bytes, request_id: str) -> bytes | Awaitable[bytes]:
        """An answer for each row, logged before it leaves: at once, or to be waited for."""
        predictor = self.serving()
        request = read(predictor.rows, body, self.refused)
        rows = request["rows"]
        refuse_duplicates(body, len(request) + sum(map(len, rows)))
        claim = self._routes.claim(request_id, PREDICT, {"rows": rows})
        if claim is not None:
            return self._predict_claimed(predictor, request_id, request, claim)
        if len(rows) > ROWS_TOGETHER or not self._waiting.at_once():
            return self._predict_later(predictor, request_id, request)
        try:
            outputs = self._waiting.ask_at_once(predictor, request_id, rows)
        except (ModelFailedError, TimeoutError) as error:
            return self._fall_back(predictor, request_id, request, error)
        return self._told_rows(predictor, request_id, request, outputs)

    async def _predict_claimed(
        self, predictor: Predictor, request_id: str, request: Predict, claim: Claim
    ) -> bytes:
        """The answer of the version that claimed the request, or else of the one that serves."""
        outputs = await self._claimed(claim, request_id, PREDICT, {"rows": request["rows"]})
        if outputs is None:
            answer = await self._predict_later(predictor, request_id, request)
        else:
            answer = self._told_rows(claim.predictor, request_id, request, outputs)
        asyncio.get_running_loop().call_soon(claim.left)
        return answer

    async def _predict_later(
        self, predictor: Predictor, request_id: str, request: Predict
    ) -> bytes:
        rows = request["rows"]
        try:
            if len(rows) <= ROWS_TOGETHER:
                outputs = await self._waiting.ask(predictor, request_id, rows)
            else:
                outputs = await self._in_thread(predictor.predict, rows)
                self._log.answer(predictor, request_id, PREDICT, {"rows": rows}, outputs)
        except (ModelFailedError, TimeoutError) as error:
            return self._fall_back(predictor, request_id, request, error)
        return self._told_rows(predictor, request_id, request, outputs)

    def _fall_back(
        self,
        predictor: Predictor,
        request_id: str,
        request: Predict,
        error: ModelFailedError | TimeoutError,
    ) -> bytes:
        rows = request["rows"]
        given = {"rows": rows}
        outputs = self._instead(predictor, request_id, PREDICT, given, len(rows), error)
        return self._told_rows(predictor, request_id, request, outputs, fallback=True)

    def _told_rows(
        self,
        predictor: Predictor,
        request_id: str,
        request: Predict,
        outputs: Outputs,
        *,
        fallback: bool = False,
    ) -> bytes:
        wanted = request.get("probabilities", False)
        answers = predictor.answers(outputs, probabilities=wanted)
        self._count([answer.get("decision") for answer in answers])
        return _answer(predictor, request_id, answers, fallback=fallback)

    async def predict_columns(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row of columns, as columns, logged before it leaves."""
        predictor = self.serving()
        request = read(predictor.columns, body, self.refused)
        refuse_duplicates(body, len(request) + len(request["columns"]))
        wanted, columns, outputs = request.get("probabilities", False), request["columns"], None
        given = {"columns": columns}
        claim = self._routes.claim(request_id, PREDICT_COLUMNS, given)
        if claim is not None:
            outputs = await self._claimed(claim, request_id, PREDICT_COLUMNS, given)
        if claim is not None and outputs is not None:
            predictor, failed = claim.predictor, False
            answers = self._told_columns(predictor, outputs, probabilities=wanted)
        else:
            answers, failed = await self.ask_columns(
                predictor, request_id, PREDICT_COLUMNS, columns, probabilities=wanted
            )
        if claim is not None:
            asyncio.get_running_loop().call_soon(claim.left)
        return _answer(predictor, request_id, answers, fallback=failed)

    async def ask_columns(
        self,
        predictor: Predictor,
        request_id: str,
        path: str,
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
            self._log.answer(predictor, request_id, path, given, outputs)
        except (ModelFailedError, TimeoutError) as error:
            n_rows = len(next(iter(columns.values())))
            outputs = self._instead(predictor, request_id, path, given, n_rows, error)
            failed = True
        return self._told_columns(predictor, outputs, probabilities=probabilities), failed

    def feedback(self, body: bytes, request_id: str) -> bytes:
        """Outcomes that became known, by id or request; the last one for a row counts."""
        request = read(self.serving().labels, body)
        given = request["labels"]
        refuse_duplicates(body, len(request) + sum(map(len, given)))
        self._log.labels(request_id, given)
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
        self._log.let_go()

    def close(self) -> None:
        """Close the logs."""
        self._log.close()

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
        path: str,
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
        self._log.answer(predictor, request_id, path, {**given, "fallback": True}, outputs)
        self._metrics.fallbacks.inc()
        return outputs

    async def _claimed(
        self, claim: Claim, request_id: str, path: str, given: dict[str, Any]
    ) -> Outputs | None:
        """The outputs of the version that claimed a request, logged; ``None`` if the one that serves
        is to answer."""
        outputs = await claim.answer()
        if outputs is not None:
            self._log.answer(claim.predictor, request_id, path, given, outputs, claim.route)
        return outputs

    def _told_columns(
        self, predictor: Predictor, outputs: Outputs, *, probabilities: bool
    ) -> dict[str, Any]:
        """What a caller is told about columns; counted."""
        answers = predictor.columns_of(outputs, probabilities=probabilities)
        self._count(answers.get("decision", [None] * len(outputs)))
        return answers

    def _count(self, decisions: list[Any]) -> None:
        """Count the rows of an answer, once it has left."""
        asyncio.get_running_loop().call_soon(self._metrics.predicted, decisions)


def read(
    adapter: TypeAdapter[Body], body: bytes, refused: Callable[[list[Fault]], None] | None = None
) -> Body:
    """The validated body. ``refused`` is told what is wrong with one.

    Raises:
        ProblemError: it is not valid.
    """
    try:
        return validated(adapter, body)
    except ValidationError as error:
        problem = invalid(error)
        if refused is not None:
            refused(problem.faults)
        raise problem from None


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
