"""Pages of a server that demands keys, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.access.keys import new_key

from .conftest import serve_config
from .live import add_version, live
from .visits import visit

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def guarded(tmp_path: Path, shop: Contract) -> Iterator[tuple[str, str]]:
    """The address of a server with a key, and the key."""
    config = serve_config(tmp_path)
    assert config.keys
    key = new_key(config.keys, "person")
    add_version(config.bundles, shop)
    with live(config) as client:
        yield str(client.base_url), key


def test_the_page_asks_for_a_key_and_forgets_it_when_it_is_closed(
    guarded: tuple[str, str], browser: Browser
) -> None:
    url, key = guarded
    with visit(browser, url) as found:
        page = found.page
        expect(page.get_by_label("API key")).to_be_visible()
        expect(page.locator("#present")).to_be_hidden()
        page.get_by_label("API key").fill("key_wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.locator("#key-fault")).to_have_text("This key is not known here.")
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("shop version 1")
        expect(page.get_by_label("API key")).to_be_hidden()
        expect(page.locator("#rate")).to_be_visible()
        answer = found.predict()
        expect(answer.locator(".figure")).to_be_visible()
        assert key not in page.content()
        kept = "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
        assert key not in page.evaluate(kept)
        page.reload()
        expect(page.get_by_label("API key")).to_be_visible()


def test_the_documentation_asks_for_a_key_and_sends_it(
    guarded: tuple[str, str], browser: Browser
) -> None:
    url, key = guarded
    with visit(browser, f"{url}/docs") as found:
        page = found.page
        page.get_by_label("This server wants an API key").fill(key)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="POST /predict Predict rows").click()
        with page.expect_response("**/predict") as answered:
            page.get_by_role("button", name="Execute").click()
        assert answered.value.status == 200
