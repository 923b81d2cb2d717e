"""The page at ``/``: what serves, how it fares, and a form to try it.

To take it out: this folder, its line in ``serving/app.py`` and ``reports`` in ``config/serve.py``.
"""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

from ...config import ServeConfig
from ..http.files import Files
from ..routing import Routes
from ..store import Store
from .drift import Summaries
from .view import view

FOLDER = Path(__file__).parent / "files"


def add(
    app: FastAPI, config: ServeConfig, store: Store, routes: Routes, predict_paths: Sequence[str]
) -> None:
    """Answer ``/``, its files, and ``/status``, which is what it shows; requests of
    ``predict_paths`` are those whose rate and latency it shows."""
    files = Files(FOLDER)
    summaries = Summaries(config.reports) if config.reports else None

    async def page(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    def status() -> Response:
        predictor = store.current
        model = view(predictor, store.promotion) if predictor else None
        drift = summaries.newest(model.name) if summaries and model else None
        shown = {
            "problem": store.problem,
            "model": model,
            "routes": routes.status(),
            "drift": drift,
            "closed": config.closed,
            "predict_paths": predict_paths,
        }
        content = to_json(shown, inf_nan_mode="null")
        return Response(
            content, media_type="application/json", headers={"cache-control": "no-store"}
        )

    app.get("/", include_in_schema=False)(page)
    app.get("/status", include_in_schema=False)(status)
    app.mount("/page", files)
