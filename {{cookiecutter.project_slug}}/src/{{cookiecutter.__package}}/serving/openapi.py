"""The OpenAPI document: the framework's own paths, and the busy ones by the served contract."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from .answers import answer_model
from .endpoints import FEEDBACK, PREDICT, PREDICT_COLUMNS
from .predictor import Predictor
from .problems import CODES, DOCUMENTED, Problem

REFERENCE = "#/components/schemas/{model}"
REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "A name for the request, to find it by: up to 64 letters, digits, '.', '_' and"
    " '-'. One is made where none is given, or another.",
    "schema": {"type": "string"},
}
OPERATIONS = (
    (PREDICT, "Predict rows", "An answer for each row, in their order."),
    (PREDICT_COLUMNS, "Predict columns", "The same, asked and answered as a list for each column."),
    (FEEDBACK, "Send labels", "What really happened. The last label for a row counts."),
)


class Accepted(BaseModel):
    """The answer to labels: how many were written."""

    accepted: int
    request_id: str


def document(app: FastAPI, predictor: Predictor | None) -> dict[str, Any]:
    """The document; bodies and answers are known once a version serves."""
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    any_object: Any = {"type": "object"}
    bodies, answers = [any_object] * 3, [any_object] * 3
    examples: list[dict[str, Any]] = [{}] * 3
    if predictor is not None:
        contract, schemas = predictor.bundle.contract, predictor.schemas
        schema["info"]["title"] = predictor.name
        readers = (schemas.predict, schemas.columns, schemas.feedback)
        bodies = [_schema(adapter, components) for adapter in readers]
        models = (answer_model(contract), answer_model(contract, columns=True), Accepted)
        answers = [_schema(TypeAdapter(model), components) for model in models]
        examples = _examples(predictor)
    problem = {"application/json": {"schema": _schema(TypeAdapter(Problem), components)}}
    meanings = {status: text for status, text in CODES.values() if status in DOCUMENTED}
    refusals = {
        str(status): {"description": meanings[status], "content": problem} for status in DOCUMENTED
    }
    paths: dict[str, Any] = {}
    for (path, summary, text), body, answer, example in zip(
        OPERATIONS, bodies, answers, examples, strict=True
    ):
        given = {"schema": body} | ({"example": example} if example else {})
        answered = {"application/json": {"schema": answer}}
        paths[path] = {
            "post": {
                "summary": summary,
                "tags": ["Predictions"],
                "description": text,
                "operationId": path.strip("/").replace("/", "_"),
                "parameters": [REQUEST_ID],
                "requestBody": {"required": True, "content": {"application/json": given}},
                "responses": {"200": {"description": "Answered.", "content": answered}, **refusals},
            }
        }
    schema["paths"] = paths | schema["paths"]  # those that people come for are first
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]  # where the server has keys
    return schema


def _schema(adapter: TypeAdapter[Any], components: dict[str, Any]) -> dict[str, Any]:
    """A reference to a schema, which is put beside the others with all that it names."""
    found = adapter.json_schema(ref_template=REFERENCE)
    components |= found.pop("$defs", {})
    if "$ref" not in found:
        components[found["title"]] = found
        return {"$ref": REFERENCE.format(model=found["title"])}
    return found


def _examples(predictor: Predictor) -> list[dict[str, Any]]:
    """A typical row in each form, and a label that could be sent."""
    row, contract = predictor.bundle.metadata["typical"], predictor.bundle.contract
    label: Any = contract.labels[0] if contract.labels else 0.0
    if contract.task == "binary" and not contract.labels:
        label = contract.positive
    named = {"id": row[contract.id]} if contract.id else {"request_id": "4f1c", "row": 0}
    return [
        {"rows": [row]},
        {"columns": {name: [value] for name, value in row.items()}},
        {"labels": [{**named, "label": label}]},
    ]
