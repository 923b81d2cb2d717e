import json
from importlib.metadata import requires

import pytest
from playwright.sync_api import Browser, expect

from {{ cookiecutter.__package }}.serving.page import SWAGGER

from ..conftest import PACKAGE as OURS
from .conftest import Serving
from .pages import policy_of, read
from .visits import visit


def test_the_documentation_names_no_file_of_another_server(serving: Serving) -> None:
    page = read(serving.client, "/docs")
    assert {"docs/ui/swagger-ui.css", "docs/ui/swagger-ui-bundle.js"} <= set(page.files)
    for name in page.files:
        answer = serving.client.get(name)
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert page.scripts_inside == []


def test_the_documentation_may_load_nothing_from_another_server(serving: Serving) -> None:
    policy = policy_of(serving.client.get("/docs"))
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]


def test_there_is_no_second_documentation_that_needs_the_internet(serving: Serving) -> None:
    assert serving.client.get("/redoc").status_code == 404


def test_what_serving_installs_brings_the_documentation() -> None:
    base = [line for line in requires(OURS) or [] if "extra ==" not in line]
    assert any(line.startswith(SWAGGER.replace("_", "-")) for line in base)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_example_is_tried_out_and_answered_and_nobody_else_is_asked(
    serving: Serving, browser: Browser, scheme: str
) -> None:
    with visit(browser, f"{serving.client.base_url}/docs", color_scheme=scheme) as found:
        page = found.page
        page.get_by_role("button", name="POST /predict Predict rows").click()
        with page.expect_response("**/predict") as answered:
            page.get_by_role("button", name="Execute").click()
        assert answered.value.status == 200
        answer = json.loads(answered.value.body())
        assert answer["model"] == "shop"
        shown = page.locator(".live-responses-table tbody").first
        expect(shown).to_contain_text("200")
        expect(shown).to_contain_text(answer["request_id"])
        dark = page.evaluate("document.documentElement.classList.contains('dark-mode')")
        assert dark == (scheme == "dark")
    assert any(address.endswith("/openapi.json") for address in found.asked)
