"""The OpenAPI document: the framework's own paths, and the busy ones by the served contract."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Header
from fastapi.openapi.models import Example
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from .answers import answer_model
from .predictor import Predictor
from .problems import CODES, DOCUMENTED, Problem
from .service import FEEDBACK, PREDICT

REFERENCE = "#/components/schemas/{model}"
REQUEST_ID = Header(
    alias="X-Request-ID",
    description="A name for the request, to find it by: up to 64 letters, digits, '.', '_' and"
    " '-'. One is made where none is given, or another.",
)
MEANINGS = {status: text for status, text in CODES.values() if status in DOCUMENTED}


class Accepted(BaseModel):
    """The answer to labels: how many were written."""

    accepted: int
    request_id: str


def document(app: FastAPI, predictor: Predictor | None) -> dict[str, Any]:
    """The document; bodies and answers are known once a version serves."""
    rows: Any = dict[str, Any]
    labels, answer = rows, rows
    if predictor is not None:
        rows, labels = predictor.schemas.predict, predictor.schemas.feedback
        answer = answer_model(predictor.bundle.contract)
        typical = Example(value={"rows": [predictor.bundle.metadata["typical"]]})
        rows = Annotated[rows, Body(openapi_examples={"typical": typical})]
    router = APIRouter(tags=["Predictions"])
    _describe(router, PREDICT, "Predict rows", rows, answer)
    _describe(router, FEEDBACK, "Send labels, of which the last for a row counts", labels, Accepted)
    title = app.title if predictor is None else predictor.name
    routes = [*router.routes, *app.routes]  # those that people come for are first
    schema = get_openapi(title=title, version=app.version, routes=routes)
    if predictor is not None:  # the framework rounds bounds to floats; these are exact
        for body in (predictor.schemas.predict, predictor.schemas.feedback):
            exact = TypeAdapter(body).json_schema(ref_template=REFERENCE)
            schema["components"]["schemas"] |= exact.get("$defs", {})
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]  # where the server has keys
    return schema


def _describe(router: APIRouter, path: str, summary: str, body: Any, answer: Any) -> None:
    """Add a path for the document alone: the middleware answers it."""

    async def described(body: Any, request_id: Any = None) -> None:
        pass

    described.__annotations__ = {"body": body, "request_id": Annotated[str | None, REQUEST_ID]}
    router.add_api_route(
        path,
        described,
        methods=["POST"],
        summary=summary,
        operation_id=path.strip("/"),
        response_model=answer,
        responses={
            status: {"model": Problem, "description": MEANINGS[status]} for status in DOCUMENTED
        },
    )
