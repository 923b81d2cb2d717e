"""The page at ``/``, which asks ``/model`` and ``/predict``, and Swagger UI at ``/docs``: plain files."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from ...values import MISSING_CATEGORY, canonical_category
from ..predictor import Predictor
from ..schemas import is_optional

FILES = Path(__file__).parent / "files"
SWAGGER = "fastapi_swagger"
"""Holds Swagger UI's files as they were released, in ``resources``; none of its code is run."""


def add(app: FastAPI) -> None:
    """Answer ``/`` and ``/docs`` with their files."""

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(FILES / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(FILES / "docs.html")

    swagger = find_spec(SWAGGER)
    if swagger is None or swagger.origin is None:
        raise ModuleNotFoundError(f"{SWAGGER} is not installed; make setup installs it")
    app.mount("/docs/ui", StaticFiles(directory=Path(swagger.origin).parent / "resources"))
    app.mount("/page", StaticFiles(directory=FILES))


def fields_of(predictor: Predictor) -> list[dict[str, Any]]:
    """A field of a form for each column of a request, with a typical value as a person types it."""
    contract, typical = predictor.bundle.contract, predictor.bundle.metadata["typical"]
    fields = []
    for name in contract.request:
        column, value = contract.columns[name], typical.get(name)
        if contract.id == name:  # a try is not taken for the row that it was made from
            value = None
        elif value is not None and column.type == "timestamp":
            value = datetime.fromisoformat(value).astimezone(contract.zone).isoformat()
        elif value is not None:  # the model sees float32, which nine digits tell apart
            value = f"{value:.9g}" if column.type == "float" else canonical_category(value)
        known = sorted(predictor.known.get(name, frozenset()) - {MISSING_CATEGORY})
        field = {"name": name, "known": known, "value": value}
        rules = column.model_dump(include={"type", "unit", "minimum", "maximum", "allowed"})
        fields.append(rules | field | {"optional": is_optional(contract, name)})
    return fields
