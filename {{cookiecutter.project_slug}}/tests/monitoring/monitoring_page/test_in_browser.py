import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.monitoring.monitoring_page import write

from ...serving.visits import visit
from .conftest import FELL

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    path = os.environ.get("TEST_BROWSER")
    if not path:
        pytest.skip("TEST_BROWSER names no Chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=Path(path))
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_the_page_is_read_at_any_size_without_asking_anybody(
    alerted: Config, browser: Browser, size: Any, scheme: Any
) -> None:
    path = write(alerted, "shop")
    assert path is not None
    with visit(browser, path.as_uri(), viewport=size, color_scheme=scheme) as found:
        page = found.page
        assert found.asked == [path.as_uri()]
        expect(page.get_by_role("heading", level=1)).to_have_text("shop monitoring")
        expect(page.get_by_text("1 alert is open, the oldest since")).to_be_in_viewport()
        expect(page.get_by_text(FELL)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(16, 20, 25)") == (scheme == "dark")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Alerts")).to_be_focused()
        region = page.get_by_role("region", name="Columns by window")
        region.focus()
        expect(region).to_be_focused()
        expect(region.locator("tbody tr:first-child td:last-child")).to_be_in_viewport()
        small = page.evaluate("""[...document.querySelectorAll("svg text")].filter(
                (text) => parseFloat(getComputedStyle(text).fontSize)
                    * text.ownerSVGElement.getBoundingClientRect().width / 360 < 9).length""")
        assert small == 0, "text of drawings is legible"
