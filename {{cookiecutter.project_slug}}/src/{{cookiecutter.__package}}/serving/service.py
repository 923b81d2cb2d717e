"""What one process's server is made of: what its paths share, and what runs beside them.

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
from .answers import Predicted
from .auth import Guard
from .batching import Answers, Batcher, Request, split_answers
from .metrics import Metrics
from .prediction_log import PredictionLog, record_of
from .predictor import Predictor
from .problems import ProblemError
from .schemas import Query
from .store import Store

PREDICT, FEEDBACK = "/predict", "/feedback"
NO_DETAILS = "no model serves; with a key it is told why"
LOGGER = logging.getLogger(__name__)


class Route(Protocol):
    """Decides for each request whether another version than the one that serves answers it."""

    problem: str | None
    """Why no request is claimed although somebody asked for it."""
    name: str
    """What the log calls this way of being answered."""

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
    """Another protocol beside the project's own."""

    prefix: str
    """How each of its paths begins."""
    open_paths: frozenset[str]
    """Health checks, which need no key."""
    error_body: Callable[[ProblemError], bytes]
    """A refusal in the protocol's own shape."""
    make: Callable[["Service"], APIRouter]
    """The paths with their handlers."""


class Service:
    """The version that serves, the log, the batcher and the counters."""

    def __init__(
        self, settings: Config, routers: Sequence[Router], routes: Sequence[Callable[..., Route]]
    ) -> None:
        config = self.config = settings.serve
        self.store = Store(config.bundles, config.model, config.max_rows)
        self.metrics = Metrics()
        self.metrics.expected.set(config.workers)
        self.metrics.in_flight_limit.set(config.max_waiting)
        self.log = PredictionLog(config, self.metrics)
        self.batcher = Batcher(self.log.write, config.max_waiting)
        self.guard = Guard(config, (path for router in routers for path in router.open_paths))
        self.ending = False
        """Whether the server was asked to end; it answers until then, and wants no new callers."""
        self._routers = routers
        self._routes = [make(settings, self.store, self.metrics, self.log) for make in routes]
        self._faults: dict[str, str] = {}

    async def predict(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row, logged before it leaves."""
        predictor, answers = await self.answer(
            lambda serving: serving.schemas.read_rows(body), PREDICT, request_id
        )
        head = {"model": predictor.name, "version": predictor.version, "request_id": request_id}
        return to_json({**head, "predictions": answers})

    async def feedback(self, body: bytes, request_id: str) -> bytes:
        """Labels that became known, by id or request; the last one for a row counts."""
        labels = self.serving().schemas.read_labels(body)
        self.log.write_labels(request_id, labels)
        return to_json({"accepted": len(labels), "request_id": request_id})

    async def answer(
        self, read: Callable[[Predictor], Query], path: str, request_id: str
    ) -> tuple[Predictor, Answers]:
        """What a request is answered, and by which version; logged and counted."""
        predictor = self.serving()
        try:
            query = read(predictor)
        except ProblemError as problem:
            self.metrics.refused(problem.faults)
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
            answers = await self.batcher.ask(request)
        else:
            predictor, answers = await self._answer_by(route, request)
        self.metrics.predicted(answers)
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
        """Whether callers should come: a verified model serves, and the server is not to end."""
        return self.store.current is not None and not self.ending

    def problem_for(self, headers: dict[bytes, bytes]) -> str | None:
        """Why callers should not come, or why the newest version does not serve.

        Who has no key where one is needed hears little.
        """
        if self.ending:
            return "the server is about to end; ask another"
        if not self.guard.knows(headers):
            return None if self.ready else NO_DETAILS
        problems = [self.store.problem, *(route.problem for route in self._routes)]
        return next((problem for problem in problems if problem), None)

    def routes(self) -> list[dict[str, Any]]:
        """What each route does that does something."""
        return [status for route in self._routes if (status := route.status()) is not None]

    def error_body(self, problem: ProblemError, path: str, request_id: str) -> bytes:
        """A refusal in the shape of the protocol that was asked."""
        for router in self._routers:
            if path.startswith(router.prefix):
                return router.error_body(problem)
        return problem.body(request_id)

    async def refresh(self) -> None:
        """Follow every file that decides what is answered; no fault ends this for ever."""
        store, metrics, failures = self.store, self.metrics, self.store.failures
        await self._try("store", store.refresh)
        await self._try("keys", self.guard.refresh)
        for route in self._routes:
            await self._try(route.name, route.refresh)
        if store.failures != failures:
            LOGGER.error("what was promoted cannot serve: %s", store.problem)
        metrics.version.set(store.current.version if store.current else 0)
        metrics.registered.set(store.registered_s)
        metrics.reload_failures.set(store.failures)
        metrics.ready.set(self.ready)
        metrics.in_flight.set(self.batcher.in_flight)

    async def _try(self, name: str, look: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(look)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic in Rust is no Exception
            self.metrics.failures.labels(name).inc()
            if self._faults.get(name) != str(error):  # the same again is said once
                LOGGER.error("%s: what was known before stays", name, exc_info=error)
            self._faults[name] = str(error)
        else:
            self._faults.pop(name, None)

    async def close(self) -> None:
        """End what runs beside the loop, and close the log."""
        for route in self._routes:
            await asyncio.to_thread(route.close)
        self.log.close()
