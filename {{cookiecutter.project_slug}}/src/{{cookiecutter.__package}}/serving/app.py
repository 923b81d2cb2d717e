"""The HTTP application: FastAPI for all that is asked now and then, the middleware for the busy paths."""

import asyncio
import gc
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Request, Response
from fastapi.openapi.models import Example
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from .. import __version__
from ..config import Config, ServeConfig
from ..models.metrics import METRICS
from .answers import answer_type
from .metrics import monitoring_text
from .middleware import Middleware
from .predictor import Predictor
from .problems import Problem, ProblemError, json_response
from .service import FEEDBACK, PREDICT, Service

EXTENSIONS: tuple[str, ...] = (
    # options, one line each
    "serving.challenger.routes",
    "serving.kserve.routes",
)
"""Modules of this package; each adds other paths, or another version that answers, by ``add_to``."""
SETTINGS, PARENT = "SERVER_SETTINGS", "SERVER_PARENT"
"""Environment variables by which workers get their settings, and know their parent."""
PAGE = Path(__file__).parent / "page"
SWAGGER = "fastapi_swagger"  # holds Swagger UI's files as released; none of its code is run
ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "Any error, in one shape."}
}
LOGGER = logging.getLogger(__name__)


class Accepted(BaseModel):
    """The answer to labels: how many were written."""

    accepted: int
    request_id: str


def create_app(settings: Config | None = None) -> Middleware:
    """The application; a worker reads its settings from the environment."""
    if settings is None:
        content = json.loads(os.environ[SETTINGS])
        serve = ServeConfig.model_validate(content["serve"])
        settings = Config.model_construct(serve=serve, options=content["options"])
    service = Service(settings)
    app = FastAPI(
        title="Prediction server",
        version=__version__,
        lifespan=partial(_lifespan, service),
        docs_url=None,  # the framework's own pages load their scripts from the internet
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = lambda: _openapi(app, service.store.current)  # type: ignore[method-assign]
    _add_operation(app, service)
    _add_pages(app)
    _add_errors(app, service)
    for name in EXTENSIONS:
        import_module(f"{__name__.partition('.')[0]}.{name}").add_to(app, service)
    return Middleware(app, service)


def _add_operation(app: FastAPI, service: Service) -> None:
    """Answer what operators ask: which model serves, health, counters."""

    @app.get("/model", summary="What serves", tags=["Model"], responses=ERRORS)
    async def model() -> Response:
        """Version, quality on the test rows, contract, why it was promoted, what a request holds, and
        which other version answers, too."""
        return json_response(to_json(_description(service), inf_nan_mode="null"))

    @app.get("/health/live", summary="Does it run", tags=["Operation"])
    async def live() -> dict[str, bool]:
        """Whether the process answers."""
        return {"live": True}

    @app.get("/health/ready", summary="Can it answer", tags=["Operation"])
    async def ready(request: Request) -> Response:
        """Whether callers should come, 503 if not; version and problem are for who has a key."""
        current, known = service.store.current, service.guard.knows(dict(request.scope["headers"]))
        content = {
            "ready": service.ready,
            "version": current.version if current and known else None,
            "problem": service.problem if known else None,
        }
        return json_response(to_json(content), 200 if service.ready else 503)

    @app.get("/metrics", tags=["Operation"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """Counters for Prometheus, of all workers together, and what monitoring found last."""
        found = monitoring_text(service.config.reports, service.config.model)
        text = service.metrics.exposition() + found
        return Response(text, media_type=CONTENT_TYPE_LATEST)


def _description(service: Service) -> dict[str, Any]:
    """What ``/model`` says of the version that serves."""
    predictor, store = service.serving(), service.store
    bundle = predictor.bundle
    copied = ("name", "metrics", "threshold", "settings", "typical")
    return {key: bundle.metadata[key] for key in copied} | {
        "version": predictor.version,
        "titles": {name: METRICS[name].title for name in bundle.task.metrics},
        "problem": store.problem,
        "promotion": store.promotion,
        "routes": service.status(),
        "contract": bundle.contract.model_dump(mode="json", exclude={"sources"}),
        "request": bundle.contract.request,
        "known": {name: sorted(values) for name, values in predictor.known.items()},
    }


def _add_pages(app: FastAPI) -> None:
    """Answer ``/``, which asks ``/model`` and ``/predict``, and Swagger UI at ``/docs``: plain files."""

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(PAGE / "docs.html")

    swagger = find_spec(SWAGGER)
    if swagger is None or swagger.origin is None:
        raise ModuleNotFoundError(name=SWAGGER)
    app.mount("/docs/ui", StaticFiles(directory=Path(swagger.origin).parent / "resources"))
    app.mount("/page", StaticFiles(directory=PAGE))


def _add_errors(app: FastAPI, service: Service) -> None:
    """Answer errors in the one shape of the protocol that was asked."""

    @app.exception_handler(ProblemError)
    async def on_problem(request: Request, error: ProblemError) -> Response:
        return service.refusal(error, request.url.path, request.state.request_id)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        problem = ProblemError(code, str(error.detail), headers=error.headers)
        problem.status = error.status_code
        return await on_problem(request, problem)


def _openapi(app: FastAPI, predictor: Predictor | None) -> dict[str, Any]:
    """The OpenAPI document; the busy paths are in it once a version serves."""
    router, title, description = APIRouter(tags=["Predictions"]), app.title, None
    bodies = (predictor.rows, predictor.labels) if predictor else ()
    if predictor is not None:
        contract = predictor.bundle.contract
        title, description = contract.name, contract.description
        typical = Example(value={"rows": [predictor.bundle.metadata["typical"]]})
        rows: Any = Annotated[predictor.rows.type, Body(openapi_examples={"typical": typical})]
        _describe(router, PREDICT, "Predict rows", rows, answer_type(contract))
        summary = "Send labels, of which the last for a row counts"
        _describe(router, FEEDBACK, summary, predictor.labels.type, Accepted)
    routes = [*router.routes, *app.routes]  # those that people come for are first
    schema = get_openapi(title=title, version=app.version, description=description, routes=routes)
    for body in bodies:  # the framework rounds bounds to floats; these are exact
        exact = TypeAdapter(body.type).json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"] |= exact.get("$defs", {})
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]  # where the server has keys
    return schema


def _describe(router: APIRouter, path: str, summary: str, body: Any, answer: Any) -> None:
    """Add a path for the document alone: the middleware answers it."""

    async def described(body: Any) -> None:
        pass

    described.__annotations__ = {"body": body}
    name = path.strip("/")
    add = router.post(
        path, summary=summary, operation_id=name, response_model=answer, responses=ERRORS
    )
    add(described)


@asynccontextmanager
async def _lifespan(service: Service, _: FastAPI) -> AsyncIterator[None]:
    """Load what serves before the worker answers, follow the pointer, close the logs at the end."""
    with suppress(ValueError):  # only a main thread has signals
        signal.signal(signal.SIGTERM, _drain_then(service, signal.getsignal(signal.SIGTERM)))
    await service.refresh()
    if service.store.current is None:
        LOGGER.warning("no model serves: %s; the server follows", service.store.problem)
    service.tasks.add(asyncio.create_task(_follow(service)))
    gc.collect()
    gc.freeze()  # what is loaded stays
    yield
    for task in service.tasks:
        task.cancel()
    service.log.close()


def _drain_then(service: Service, stop: Any) -> Callable[..., None]:
    """Not ready at once; ``drain_s`` later, uvicorn's own handler stops to listen."""
    loop = asyncio.get_running_loop()

    def leave(*signalled: Any) -> None:
        wait_s = 0.0 if service.draining else service.config.drain_s
        service.draining = True
        loop.call_soon_threadsafe(loop.call_later, wait_s, stop, *signalled)

    return leave


async def _follow(service: Service) -> None:
    parent = int(os.environ.get(PARENT, "0"))
    while True:
        await asyncio.sleep(service.config.reload_s)
        await service.refresh()
        if parent and os.getppid() != parent and not service.draining:
            os.kill(os.getpid(), signal.SIGTERM)  # nobody would stop or replace this worker
