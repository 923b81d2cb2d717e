"""Headers of every answer, and what can be closed."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract

from .conftest import Serving, serve_config
from .live import add_version, live
from .problems import problem_of

CLOSED = {
    "metrics": ["/metrics"],
    "docs": ["/docs", "/docs/files/docs.js", "/docs/ui/swagger-ui.css", "/openapi.json"],
    "page": ["/", "/page/page.js", "/status"],
}
ASKED = ["/model", "/metrics", "/health/live", "/health/ready", "/status", "/openapi.json"]
ASKED += ["/no/such", "/", "/docs", "/page/page.css", "/predict"]


def assert_safe(answer: httpx.Response) -> None:
    """No header twice, and those of all answers."""
    names = [name for name, _ in answer.headers.multi_items()]
    assert len(names) == len(set(names))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ASKED)
def test_every_answer_keeps_browsers_and_caches_in_bounds(serving: Serving, path: str) -> None:
    answer = serving.client.get(path)
    assert_safe(answer)
    page = answer.headers["content-type"].startswith(("text/html", "text/css"))
    assert answer.headers["cache-control"] == ("no-cache" if page else "no-store")
    if path != "/predict":
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path",
    [
        "/predict",
        "/feedback",
    ],
)
def test_no_cache_keeps_a_prediction_or_a_refusal(
    serving: Serving, row: dict[str, Any], path: str
) -> None:
    for body in ({"rows": [row]}, {"labels": [{"id": "o-1", "label": True}]}, {}):
        answer = serving.client.post(path, json=body)
        assert_safe(answer)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("closed", [[], *([name] for name in CLOSED), list(CLOSED)])
def test_what_is_closed_is_not_there_and_the_rest_is(
    tmp_path: Path, shop: Contract, closed: list[str]
) -> None:
    config = serve_config(tmp_path, closed=closed)
    add_version(config.bundles, shop)
    with live(config) as client:
        for name, paths in CLOSED.items():
            for path in paths:
                answer = client.get(path)
                if name in closed:
                    assert problem_of(answer, 404).code == "not_found"
                else:
                    assert answer.status_code == 200, path
        assert client.get("/model").status_code == 200
        if "page" not in closed:
            assert client.get("/status").json()["closed"] == closed, "the page hides these links"


def test_only_what_can_be_closed_may_be_named() -> None:
    with pytest.raises(ValidationError, match="'metrics', 'docs' or 'page'"):
        ServeConfig(closed=("predict",))  # type: ignore[arg-type]
