"""The HTTP application: FastAPI for all that is asked now and then, the middleware for the busy paths."""

import asyncio
import gc
import json
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from .. import __version__
from ..config import Config, ServeConfig
from . import page
from .auth import Guard
from .endpoints import FEEDBACK, PREDICT, PREDICT_COLUMNS, Endpoints
from .messages import configure
from .metrics import Metrics, monitoring_text
from .middleware import Middleware
from .openapi import document
from .prediction_log import PredictionLog
from .problems import Problem, ProblemError
from .seams import Readiness, Route, Router
from .store import Store

ROUTERS: tuple[str, ...] = (
    # options, one line each
    "serving.kserve.routes",
)
"""Modules of this package with a ``ROUTER``: another protocol beside the project's own."""
ROUTES: tuple[str, ...] = (
    # options, one line each
    "serving.challenger.routes",
)
"""Modules with a ``ROUTE``, of settings, store and metrics: it lets other versions answer, too."""
SETTINGS, PARENT = "SERVER_SETTINGS", "SERVER_PARENT"
"""Environment variables by which workers get their settings, and know their parent."""
LOGGER = logging.getLogger(__name__)


class Service:
    """What all routes share, and what runs beside them."""

    def __init__(self, settings: Config) -> None:
        config = self.config = settings.serve
        self.routers: list[Router] = [_module(name).ROUTER for name in ROUTERS]
        self.store = Store(config.bundles, config.model, config.max_rows)
        self.metrics = Metrics()
        self.metrics.expected.set(config.workers)
        self.metrics.in_flight_limit.set(config.max_waiting)
        self.log = PredictionLog(config, self.metrics)
        self.routes: list[Route] = [
            _module(name).ROUTE(settings, self.store, self.metrics, self.log) for name in ROUTES
        ]
        self.guard = Guard(config, (path for one in self.routers for path in one.open_paths))
        self.readiness = Readiness(self.store, self.guard, self.routes)
        self.endpoints = Endpoints(config, self.store, self.metrics, self.log, self.routes)

    def status_of_routes(self) -> list[dict[str, Any]]:
        """What each route does that does something."""
        return [status for route in self.routes if (status := route.status()) is not None]

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Load what serves before the worker answers, follow the pointer, close the logs at the end."""
        if threading.current_thread() is threading.main_thread():  # the process is its own
            signal.signal(signal.SIGTERM, self._leave_before(signal.getsignal(signal.SIGTERM)))
        await self._look()
        following = asyncio.create_task(self._follow())
        gc.collect()
        gc.freeze()  # what is loaded stays
        yield
        following.cancel()
        for route in self.routes:
            await asyncio.to_thread(route.close)
        self.log.close()

    def _leave_before(self, stop: Any) -> Callable[..., None]:
        """Not ready at once; ``drain_s`` later, uvicorn's own handler stops to listen."""
        loop = asyncio.get_running_loop()

        def leave(*signalled: Any) -> None:
            wait_s = 0.0 if self.readiness.ending else self.config.drain_s
            self.readiness.ending = True
            loop.call_soon_threadsafe(loop.call_later, wait_s, stop, *signalled)

        return leave

    async def _follow(self) -> None:
        parent = int(os.environ.get(PARENT, "0"))
        while True:
            await asyncio.sleep(self.config.reload_s)
            await self._look()
            if parent and os.getppid() != parent and not self.readiness.ending:
                os.kill(os.getpid(), signal.SIGTERM)  # nobody would stop or replace this worker

    async def _look(self) -> None:
        """Follow every file that decides what is answered; no fault ends this for ever."""
        store, metrics = self.store, self.metrics
        problem = store.problem
        for name, look in (
            ("store", store.refresh),
            ("log", self.log.rotate),
            *((route.name, route.refresh) for route in self.routes),
        ):
            try:
                await asyncio.to_thread(look)
            except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # a panic in Rust is no Exception
                metrics.failures.labels(name).inc()
                LOGGER.error("a look at the files of %s failed", name, exc_info=error)
        if store.failures and store.problem not in (None, problem):
            LOGGER.error("what was promoted cannot serve: %s", store.problem)
        metrics.version.set(store.current.version if store.current else 0)
        metrics.registered.set(store.registered_s)
        metrics.reload_failures.set(store.failures)
        metrics.ready.set(self.readiness.ready)
        metrics.in_flight.set(self.endpoints.batcher.in_flight)


def create_app(settings: Config | None = None) -> Middleware:
    """The application; a worker reads its settings from the environment."""
    if settings is None:
        given = json.loads(os.environ[SETTINGS])
        serve = ServeConfig.model_validate(given["serve"])
        settings = Config.model_construct(serve=serve, options=given["options"])
        configure(serve.messages)
    service, config = Service(settings), settings.serve
    app = FastAPI(
        title="Predictor",
        version=__version__,
        lifespan=service.lifespan,
        docs_url=None,  # the framework's own pages load their scripts from the internet
        redoc_url=None,
        openapi_url=None if "docs" in config.closed else "/openapi.json",
        redirect_slashes=False,
    )
    _add_operation(app, service)
    for router in service.routers:
        app.include_router(router.make(service.endpoints, service.readiness))
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(HTTPException)(_on_http)
    app.openapi = lambda: document(app, service.store.current)  # type: ignore[method-assign]
    page.add(app, service)
    endpoints = service.endpoints
    busy = {
        PREDICT: endpoints.predict,
        PREDICT_COLUMNS: endpoints.predict_columns,
        FEEDBACK: endpoints.feedback,
    }
    return Middleware(
        app, busy, config, service.metrics, service.guard, service.readiness, service.routers
    )


def _add_operation(app: FastAPI, service: Service) -> None:
    """The quiet paths."""
    store, readiness, config = service.store, service.readiness, service.config

    @app.get("/model", summary="What serves", tags=["Model"], responses={503: {"model": Problem}})
    async def model() -> Response:
        """Version, quality on the test rows, contract, why it was promoted, and which other version
        answers, too."""
        predictor = service.endpoints.serving()
        bundle = predictor.bundle
        shown = ("name", "dataset", "metrics", "threshold", "settings", "git", "libraries")
        return json_response(
            {key: bundle.metadata[key] for key in shown}
            | {"version": predictor.version, "bundle": bundle.hash}
            | {"promotion": store.promotion, "routes": service.status_of_routes()}
            | {"contract": bundle.contract.model_dump(mode="json", exclude={"sources"})}
        )

    @app.get("/health/live", summary="Does it run", tags=["Operation"])
    async def live() -> Response:
        """Whether the process answers."""
        return json_response({"live": True})

    @app.get("/health/ready", summary="Can it answer", tags=["Operation"])
    async def ready(request: Request) -> Response:
        """Whether callers should come; 503 where no model serves, or not for long."""
        headers, current = dict(request.scope["headers"]), store.current
        version = current.version if current and service.guard.knows(headers) else None
        problem = readiness.problem_for(headers)
        content = {"ready": readiness.ready, "version": version, "problem": problem}
        return json_response(content, 200 if readiness.ready else 503)

    if "metrics" in config.closed:
        return

    @app.get("/metrics", tags=["Operation"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """Counters for Prometheus, of all workers together, and what monitoring found last."""
        name = store.current.name if store.current else config.model
        text = service.metrics.exposition() + monitoring_text(config.reports, name)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


def json_response(content: Any, status: int = 200) -> Response:
    """An answer; what no JSON number can be is null."""
    body = to_json(content, inf_nan_mode="null")
    return Response(body, status, media_type="application/json")


def _module(name: str) -> Any:
    return import_module(f"{__name__.partition('.')[0]}.{name}")


async def _on_problem(request: Request, error: ProblemError) -> Response:
    body = error.body(request.state.request_id)
    return Response(body, error.status, error.headers, "application/json")


async def _on_http(request: Request, error: HTTPException) -> Response:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    problem = ProblemError(code, str(error.detail), headers=error.headers)
    problem.status = error.status_code
    return await _on_problem(request, problem)
