"""The page at ``/`` and Swagger UI at ``/docs``: plain files, and what they show at ``/status``."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from .view import view

FOLDER = Path(__file__).parent
SWAGGER = "fastapi_swagger"
"""Holds Swagger UI's files as they were released, in ``resources``; none of its code is run."""
NOTHING_ELSE = {
    **dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'"),
    **dict.fromkeys(("connect-src", "img-src", "script-src", "style-src"), "'self'"),
}
"""A Content-Security-Policy: this server's own files alone, and no script inside a page."""


class Files(StaticFiles):
    """A folder's files; browsers load and run nothing else, and ask each time for a newer one."""

    def __init__(self, folder: Path, images: str = "'self'") -> None:
        super().__init__(directory=folder)
        policy = NOTHING_ELSE | {"img-src": images}
        self._headers = {
            "cache-control": "no-cache",
            "content-security-policy": "; ".join(f"{of} {which}" for of, which in policy.items()),
        }

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Any:
        """A file, or that it is still the same, with our headers."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response


def add(app: FastAPI, service: Any) -> None:
    """Answer ``/``, ``/status`` and ``/docs`` with their files, but for those that are closed."""
    closed = service.config.closed
    if "page" not in closed:
        _add_files(app, "/", "/page", Files(FOLDER / "files"))

        @app.get("/status", include_in_schema=False)
        def status() -> Response:
            predictor, promotion = service.store.current, service.store.promotion
            shown = {
                "problem": service.store.problem,
                "model": view(predictor, promotion) if predictor else None,
                "routes": service.status_of_routes(),
                "closed": closed,
            }
            content = to_json(shown, inf_nan_mode="null")
            return Response(content, media_type="application/json")

    if "docs" not in closed:
        icons = "'self' data:"  # they are written into Swagger's styles
        app.mount("/docs/ui", Files(_swagger(), icons))
        _add_files(app, "/docs", "/docs/files", Files(FOLDER / "docs", icons))


def _add_files(app: FastAPI, path: str, below: str, files: Files) -> None:
    """A folder's ``index.html`` at a path, and its files below another."""

    @app.get(path, include_in_schema=False)
    async def index(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    app.mount(below, files)


def _swagger() -> Path:
    found = find_spec(SWAGGER)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{SWAGGER} is not installed; make setup installs it")
    return Path(found.origin).parent / "resources"
