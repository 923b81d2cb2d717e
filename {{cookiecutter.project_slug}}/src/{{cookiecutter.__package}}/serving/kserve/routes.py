"""The Open Inference Protocol (KServe v2) over HTTP, for callers that speak it to any server.

Rows are validated, answered, logged and counted as those of ``/predict``; ``tensors`` says how
columns are sent. Values are in the JSON: the extension ``binary_tensor_data`` is not there.
"""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic_core import to_json

from ... import __version__
from ..batching import Request as RowsRequest
from ..middleware import read_body
from ..predictor import Predictor
from ..problems import ProblemError, json_response
from ..service import Service
from .tensors import inputs_of, outputs_of, read_request, refusal, rows_of, tensors_of

PREFIX = "/v2"
MODEL, VERSION = "/models/{name}", "/models/{name}/versions/{version}"
JSON_SIZE = "inference-header-content-length"  # sent where bytes follow the JSON


def add_to(app: FastAPI, service: Service) -> None:
    """Answer the protocol's paths. They have a published document, so OpenAPI leaves them out."""
    service.error_shapes[PREFIX] = error
    routes = APIRouter(prefix=PREFIX, include_in_schema=False)

    @routes.get("")
    async def server() -> dict[str, Any]:
        return {"name": "predictor", "version": __version__, "extensions": []}

    @routes.get("/health/live")
    async def live() -> dict[str, Any]:
        return {"live": True}

    @routes.get("/health/ready")
    async def ready() -> dict[str, Any]:
        if not service.ready:
            raise ProblemError("not_ready", "not ready; GET /health/ready says why")
        return {"ready": True}

    @routes.get(f"{MODEL}/ready")
    @routes.get(f"{VERSION}/ready")
    async def model_ready(request: Request) -> dict[str, Any]:
        return {"name": _requested(service, request).name} | await ready()

    @routes.get(MODEL)
    @routes.get(VERSION)
    async def model(request: Request) -> dict[str, Any]:
        predictor = _requested(service, request)
        contract = predictor.bundle.contract
        return {
            "name": predictor.name,
            "versions": [str(predictor.version)],
            "platform": "onnx_onnxv1",
            "inputs": inputs_of(contract),
            "outputs": outputs_of(contract),
        }

    @routes.post(f"{MODEL}/infer")
    @routes.post(f"{VERSION}/infer")
    async def infer(request: Request) -> Response:
        return json_response(await _infer(service, request))

    app.include_router(routes)


async def _infer(service: Service, request: Request) -> bytes:
    """An answer for each row, logged before it leaves."""
    serving, request_id = _requested(service, request), request.state.request_id
    contract = serving.bundle.contract
    body = await read_body(dict(request.scope["headers"]), request.receive, service.config)
    if JSON_SIZE in request.headers:
        raise refusal("no bytes may follow the JSON; of tritonclient send with binary_data=False")
    inference = read_request(contract, body)
    rows = rows_of(contract, inference.inputs, service.config.max_rows)
    rows = serving.rows.read(to_json({"rows": rows}))
    path = request.scope["route"].path
    asked = RowsRequest(predictor=serving, request_id=request_id, path=path, rows=rows)
    answered = await service.answer(asked)
    answer = {
        "model_name": answered["model"],
        "model_version": str(answered["version"]),
        # the id is the caller's own and need not be unique; labels go by the request's
        "parameters": {"request_id": request_id},
        "outputs": tensors_of(contract, inference, answered["predictions"]),
    }
    return to_json(answer if inference.id is None else {**answer, "id": inference.id})


def _requested(service: Service, request: Request) -> Predictor:
    """The version that is asked for, if it serves."""
    predictor = service.serving()
    name, version = request.path_params["name"], request.path_params.get("version")
    if name != predictor.name:
        message = f"there is no model '{name}'; this server has '{predictor.name}'"
        raise ProblemError("not_found", message)
    if version not in (None, str(predictor.version)):
        message = f"version {version} does not serve; {predictor.version} does"
        raise ProblemError("not_found", message)
    return predictor


def error(problem: ProblemError) -> tuple[int, bytes]:
    """A problem in the protocol's shape: one text."""
    faults = [f"{fault.field}: {fault.message}" for fault in problem.faults]
    status = 400 if problem.status == 422 else problem.status
    return status, to_json({"error": "; ".join(faults) or str(problem)})
