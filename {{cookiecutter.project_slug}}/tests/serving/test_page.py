"""The page and the documentation: their own files, which keep a browser in."""

import re

import pytest

from {{ cookiecutter.__package }}.serving.app import PAGE

from .conftest import Serving

PATHS = ["/", "/docs", *(f"/page/{path.name}" for path in sorted(PAGE.iterdir()))]


@pytest.mark.parametrize("path", PATHS)
def test_each_file_keeps_a_browser_in_and_makes_no_code_of_a_text(
    serving: Serving, path: str
) -> None:
    answer = serving.client.get(path)
    parts = answer.headers["content-security-policy"].split("; ")
    policy = {of: allowed for of, *allowed in map(str.split, parts)}
    for of in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[of] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    text = answer.text.replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+/?|@import|url\(", text) == []
    makers = r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    assert re.findall(makers, text) == []
    assert re.findall(r"<script>|<style>| on\w+=| style=", text) == []
    for name in re.findall(r'<(?:a|link|script) [^>]*?(?:href|src)="([^"]+)"', text):
        assert serving.client.get(f"/{name}").status_code == 200, name
