"""The HTTP application: FastAPI for all that is asked now and then, the middleware for the busy paths."""

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
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
from .metrics import monitoring_text
from .middleware import Middleware
from .openapi import document
from .problems import Problem, ProblemError
from .service import FEEDBACK, PREDICT, Service

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


def create_app(settings: Config | None = None) -> Middleware:
    """The application; a worker reads its settings from the environment."""
    # On a full disk Python would write half of a module, and read that ever after.
    sys.dont_write_bytecode = True
    if settings is None:
        content = json.loads(os.environ[SETTINGS])
        serve = ServeConfig.model_validate(content["serve"])
        settings = Config.model_construct(serve=serve, options=content["options"])
    package = __name__.partition(".")[0]
    routers = [import_module(f"{package}.{name}").ROUTER for name in ROUTERS]
    routes = [import_module(f"{package}.{name}").ROUTE for name in ROUTES]
    service = Service(settings, routers, routes)
    app = FastAPI(
        title="Predictor",
        version=__version__,
        lifespan=partial(_lifespan, service),
        docs_url=None,  # the framework's own pages load their scripts from the internet
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = lambda: document(app, service.store.current)  # type: ignore[method-assign]
    _add_operation(app, service)
    for router in routers:
        app.include_router(router.make(service))
    if settings.serve.page:
        page.add(app)
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(HTTPException)(_on_http)
    return Middleware(app, {PREDICT: service.predict, FEEDBACK: service.feedback}, service)


def _add_operation(app: FastAPI, service: Service) -> None:
    """The quiet paths."""
    store = service.store

    @app.get("/model", summary="What serves", tags=["Model"], responses={503: {"model": Problem}})
    async def model() -> Response:
        """Version, quality on the test rows, contract, why it was promoted, what a request holds, and
        which other version answers, too."""
        predictor = service.serving()
        bundle = predictor.bundle
        shown = ("name", "dataset", "metrics", "threshold", "settings", "git", "libraries")
        return json_response(
            {key: bundle.metadata[key] for key in shown}
            | {"version": predictor.version, "bundle": bundle.hash, "problem": store.problem}
            | {"promotion": store.promotion, "routes": service.routes()}
            | {"contract": bundle.contract.model_dump(mode="json", exclude={"sources"})}
            | {"request": bundle.contract.request, "typical": bundle.metadata["typical"]}
            | {"known": {name: sorted(values) for name, values in predictor.known.items()}}
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
        problem = service.problem_for(headers)
        content = {"ready": service.ready, "version": version, "problem": problem}
        return json_response(content, 200 if service.ready else 503)

    @app.get("/metrics", tags=["Operation"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """Counters for Prometheus, of all workers together, and what monitoring found last."""
        config = service.config
        name = store.current.name if store.current else config.model
        text = service.metrics.exposition() + monitoring_text(config.reports, name)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def _lifespan(service: Service, _: FastAPI) -> AsyncIterator[None]:
    """Load what serves before the worker answers, follow the pointer, close the logs at the end."""
    if threading.current_thread() is threading.main_thread():  # the process is its own
        signal.signal(signal.SIGTERM, _leave_before(service, signal.getsignal(signal.SIGTERM)))
    await service.refresh()
    following = asyncio.create_task(_follow(service))
    gc.collect()
    gc.freeze()  # what is loaded stays
    yield
    following.cancel()
    await service.close()


def _leave_before(service: Service, stop: Any) -> Callable[..., None]:
    """Not ready at once; ``drain_s`` later, uvicorn's own handler stops to listen."""
    loop = asyncio.get_running_loop()

    def leave(*signalled: Any) -> None:
        wait_s = 0.0 if service.ending else service.config.drain_s
        service.ending = True
        loop.call_soon_threadsafe(loop.call_later, wait_s, stop, *signalled)

    return leave


async def _follow(service: Service) -> None:
    parent = int(os.environ.get(PARENT, "0"))
    while True:
        await asyncio.sleep(service.config.reload_s)
        await service.refresh()
        if parent and os.getppid() != parent and not service.ending:
            os.kill(os.getpid(), signal.SIGTERM)  # nobody would stop or replace this worker


def json_response(content: Any, status: int = 200) -> Response:
    """An answer; what no JSON number can be is null."""
    body = to_json(content, inf_nan_mode="null")
    return Response(body, status, media_type="application/json")


async def _on_problem(request: Request, error: ProblemError) -> Response:
    body = error.body(request.state.request_id)
    return Response(body, error.status, error.headers, "application/json")


async def _on_http(request: Request, error: HTTPException) -> Response:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    problem = ProblemError(code, str(error.detail), headers=error.headers)
    problem.status = error.status_code
    return await _on_problem(request, problem)
