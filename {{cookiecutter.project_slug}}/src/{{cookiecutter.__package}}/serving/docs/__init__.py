"""``/docs``: Swagger UI, out of a package that is installed, so that it works without the internet.

To take it out: this folder, its line in ``serving/app.py`` and ``fastapi-swagger`` in
``pyproject.toml``. ``/openapi.json`` stays.
"""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request, Response

from ..http.files import NOTHING_ELSE, Files

FOLDER = Path(__file__).parent / "files"
PACKAGE = "fastapi_swagger"
"""Holds Swagger UI's files as they were released, in ``resources``; none of its code is run."""
POLICY = NOTHING_ELSE | {"img-src": "'self' data:"}  # its icons are written into its styles


def add(app: FastAPI) -> None:
    """Answer ``/docs``."""
    ours = Files(FOLDER, POLICY)

    async def docs(request: Request) -> Response:
        return await ours.get_response("index.html", request.scope)

    app.get("/docs", include_in_schema=False)(docs)
    app.mount("/docs/files", ours)
    app.mount("/docs/ui", Files(_resources(), POLICY))


def _resources() -> Path:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed; make setup installs it")
    return Path(found.origin).parent / "resources"
