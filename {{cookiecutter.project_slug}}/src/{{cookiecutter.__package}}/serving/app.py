"""The HTTP face: FastAPI over a ``Store``. Every error has the shape of ``schemas.Problem``."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from .. import __version__
from ..config import ServeConfig
from ..errors import ModelFailedError
from . import prediction_log
from .metrics import Metrics
from .predictor import Predictor
from .schemas import Accepted, Answer, Fault, Problem, prediction_type
from .store import Store

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_FAULTS = 20
INTERNAL = "the server failed; its log tells why under this request_id"
LOGGER = logging.getLogger("uvicorn.error")
HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}
Body = TypeVar("Body")


class ProblemError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, *faults: Fault) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.faults = list(faults[:MAX_FAULTS])


class Server:
    """The routes, and what they share."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self.store = Store(config.bundles, config.model, config.max_rows)
        self._metrics = Metrics()
        self._predictions = prediction_log.Journal(config.log, "predictions")
        self._labels = prediction_log.Journal(config.log, "labels")

    async def predict(self, request: Request) -> Response:
        """An answer for each row, logged before it leaves."""
        predictor = self._ready()
        rows = (await self._read(request, predictor.requests))["rows"]
        try:
            outputs = predictor.predict(rows)
        except ModelFailedError as error:
            raise ProblemError(error.status, "model_failed", str(error)) from None
        request_id = request.state.request_id
        self._log(
            self._predictions,
            prediction_log.predictions(predictor, request_id, rows, outputs),
        )
        answers = predictor.answers(outputs)
        for answer in answers:
            if "probability" in answer:
                self._metrics.probability.observe(answer["probability"])
        self._metrics.rows.inc(len(rows))
        return _json(
            {
                "model": predictor.bundle.contract.name,
                "version": predictor.version,
                "request_id": request_id,
                "predictions": answers,
            }
        )

    async def feedback(self, request: Request) -> Response:
        """Outcomes that became known, by id or request; the last one for a row counts."""
        predictor = self._ready()
        given = (await self._read(request, predictor.labels))["labels"]
        request_id = request.state.request_id
        self._log(self._labels, prediction_log.labels(request_id, given))
        return _json({"accepted": len(given), "request_id": request_id})

    async def model(self) -> Response:
        """What serves: version, quality on the test rows, contract."""
        predictor = self._ready()
        bundle = predictor.bundle
        shown = ("name", "dataset", "metrics", "threshold", "settings", "git", "libraries")
        return _json(
            {key: bundle.metadata[key] for key in shown}
            | {"version": predictor.version, "bundle": bundle.hash}
            | {"contract": bundle.contract.model_dump(mode="json", exclude={"sources"})}
        )

    async def live(self) -> Response:
        """Whether the process answers."""
        return _json({"live": True})

    async def ready(self) -> Response:
        """Whether a verified model serves; 503 with the reason where none does."""
        version = self.store.current.version if self.store.current else None
        content = {"ready": version is not None, "version": version, "problem": self.store.problem}
        return _json(content, 200 if version is not None else 503)

    async def scrape(self) -> Response:
        """Counters for Prometheus."""
        self._metrics.version.set(self.store.current.version if self.store.current else 0)
        self._metrics.reload_failures.set(self.store.failures)
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def observe(
        self, request: Request, call: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Give every request an id, and count it."""
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        start = time.perf_counter()
        try:
            response = await call(request)
        except Exception:
            LOGGER.exception("request %s failed", request.state.request_id)
            response = await _on_problem(request, ProblemError(500, "internal", INTERNAL))
        route = getattr(request.scope.get("route"), "path", "unknown")
        self._metrics.latency.labels(route).observe(time.perf_counter() - start)
        self._metrics.requests.labels(route, response.status_code).inc()
        response.headers["x-request-id"] = request.state.request_id
        return response

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Load what serves, follow the pointer, close the logs at the end."""
        await asyncio.to_thread(self.store.refresh)
        watcher = asyncio.create_task(self._follow())
        yield
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        self._predictions.close()
        self._labels.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._config.reload_s)
            await asyncio.to_thread(self.store.refresh)

    def _ready(self) -> Predictor:
        if self.store.current is None:
            raise ProblemError(503, "not_ready", f"no model serves: {self.store.problem}")
        return self.store.current

    async def _read(self, request: Request, adapter: TypeAdapter[Body]) -> Body:
        """The validated body; bytes are read up to the limit and parsed once."""
        limit, body = self._config.max_body_bytes, bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise ProblemError(
                    413, "body_too_large", f"a body may have {limit:,} bytes; send fewer rows"
                )
        try:
            return adapter.validate_json(bytes(body))
        except ValidationError as error:
            raise _invalid(error) from None

    def _log(self, journal: prediction_log.Journal, records: list[dict[str, Any]]) -> None:
        try:
            journal.append(records)
        except OSError as error:
            self._metrics.log_failures.inc()
            message = f"the log takes no records ({error.strerror}); nothing was answered unlogged"
            raise ProblemError(503, "log_failed", message) from None


def create_app(config: ServeConfig) -> FastAPI:
    """The application; it loads the served version when it starts and follows the pointer."""
    server = Server(config)
    app = FastAPI(title="Predictor", version=__version__, lifespan=server.lifespan)
    problems: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem} for status in (413, 422, 500, 503)
    }
    app.post("/predict", response_model=Answer, responses=problems)(server.predict)
    app.post("/feedback", response_model=Accepted, responses=problems)(server.feedback)
    app.get("/model", responses={503: {"model": Problem}})(server.model)
    app.get("/health/live")(server.live)
    app.get("/health/ready")(server.ready)
    app.get("/metrics")(server.scrape)
    app.middleware("http")(server.observe)
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(HTTPException)(_on_http)
    app.openapi = lambda: _openapi(app, server.store)  # type: ignore[method-assign]
    return app


async def _on_problem(request: Request, error: ProblemError) -> Response:
    problem = Problem(
        code=error.code,
        message=str(error),
        faults=error.faults,
        request_id=request.state.request_id,
    )
    return _json(problem, error.status)


async def _on_http(request: Request, error: HTTPException) -> Response:
    code = HTTP_CODES.get(error.status_code, "http_error")
    response = await _on_problem(request, ProblemError(error.status_code, code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


def _invalid(error: ValidationError) -> ProblemError:
    faults = [
        Fault(
            field=".".join(map(str, fault["loc"])) or "body",
            rule=fault["type"],
            message=fault["msg"],
        )
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    message = f"{len(faults)} not valid; the first is {faults[0].field}: {faults[0].message}"
    return ProblemError(422, "invalid_request", message, *faults)


def _json(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")


def _openapi(app: FastAPI, store: Store) -> dict[str, Any]:
    """FastAPI's own, with the bodies that the served contract asks for."""
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    if store.current is None:
        return schema
    bundle = store.current.bundle
    schema["info"]["title"] = bundle.contract.name
    example = {"rows": [bundle.metadata["typical"]]}
    shown = f"#/components/schemas/{prediction_type(bundle.contract).__name__}"
    schema["components"]["schemas"]["Answer"]["properties"]["predictions"]["items"] = {
        "$ref": shown
    }
    for path, adapter, extra in (
        ("/predict", store.current.requests, {"example": example}),
        ("/feedback", store.current.labels, {}),
    ):
        wanted = adapter.json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"] |= wanted.pop("$defs", {})
        content = {"application/json": {"schema": wanted, **extra}}
        schema["paths"][path]["post"]["requestBody"] = {"required": True, "content": content}
    return schema
