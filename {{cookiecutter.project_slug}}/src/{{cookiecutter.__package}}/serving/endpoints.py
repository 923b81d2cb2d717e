"""The busy paths, from a body's bytes to the answer's: predictions and feedback."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pydantic_core import to_json

from ..config import ServeConfig
from .answers import answer_rows
from .batching import Batcher, Columns, Request, split_answers
from .metrics import Metrics
from .prediction_log import PredictionLog, record_of
from .predictor import Predictor
from .problems import ProblemError
from .schemas import Query
from .seams import Route
from .store import Store

PREDICT, PREDICT_COLUMNS, FEEDBACK = "/predict", "/predict/columns", "/feedback"
Read = Callable[[Predictor, bytes], Query]


class Endpoints:
    """What they share: the version that serves, the log, the batcher and the counters."""

    def __init__(
        self,
        config: ServeConfig,
        store: Store,
        metrics: Metrics,
        log: PredictionLog,
        routes: Sequence[Route],
    ) -> None:
        self.config = config
        self.batcher = Batcher(log.write, config.max_waiting)
        self._store = store
        self._metrics = metrics
        self._log = log
        self._routes = routes

    async def predict(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row, logged before it leaves."""
        predictor, columns = await self.answer(
            lambda serving: serving.schemas.read_rows(body), PREDICT, request_id
        )
        return _answer(predictor, request_id, answer_rows(columns))

    async def predict_columns(self, body: bytes, request_id: str) -> bytes:
        """The same, asked and answered as a list for each column."""
        predictor, columns = await self.answer(
            lambda serving: serving.schemas.read_columns(body), PREDICT_COLUMNS, request_id
        )
        return _answer(predictor, request_id, columns)

    async def feedback(self, body: bytes, request_id: str) -> bytes:
        """Labels that became known, by id or request; the last one for a row counts."""
        labels = self.serving().schemas.read_labels(body)
        self._log.write_labels(request_id, labels)
        return to_json({"accepted": len(labels), "request_id": request_id})

    async def answer(
        self, read: Callable[[Predictor], Query], path: str, request_id: str
    ) -> tuple[Predictor, Columns]:
        """What a request is answered, and by which version; logged and counted.

        Raises:
            ProblemError: it is not valid, the model failed, or the log takes no records.
        """
        predictor = self.serving()
        try:
            query = read(predictor)
        except ProblemError as problem:
            self._metrics.refused(problem.faults)
            raise
        request = Request(
            predictor=predictor,
            request_id=request_id,
            path=path,
            rows=query.rows,
            probabilities=query.probabilities,
        )
        route = next((route for route in self._routes if route.claims(request)), None)
        if route is None:
            columns = await self.batcher.ask(request)
        else:
            predictor, columns = await self._by_route(route, request)
        self._metrics.predicted(len(query.rows), columns.get("decision", []))
        return predictor, columns

    async def _by_route(self, route: Route, request: Request) -> tuple[Predictor, Columns]:
        answer = await route.answer(request)
        if answer is None:
            predictor, columns = request.predictor, await self.batcher.ask(request)
        else:
            predictor, predicted = answer
            (answered,) = split_answers([request], predicted)
            self._log.append([record_of(predictor, answered, route.name)])
            columns = answered.columns
        asyncio.get_running_loop().call_soon(route.answered, request)
        return predictor, columns

    def serving(self) -> Predictor:
        """The version that answers.

        Raises:
            ProblemError: none does.
        """
        if self._store.current is None:
            raise ProblemError("not_ready", f"no model serves: {self._store.problem}")
        return self._store.current


def _answer(predictor: Predictor, request_id: str, predictions: Any) -> bytes:
    return to_json(
        {
            "model": predictor.name,
            "version": predictor.version,
            "request_id": request_id,
            "predictions": predictions,
        }
    )
