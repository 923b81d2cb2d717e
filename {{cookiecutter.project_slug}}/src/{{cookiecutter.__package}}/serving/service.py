"""What the paths of one process's server share, and what runs beside them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from ..config import Config
from ..errors import ProjectError
from ..models.versions import Versions
from .answers import Answer
from .auth import Guard
from .batching import Batcher, Request
from .metrics import Metrics
from .prediction_log import PredictionLog
from .predictor import Predictor
from .problems import ProblemError, json_response
from .store import Store

PREDICT, FEEDBACK = "/predict", "/feedback"
LOGGER = logging.getLogger(__name__)
Ask = Callable[[Request], Awaitable[Answer]]


class Service:
    """The version that serves, the log, the batcher, the counters, and what options add."""

    def __init__(self, settings: Config) -> None:
        self.settings = settings
        config = self.config = settings.serve
        self.store = Store(Versions(config.bundles, config.model), config.max_rows)
        self.metrics = Metrics()
        self.log = PredictionLog(config, self.metrics)
        self.batcher = Batcher(self.log.append, config.max_waiting)
        self.guard = Guard(config)
        self.draining = False
        """Whether the server was asked to end; it answers until then, and wants no new callers."""
        self.ask: Ask = self.batcher.ask
        """Answers a request, by whichever version, and logs it; options put theirs around it."""
        self.refreshes = {"model": self.store.refresh, "keys": self.guard.refresh}
        """What follows files in a thread, by the name under which its failures are counted."""
        self.statuses: list[Callable[[], dict[str, Any] | None]] = []
        """What an option does: figures, one ``text``, a ``problem``; ``None`` where it does nothing."""
        self.error_shapes: dict[str, Callable[[ProblemError], tuple[int, bytes]]] = {}
        """By a prefix of paths: status and body of a refusal in another protocol's shape."""
        self.tasks = set[asyncio.Task[None]]()
        """What runs beside requests; it is cancelled before the log is closed."""
        self._faults: dict[str, str] = {}

    async def predict(self, body: bytes, request_id: str) -> bytes:
        """An answer for each row, logged before it leaves."""
        predictor = self.serving()
        rows = predictor.rows.read(body)
        request = Request(predictor=predictor, request_id=request_id, path=PREDICT, rows=rows)
        return to_json(await self.answer(request))

    async def feedback(self, body: bytes, request_id: str) -> bytes:
        """Labels that became known, by id or request; the last one for a row counts."""
        labels = self.serving().labels.read(body)
        self.log.write_labels(request_id, labels)
        return to_json({"accepted": len(labels), "request_id": request_id})

    async def answer(self, request: Request) -> Answer:
        """What a request is answered; counts its rows."""
        answer = await self.ask(request)
        self.metrics.rows.inc(len(request.rows))
        return answer

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
        problems = [self.store.problem, *(one["problem"] for one in self.status())]
        return next((problem for problem in problems if problem), None)

    def status(self) -> list[dict[str, Any]]:
        """What the options do that do something."""
        return [status for one in self.statuses if (status := one()) is not None]

    def refusal(self, problem: ProblemError, path: str, request_id: str) -> Response:
        """A problem in the shape of the protocol that was asked."""
        status, body = problem.status, problem.body(request_id)
        for prefix, shape in self.error_shapes.items():
            if path.startswith(prefix):
                status, body = shape(problem)
        return json_response(body, status, problem.headers)

    async def refresh(self) -> None:
        """Follow every file that decides what is answered; no fault ends this for ever."""
        for task, look in self.refreshes.items():
            await self._refresh_one(task, look)
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
