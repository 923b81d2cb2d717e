"""The Open Inference Protocol (KServe v2) over HTTP, for callers that speak it to any server.

One input tensor for each column of a request, ``[rows]`` or ``[rows, 1]``: FP64 for a float, INT64
for an integer, BOOL for a boolean, else BYTES, UTF-8 text, times in ISO 8601 with zone. Rows are
validated, answered, logged and counted as those of ``/predict``. ``binary_tensor_data``, values as
bytes behind the JSON, is the one extension.

Missing, where the contract allows it: a tensor left out in all rows; null in JSON; NaN in FP64; the
empty text in BYTES. INT64 and BOOL have no such value, so these columns may be sent as FP64, too.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from ... import __version__
from ..middleware import read_body
from ..predictor import Predictor
from ..problems import ProblemError
from ..schemas import Query
from ..service import Router, Service
from .tensors import (
    InferRequest,
    inputs_of,
    outputs_of,
    read_request,
    refusal,
    requested_outputs,
    rows_of,
    tensors_of,
)

PREFIX = "/v2"
MODEL, VERSION = f"{PREFIX}/models/{{name}}", f"{PREFIX}/models/{{name}}/versions/{{version}}"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
JSON_SIZE = "inference-header-content-length"
"""The header that says how many bytes of a body are JSON, where others follow."""
Handler = Callable[[Request], Awaitable[Response]]


class Protocol:
    """The protocol's endpoints."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def server(self, _: Request) -> Response:
        """What the server is, and what it knows besides the protocol."""
        extensions = ["binary_tensor_data"]
        return _json({"name": "predictor", "version": __version__, "extensions": extensions})

    async def live(self, _: Request) -> Response:
        """Whether the process answers."""
        return _json({"live": True})

    async def ready(self, request: Request) -> Response:
        """Whether callers should come."""
        self._check_ready(request)
        return _json({"ready": True})

    async def model_ready(self, request: Request) -> Response:
        """Whether they should come for this model."""
        predictor = self._predictor(request)
        self._check_ready(request)
        return _json({"name": predictor.name, "ready": True})

    async def model(self, request: Request) -> Response:
        """The tensors that it takes and answers."""
        predictor = self._predictor(request)
        contract = predictor.bundle.contract
        return _json(
            {
                "name": predictor.name,
                "versions": [str(predictor.version)],
                "platform": "onnx_onnxv1",
                "inputs": inputs_of(contract),
                "outputs": outputs_of(contract),
            }
        )

    async def infer(self, request: Request) -> Response:
        """An answer for each row, logged before it leaves."""
        contract = self._predictor(request).bundle.contract
        headers, request_id = dict(request.scope["headers"]), request.state.request_id
        body = await read_body(headers, request.receive, self._service.config)
        asked, packed = _split(body, request.headers.get(JSON_SIZE))
        outputs = requested_outputs(contract, asked)

        def read(predictor: Predictor) -> Query:
            rows = rows_of(contract, asked.inputs, packed, self._service.config.max_rows)
            options = {"probabilities": True} if "probabilities" in outputs else {}
            return predictor.schemas.read_rows(to_json({"rows": rows, **options}))

        path = request.scope["route"].path
        predictor, answers = await self._service.answer(read, path, request_id)
        tensors, behind = tensors_of(contract, outputs, answers)
        head = {"model_name": predictor.name, "model_version": str(predictor.version)}
        head |= {"id": asked.id} if asked.id is not None else {}
        # The id is the caller's own and need not be unique; labels go by the request's.
        parameters = {"request_id": request_id}
        content = to_json({**head, "parameters": parameters, "outputs": tensors})
        if not behind:
            return Response(content, media_type="application/json")
        sizes = {JSON_SIZE: str(len(content))}
        return Response(content + behind, 200, sizes, "application/octet-stream")

    async def unknown(self, request: Request) -> Response:
        """Refuse what the protocol does not have, and what only other servers do."""
        message = f"there is nothing at {request.url.path}; GET /v2 says what this server knows"
        raise ProblemError("not_found", message)

    def _check_ready(self, request: Request) -> None:
        if not self._service.ready:
            problem = self._service.problem_for(dict(request.scope["headers"]))
            raise ProblemError("not_ready", f"not ready: {problem}")

    def _predictor(self, request: Request) -> Predictor:
        """The version that is asked for, if it serves."""
        predictor = self._service.serving()
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != predictor.name:
            message = f"there is no model '{name}'; this server has '{predictor.name}'"
            raise ProblemError("not_found", message)
        if version not in (None, str(predictor.version)):
            message = f"version {version} does not serve; {predictor.version} does"
            raise ProblemError("not_found", message)
        return predictor


def router(service: Service) -> APIRouter:
    """The protocol's paths. They have a published document, so OpenAPI leaves them out."""
    protocol = Protocol(service)
    paths: tuple[tuple[str, str, Handler], ...] = (
        (PREFIX, "GET", protocol.server),
        (f"{PREFIX}/health/live", "GET", protocol.live),
        (f"{PREFIX}/health/ready", "GET", protocol.ready),
        *((path, "GET", protocol.model) for path in (MODEL, VERSION)),
        *((f"{path}/ready", "GET", protocol.model_ready) for path in (MODEL, VERSION)),
        *((f"{path}/infer", "POST", protocol.infer) for path in (MODEL, VERSION)),
    )
    routes = APIRouter(include_in_schema=False)
    for path, method, handler in paths:
        routes.add_api_route(path, _guarded(handler, method), methods=METHODS)
    routes.add_api_route(f"{PREFIX}/{{path:path}}", _guarded(protocol.unknown), methods=METHODS)
    return routes


def _guarded(handler: Handler, method: str | None = None) -> Handler:
    """The handler for its method alone, with every refusal in the protocol's shape."""

    async def guarded(request: Request) -> Response:
        if method not in (None, request.method):
            message = f"{request.method} is not allowed here; use {method}"
            return _json({"error": message}, 405, allow=str(method))
        try:
            return await handler(request)
        except ProblemError as problem:
            status = 400 if problem.status == 422 else problem.status
            return Response(error_body(problem), status, problem.headers, "application/json")

    return guarded


def error_body(problem: ProblemError) -> bytes:
    """A problem in the protocol's shape: one text."""
    faults = [f"{fault.field}: {fault.message}" for fault in problem.faults]
    return to_json({"error": "; ".join(faults) or str(problem)})


ROUTER = Router(
    prefix=PREFIX,
    open_paths=frozenset((f"{PREFIX}/health/live", f"{PREFIX}/health/ready")),
    error_body=error_body,
    make=router,
)


def _split(body: bytes, json_size: str | None) -> tuple[InferRequest, bytes]:
    """The JSON of a request, and the bytes behind it."""
    size = len(body)
    if json_size is not None:
        size = int(json_size) if json_size.isdecimal() else -1
        if not 0 <= size <= len(body):
            name = "Inference-Header-Content-Length"
            raise refusal(f"{name} should be a number from 0 to {len(body)}, the body's bytes")
    return read_request(body[:size]), body[size:]


def _json(content: Any, status: int = 200, **headers: str) -> Response:
    return Response(to_json(content), status, headers, "application/json")
