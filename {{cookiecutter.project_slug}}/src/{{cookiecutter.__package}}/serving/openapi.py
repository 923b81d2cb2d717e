"""The OpenAPI document: the framework's own paths, and those of the edge by the served contract."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from .answers import Accepted, Answer, ColumnsAnswer, columns_type, prediction_type
from .http.problems import DOCUMENTED, Problem
from .predictor import Predictor

REFERENCE = "#/components/schemas/{model}"


def document(app: FastAPI, predictor: Predictor | None) -> dict[str, Any]:
    """The document; bodies are known once a version serves."""
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    rows: Any = {"type": "object"}
    columns, labels = rows, rows
    examples: list[dict[str, Any]] = [{}, {}, {}]
    if predictor is not None:
        schema["info"]["title"] = predictor.name
        rows, columns, labels = (
            _schema(adapter, components)
            for adapter in (predictor.rows, predictor.columns, predictor.labels)
        )
        examples = _examples(predictor)
    bodies = zip((rows, columns, labels), examples, strict=True)
    said: tuple[tuple[str, str, str, type[BaseModel]], ...] = (
        ("/predict", "Predict rows", "An answer for each row, in their order.", Answer),
        (
            "/predict/columns",
            "Predict columns",
            "The same, with a list for each column: the quicker form for many rows.",
            ColumnsAnswer,
        ),
        (
            "/feedback",
            "Tell outcomes",
            "What really happened. Sending it again changes nothing; the last for a row counts.",
            Accepted,
        ),
    )
    paths = {
        path: {"post": _operation(summary, text, body, example, answer, components)}
        for (path, summary, text, answer), (body, example) in zip(said, bodies, strict=True)
    }
    schema["paths"] = paths | schema["paths"]  # those that people come for are first
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]  # where the server has keys
    if predictor is not None:
        _say_which(components, predictor)
    return schema


def _operation(
    summary: str, text: str, body: Any, example: Any, answer: type[BaseModel], components: Any
) -> dict[str, Any]:
    content = {"schema": body} | ({"example": example} if example else {})
    problem = {"application/json": {"schema": _schema(TypeAdapter(Problem), components)}}
    answered = {"application/json": {"schema": _schema(TypeAdapter(answer), components)}}
    return {
        "summary": summary,
        "tags": ["Predictions"],
        "description": text,
        "operationId": answer.__name__.lower(),
        "parameters": [
            {
                "name": "X-Request-ID",
                "in": "header",
                "description": "A name for the request, to find it by: up to 64 letters, digits, '.', '_'"
                " and '-'. One is made where none is given, or another.",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": {"description": "Answered.", "content": answered},
            **{
                str(status): {"description": why, "content": problem}
                for status, why in DOCUMENTED.items()
            },
        },
    }


def _schema(adapter: TypeAdapter[Any], components: dict[str, Any]) -> dict[str, Any]:
    """A reference to a schema, which is put beside the others with all that it names."""
    found = adapter.json_schema(ref_template=REFERENCE)
    components |= found.pop("$defs", {})
    if "$ref" not in found:
        components[found["title"]] = found
        return {"$ref": REFERENCE.format(model=found["title"])}
    return found


def _examples(predictor: Predictor) -> list[dict[str, Any]]:
    """A typical row in each form, and an outcome that could be told."""
    row, contract = predictor.bundle.metadata["typical"], predictor.bundle.contract
    label: Any = 0.0
    if contract.labels:
        label = contract.labels[0]
    elif contract.task == "binary":
        label = contract.positive
    about = {"id": row[contract.id]} if contract.id else {"request_id": "4f1c", "row": 0}
    return [
        {"rows": [row]},
        {"columns": {name: [value] for name, value in row.items()}},
        {"labels": [{**about, "label": label}]},
    ]


def _say_which(components: dict[str, Any], predictor: Predictor) -> None:
    """Of the kinds of answers, only that of this contract's task."""
    contract = predictor.bundle.contract
    rows, columns = prediction_type(contract), columns_type(contract)
    answer, bulk = components["Answer"], components["ColumnsAnswer"]
    answer["properties"]["predictions"]["items"] = {"$ref": REFERENCE.format(model=rows.__name__)}
    bulk["properties"]["predictions"] = {"$ref": REFERENCE.format(model=columns.__name__)}
    for name in (
        *("BinaryPrediction", "MulticlassPrediction", "RegressionPrediction"),
        *("BinaryColumns", "MulticlassColumns", "RegressionColumns"),
    ):
        if name not in {rows.__name__, columns.__name__}:
            del components[name]
