"""What the paths of one process's server share, and what runs beside them.

Options join it here: other versions that answer, and other protocols.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter
from pydantic_core import to_json

from ..config import Config
from ..errors import ProjectError
from .answers import Predicted
from .auth import Guard
from .batching import Answers, Batcher, Request, split_answers
from .metrics import Metrics
from .prediction_log import PredictionLog, record_of
from .predictor import Predictor
from .problems import ProblemError
from .schemas import Row
from .store import Store

PREDICT, FEEDBACK = "/predict", "/feedback"
LOGGER = logging.getLogger(__name__)


class Route(Protocol):
    """Decides for each request whether another version than the one that serves answers it."""

    name: str  # what the log calls this way of being answered
    problem: str | None  # why no request is claimed although somebody asked for it

    def claims(self, request: Request) -> bool:
        """Whether a request is this route's."""

    async def answer(self, request: Request) -> tuple[Predictor, Predicted] | None:
        """The other version's answer; ``None`` if the one that serves is to answer."""

    def answered(self, request: Request) -> None:
        """Do what is to be done once the answer has left."""

    def refresh(self) -> None:
        """Follow the files that say what this route does; called now and then, in a thread."""

    def status(self) -> dict[str, Any] | None:
        """What the route does, in figures and as one ``text``; ``None`` where it does nothing."""

    def close(self) -> None:
        """End what runs beside the loop."""


@dataclass(frozen=True, kw_only=True)
class Router:
    """Another protocol beside the project's own, at paths of one prefix."""

    prefix: str
    make: Callable[["Service"], APIRouter]
    error: Callable[[ProblemError], tuple[int, bytes]]
    """Status and body of a refusal in the protocol's own shape."""


class Service:
    """The version that serves, the log, the batcher and the counters."""

    def __init__(
        self, settings: Config, routers: Sequence[Router], routes: Sequence[Callable[..., Route]]
    ) -> None:
        config = self.config = settings.serve
        self.store = Store(config.bundles, config.model, config.max_rows)
        self.metrics = Metrics()
        self.log = PredictionLog(config, self.metrics)
        self.batcher = Batcher(self.log.write, config.max_waiting)
        self.guard = Guard(config)
        self.draining = False
        """Whether the server was asked to end; it answers until then, and wants no new callers."""
        self._routers = routers
        self._routes = [make(settings, self.store, self.metrics, self.log) for make in routes]
        self._faults: dict[str, str] = {}

    async def predict(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row, logged before it leaves."""
        serving = self.serving()
        rows = serving.rows.read(body)
        predictor, answers = await self.answer(serving, rows, PREDICT, request_id)
        head = {"model": predictor.name, "version": predictor.version, "request_id": request_id}
        return to_json({**head, "predictions": answers})

    async def feedback(self, body: bytes, request_id: str) -> bytes:
        """Labels that became known, by id or request; the last one for a row counts."""
        labels = self.serving().labels.read(body)
        self.log.write_labels(request_id, labels)
        return to_json({"accepted": len(labels), "request_id": request_id})

    async def answer(
        self, serving: Predictor, rows: Sequence[Row], path: str, request_id: str
    ) -> tuple[Predictor, Answers]:
        """What the rows that ``serving`` read are answered, and by which version; logged."""
        request = Request(predictor=serving, request_id=request_id, path=path, rows=rows)
        route = next((route for route in self._routes if route.claims(request)), None)
        if route is None:
            predictor, answers = serving, await self.batcher.ask(request)
        else:
            predictor, answers = await self._answer_by(route, request)
        self.metrics.rows.inc(len(answers))
        return predictor, answers

    async def _answer_by(self, route: Route, request: Request) -> tuple[Predictor, Answers]:
        answer = await route.answer(request)
        if answer is None:
            predictor, answers = request.predictor, await self.batcher.ask(request)
        else:
            predictor, predicted = answer
            (answered,) = split_answers([request], predicted)
            self.log.append([record_of(predictor, answered, route.name)])
            answers = answered.answers
        asyncio.get_running_loop().call_soon(route.answered, request)
        return predictor, answers

    def serving(self) -> Predictor:
        """The version that answers; ``ProblemError`` where none does."""
        if self.store.current is None:
            raise ProblemError("not_ready", f"no model serves: {self.store.problem}")
        return self.store.current

    @property
    def ready(self) -> bool:
        """Whether callers should come."""
        return self.store.current is not None and not self.draining

    @property
    def problem(self) -> str | None:
        """Why callers should not come, or why the newest version does not serve."""
        if self.draining:
            return "the server is about to end; ask another"
        problems = [self.store.problem, *(route.problem for route in self._routes)]
        return next((problem for problem in problems if problem), None)

    def routes(self) -> list[dict[str, Any]]:
        """What each route does that does something."""
        return [status for route in self._routes if (status := route.status()) is not None]

    def error(self, problem: ProblemError, path: str, request_id: str) -> tuple[int, bytes]:
        """Status and body of a refusal in the shape of the protocol that was asked."""
        for router in self._routers:
            if path.startswith(router.prefix):
                return router.error(problem)
        return problem.status, problem.body(request_id)

    async def refresh(self) -> None:
        """Follow every file that decides what is answered; no fault ends this for ever."""
        await self._refresh_one("model", self.store.refresh)
        await self._refresh_one("keys", self.guard.refresh)
        for route in self._routes:
            await self._refresh_one(route.name, route.refresh)
        self.metrics.version.set(self.store.current.version if self.store.current else 0)
        self.metrics.ready.set(self.ready)
        self.metrics.in_flight.set(self.batcher.in_flight)

    async def _refresh_one(self, task: str, look: Callable[[], None]) -> None:
        failures = self.metrics.failures.labels(task)
        try:
            await asyncio.to_thread(look)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic in Rust is no Exception
            failures.inc()
            if self._faults.get(task) != str(error):  # the same again is said once
                trace = None if isinstance(error, ProjectError) else error
                text = "%s: what was known before stays: %s"
                LOGGER.error(text, task, error, exc_info=trace)
            self._faults[task] = str(error)
        else:
            self._faults.pop(task, None)

    async def close(self) -> None:
        """End what runs beside the loop, and close the log."""
        for route in self._routes:
            await asyncio.to_thread(route.close)
        self.log.close()
