"""The Open Inference Protocol (KServe v2) over HTTP, for callers that speak it to any server.

One input tensor for each column of a request, ``[rows]`` or ``[rows, 1]``: FP64 for a float, INT64
for an integer, BOOL for a boolean, else BYTES, UTF-8 text, times in ISO 8601 with zone. Columns are
validated, answered, logged and counted as those of ``/predict/columns``. ``binary_tensor_data``,
values as bytes behind the JSON, is the one extension.

Missing, where the contract allows it: a tensor left out in all rows; null in JSON; NaN in FP64; the
empty text in BYTES. INT64 and BOOL have no such value, so these columns may be sent as FP64, too.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from ... import __version__
from ..endpoints import Endpoints, read
from ..http.duplicates import refuse_duplicates
from ..http.edge import read_body, refuse_encoding
from ..http.problems import INTERNAL, Fault, ProblemError
from ..predictor import Predictor
from ..readiness import Readiness
from ..requests import Columns
from ..router import Router
from .tensors import (
    ASKED,
    Asked,
    columns_of,
    inputs_of,
    n_keys,
    outputs_of,
    refusal,
    tensors_of,
    wanted,
)

PREFIX = "/v2"
MODEL, VERSION = f"{PREFIX}/models/{{name}}", f"{PREFIX}/models/{{name}}/versions/{{version}}"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
JSON_SIZE = "Inference-Header-Content-Length"
"""The header that says how many bytes of a body are JSON, where others follow."""
LOGGER = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Response]]
Refused = Callable[[list[Fault]], None]


class Protocol:
    """The protocol's endpoints."""

    def __init__(self, endpoints: Endpoints, readiness: Readiness) -> None:
        self._endpoints = endpoints
        self._readiness = readiness

    async def server(self, _: Request) -> Response:
        """What the server is, and what it knows besides the protocol."""
        extensions = ["binary_tensor_data"]
        return _json({"name": "predictor", "version": __version__, "extensions": extensions})

    async def live(self, _: Request) -> Response:
        """Whether the process answers."""
        return _json({"live": True})

    async def ready(self, request: Request) -> Response:
        """Whether callers should come."""
        self._readiness.check(request.headers.get("authorization"))
        return _json({"ready": True})

    async def model_ready(self, request: Request) -> Response:
        """Whether they should come for this model."""
        predictor = self._predictor(request)
        self._readiness.check(request.headers.get("authorization"))
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
        predictor = self._predictor(request)
        refuse_encoding(request.headers.get("content-encoding", "identity"))
        length = int(request.headers.get("content-length", 0))
        body = await read_body(length, request.receive, self._endpoints.limits)
        json_size = request.headers.get(JSON_SIZE)
        contract, request_id = predictor.bundle.contract, request.state.request_id
        with self._endpoints.limits.place():
            asked, columns = await asyncio.to_thread(
                _read, predictor, body, json_size, self._endpoints.refused
            )
            names = wanted(contract, asked)
            told, failed = await self._endpoints.ask_columns(
                predictor,
                request_id,
                request.scope["route"].path,
                columns,
                probabilities="probabilities" in names,
            )
        head = {"model_name": predictor.name, "model_version": str(predictor.version)}
        head |= {"id": asked.id} if asked.id is not None else {}
        tensors, behind = tensors_of(contract, names, told)
        # The id is the caller's own and need not be unique; feedback goes by the request's.
        parameters: dict[str, Any] = {"request_id": request_id}
        parameters |= {"fallback": True} if failed else {}
        return _answer({**head, "parameters": parameters, "outputs": tensors}, behind)

    async def unknown(self, request: Request) -> Response:
        """Refuse what the protocol does not have, and what only other servers do."""
        message = f"there is nothing at {request.url.path}; GET /v2 says what this server knows"
        raise ProblemError(404, "not_found", message)

    def _predictor(self, request: Request) -> Predictor:
        """The version that is asked for, if it serves."""
        predictor = self._endpoints.serving()
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != predictor.name:
            message = f"there is no model '{name}'; this server has '{predictor.name}'"
            raise ProblemError(404, "not_found", message)
        if version not in (None, str(predictor.version)):
            message = f"version {version} does not serve; {predictor.version} does"
            raise ProblemError(404, "not_found", message)
        return predictor


def router(endpoints: Endpoints, readiness: Readiness) -> APIRouter:
    """The protocol's paths. They have a published document, so OpenAPI leaves them out."""
    protocol = Protocol(endpoints, readiness)
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


def _error_body(problem: ProblemError) -> bytes:
    return to_json({"error": str(problem)})


ROUTER = Router(
    prefix=PREFIX,
    open_paths=frozenset((f"{PREFIX}/health/live", f"{PREFIX}/health/ready")),
    predict_paths=frozenset((f"{MODEL}/infer", f"{VERSION}/infer")),
    error_body=_error_body,
    make=router,
)


def _guarded(handler: Handler, method: str | None = None) -> Handler:
    """The handler for its method alone, with every error in the protocol's shape."""

    async def guarded(request: Request) -> Response:
        if method not in (None, request.method):
            message = f"{request.method} is not allowed here; use {method}"
            return _json({"error": message}, 405, allow=str(method))
        try:
            return await handler(request)
        except ProblemError as problem:
            return _refused(problem)
        except Exception:
            request_id = request.state.request_id
            LOGGER.exception("request %s failed", request_id, extra={"request_id": request_id})
            return _json({"error": INTERNAL}, 500)

    return guarded


def _read(
    predictor: Predictor, body: bytes, json_size: str | None, refused: Refused
) -> tuple[Asked, Columns]:
    """A request, and its columns by the rules of ``/predict/columns``.

    They become JSON for that: what the same validator reads cannot be read otherwise.
    """
    size = len(body)
    if json_size is not None:
        size = int(json_size) if json_size.isdecimal() else -1
        if not 0 <= size <= len(body):
            raise refusal(f"{JSON_SIZE} should be a number from 0 to {len(body)}, the body's bytes")
    asked = read(ASKED, body[:size])
    refuse_duplicates(body[:size], n_keys(asked))
    columns = columns_of(predictor.bundle.contract, asked.inputs, body[size:])
    return asked, read(predictor.columns, to_json({"columns": columns}), refused)["columns"]


def _refused(problem: ProblemError) -> Response:
    """A problem in the protocol's shape: one text, and 400 for a request that is not valid."""
    faults = [
        f"{fault.field.removeprefix('columns.')}: {fault.message}" for fault in problem.faults
    ]
    text = "; ".join(faults) or str(problem)
    status = 400 if problem.status == 422 else problem.status
    return _json({"error": text}, status, **problem.headers)


def _answer(head: dict[str, Any], behind: bytes) -> Response:
    if not behind:
        return _json(head)
    content = to_json(head)
    sizes = {JSON_SIZE: str(len(content))}
    return Response(content + behind, 200, sizes, "application/octet-stream")


def _json(content: Any, status: int = 200, **headers: str) -> Response:
    return Response(to_json(content), status, headers, "application/json")
