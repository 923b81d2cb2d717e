"""The HTTP face: FastAPI for all that is asked now and then, the edge for what carries the load."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from .. import __version__
from ..config import Config
from . import docs, page
from .access.guard import Guard
from .endpoints import Endpoints
from .facts import Facts
from .http.edge import Edge
from .http.problems import CODES, INTERNAL, Problem, ProblemError
from .log import PREDICT, PREDICT_COLUMNS, Log
from .metrics import Metrics
from .monitored import Monitored
from .openapi import document
from .readiness import Readiness
from .router import Router
from .routing import Routes
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
"""Modules with a ``ROUTE``, of settings, store, metrics and log: it lets other versions answer, too."""
LOGGER = logging.getLogger(__name__)


class Server:
    """The quiet routes, and what all routes share."""

    def __init__(self, settings: Config, routers: Sequence[Router]) -> None:
        config = self._config = settings.serve
        self.store = Store(config.bundles, config.model, config.max_rows)
        self.guard = Guard(config, (path for router in routers for path in router.open_paths))
        self.metrics = Metrics()
        self.metrics.configured(config.workers, config.max_waiting)
        log = Log(config, self.metrics)
        added = [_module(name).ROUTE(settings, self.store, self.metrics, log) for name in ROUTES]
        self.routes = Routes(added)
        self.endpoints = Endpoints(config, self.store, self.metrics, log, self.routes)
        self.readiness = Readiness(self.store, self.guard, self.routes)
        self.predict_paths = [PREDICT, PREDICT_COLUMNS]
        for router in routers:
            self.predict_paths += sorted(router.predict_paths)
        self.facts = Facts(config.log, self.metrics, predict_paths=self.predict_paths)
        self._monitored = Monitored(config.reports)

    async def model(self) -> Response:
        """What serves: version, quality on the test rows, contract, why it was promoted, and which
        other version answers, too."""
        predictor = self.endpoints.serving()
        bundle = predictor.bundle
        shown = ("name", "dataset", "metrics", "threshold", "settings", "git", "libraries")
        return _json(
            {key: bundle.metadata[key] for key in shown}
            | {"version": predictor.version, "bundle": bundle.hash}
            | {"promotion": self.store.promotion, "routes": self.routes.status()}
            | {"contract": bundle.contract.model_dump(mode="json", exclude={"sources"})}
        )

    async def live(self) -> Response:
        """Whether the process answers."""
        return _json({"live": True})

    async def ready(self, request: Request) -> Response:
        """Whether callers should come; 503 where no model serves, or not for long.

        Who has a key is told the reason, and which version serves; where none is needed, everybody is.
        """
        authorization, current = request.headers.get("authorization"), self.store.current
        ready, problem = self.readiness.ready, self.readiness.problem_for(authorization)
        version = current.version if current and self.guard.knows(authorization) else None
        content = {"ready": ready, "version": version, "problem": problem}
        return _json(content, 200 if ready else 503)

    async def scrape(self) -> Response:
        """Counters for Prometheus, of all workers together, and what monitoring found last."""
        current = self.store.current
        found = self._monitored.exposition(current.name if current else self._config.model)
        return Response(self.metrics.exposition() + found, media_type=CONTENT_TYPE_LATEST)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Load what serves, follow the pointer, close the logs at the end."""
        await self._refresh()
        watcher = asyncio.create_task(self._follow())
        yield
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        self.facts.close()
        await asyncio.to_thread(self.routes.close)
        self.endpoints.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._config.reload_s)
            self.endpoints.let_go()
            await self._refresh()

    async def _refresh(self) -> None:
        failures = self.store.failures
        await asyncio.to_thread(self.store.refresh)
        current = self.store.current
        if self.store.failures > failures:
            LOGGER.error("what was promoted cannot serve: %s", self.store.problem)
        self.facts.look(current)
        version = current.version if current else 0
        self.metrics.serves(version, self.store.registered_s, self.store.failures)
        in_flight = self.endpoints.limits.in_flight
        self.metrics.fares(ready=self.readiness.ready, in_flight=in_flight)
        await asyncio.to_thread(self.routes.refresh)


def create_app(settings: Config) -> Edge:
    """The application; it loads the served version when it starts and follows the pointer."""
    config = settings.serve
    routers: list[Router] = [_module(name).ROUTER for name in ROUTERS]
    server = Server(settings, routers)
    app = FastAPI(
        title="Predictor",
        version=__version__,
        lifespan=server.lifespan,
        docs_url=None,  # the framework's own pages load their scripts from the internet
        redoc_url=None,
        openapi_url=None if "docs" in config.closed else "/openapi.json",
    )
    unserved: dict[int | str, dict[str, Any]] = {503: {"model": Problem}}
    app.get("/model", summary="What serves", tags=["Model"], responses=unserved)(server.model)
    app.get("/health/live", summary="Does it run", tags=["Operation"])(server.live)
    app.get("/health/ready", summary="Can it answer", tags=["Operation"])(server.ready)
    if "metrics" not in config.closed:
        text = PlainTextResponse
        app.get("/metrics", summary="For Prometheus", tags=["Operation"], response_class=text)(
            server.scrape
        )
    for router in routers:
        app.include_router(router.make(server.endpoints, server.readiness))
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(HTTPException)(_on_http)
    app.exception_handler(Exception)(_on_failure)
    app.openapi = lambda: document(app, server.store.current)  # type: ignore[method-assign]
    if "docs" not in config.closed:
        docs.add(app)
    if "page" not in config.closed:
        page.add(app, config, server.store, server.routes, server.predict_paths)
    busy = {
        PREDICT: server.endpoints.predict,
        PREDICT_COLUMNS: server.endpoints.predict_columns,
        "/feedback": server.endpoints.feedback,
    }
    guard, limits = server.guard, server.endpoints.limits
    return Edge(
        app,
        busy,
        server.metrics,
        guard,
        limits,
        server.readiness,
        routers=routers,
        access_log=config.access_log,
    )


def _module(name: str) -> Any:
    return import_module(f"{__name__.partition('.')[0]}.{name}")


async def _on_problem(request: Request, error: ProblemError) -> Response:
    body = error.body(request.state.request_id)
    return Response(body, error.status, error.headers, "application/json")


async def _on_http(request: Request, error: HTTPException) -> Response:
    code = CODES.get(error.status_code, "http_error")
    response = await _on_problem(request, ProblemError(error.status_code, code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


async def _on_failure(request: Request, _: Exception) -> Response:
    """Tell nothing of the inside; the edge writes what happened to the log."""
    return await _on_problem(request, ProblemError(500, "internal", INTERNAL))


def _json(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")
