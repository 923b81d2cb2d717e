"""The page at ``/``, which asks ``/model`` and ``/predict``, and Swagger UI at ``/docs``: plain files."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

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
