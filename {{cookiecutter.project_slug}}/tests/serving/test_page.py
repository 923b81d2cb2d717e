"""The page and the documentation: their own files, which keep a browser in."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.serving.page import FILES, SWAGGER

from ..conftest import PACKAGE, Workspace
from .callers import problem_of
from .conftest import Serving, serve_config
from .live import live

PATHS = ["/", "/docs", *(f"/page/{path.name}" for path in sorted(FILES.iterdir()))]


@pytest.mark.parametrize("path", PATHS)
def test_each_file_is_answered_with_headers_that_keep_it_in(serving: Serving, path: str) -> None:
    answer = serving.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    parts = answer.headers["content-security-policy"].split("; ")
    policy = {of: allowed for of, *allowed in map(str.split, parts)}
    for of in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[of] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]


@pytest.mark.parametrize("path", PATHS)
def test_no_file_names_another_server_or_makes_code_of_a_text(serving: Serving, path: str) -> None:
    text = serving.client.get(path).text.replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+/?|@import|url\(", text) == []
    makers = r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    assert re.findall(makers, text) == []
    assert re.findall(r"<script>|<style>| on\w+=| style=", text) == []
    for name in re.findall(r'<(?:a|link|script) [^>]*?(?:href|src)="([^"]+)"', text):
        assert serving.client.get(f"/{name}").status_code == 200, name


@pytest.mark.parametrize("path", ["/page/", "/page/../app.py", "/page/%2e%2e/app.py", "/redoc"])
def test_nothing_but_the_pages_files_is_answered(serving: Serving, path: str) -> None:
    answer = serving.client.get(serving.client.base_url.copy_with(raw_path=path.encode()))
    assert problem_of(answer, 404).code == "not_found"


def test_what_serving_installs_brings_the_documentation() -> None:
    base = [line for line in requires(PACKAGE) or [] if "extra ==" not in line]
    assert any(line.startswith(SWAGGER.replace("_", "-")) for line in base)


def test_a_page_can_be_closed(tmp_path: Path) -> None:
    with live(serve_config(tmp_path, page=False)) as client:
        assert [client.get(path).status_code for path in ("/", "/docs", "/page/page.js")] == [
            404
        ] * 3


def test_the_page_can_show_every_metric_of_a_trained_model_beside_simpler_ones(
    workspace: Workspace,
) -> None:
    with live(workspace.config.serve) as client:
        model = client.get("/model").json()
    own, *others = model["metrics"].values()
    assert all({"value", "low", "high"} <= set(metric) for metric in own.values())
    assert others
    assert all(set(own) >= set(metrics) for metrics in others)
