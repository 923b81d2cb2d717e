"""The OpenAPI document: the framework's own paths, and the busy ones by the served contract."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Header
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from .answers import answer_model
from .predictor import Predictor
from .problems import CODES, DOCUMENTED, Problem
from .service import FEEDBACK, PREDICT

REQUEST_ID = Header(
    alias="X-Request-ID",
    description="A name for the request, to find it by: up to 64 letters, digits, '.', '_' and"
    " '-'. One is made where none is given, or another.",
)


class Accepted(BaseModel):
    """The answer to labels: how many were written."""

    accepted: int
    request_id: str


def document(app: FastAPI, predictor: Predictor | None) -> dict[str, Any]:
    """The document; bodies and answers are known once a version serves."""
    router = APIRouter(tags=["Predictions"])
    if predictor is None:
        _add(router, PREDICT, "Predict rows", dict[str, Any], dict[str, Any], {})
        _add(router, FEEDBACK, "Send labels", dict[str, Any], Accepted, {})
    else:
        schemas, answer = predictor.schemas, answer_model(predictor.bundle.contract)
        rows = {"rows": [predictor.bundle.metadata["typical"]]}
        _add(router, PREDICT, "Predict rows", schemas.predict, answer, rows)
        _add(router, FEEDBACK, "Send labels", schemas.feedback, Accepted, _labels(predictor))
    routes = [*router.routes, *app.routes]  # those that people come for are first
    title = app.title if predictor is None else predictor.name
    schema = get_openapi(title=title, version=app.version, routes=routes)
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]  # where the server has keys
    return schema


def _add(
    router: APIRouter, path: str, summary: str, body: Any, answer: Any, example: dict[str, Any]
) -> None:
    """Describe a path that the middleware answers."""

    async def described(body: Any, request_id: Any = None) -> None:
        """Never called."""

    content = Body(openapi_examples={"typical": {"value": example}} if example else None)
    described.__annotations__ |= {
        "body": Annotated[body, content],
        "request_id": Annotated[str | None, REQUEST_ID],
    }
    meanings = {status: text for status, text in CODES.values() if status in DOCUMENTED}
    router.add_api_route(
        path,
        described,
        methods=["POST"],
        summary=summary,
        description="The last label for a row counts." if path == FEEDBACK else "",
        operation_id=path.strip("/"),
        response_model=answer,
        responses={
            status: {"model": Problem, "description": meanings[status]} for status in DOCUMENTED
        },
    )


def _labels(predictor: Predictor) -> dict[str, Any]:
    """A label that could be sent."""
    row, contract = predictor.bundle.metadata["typical"], predictor.bundle.contract
    label: Any = contract.labels[0] if contract.labels else 0.0
    if contract.task == "binary" and not contract.labels:
        label = contract.positive
    name = {"id": row[contract.id]} if contract.id else {"request_id": "4f1c", "row": 0}
    return {"labels": [{**name, "label": label}]}
