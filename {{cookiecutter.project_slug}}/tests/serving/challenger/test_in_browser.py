"""The page's line about what challenges the version that serves."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import serve_config
from ..live import add_version, live, until
from ..visits import visit
from .versions import challenge, challenger


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_says_what_challenges_and_why_it_was_aborted(
    tmp_path: Path, shop: Contract, browser: Browser
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    challenge(config.bundles, shop, challenger(config.bundles, shop), share=0.125)
    challenges = Challenges(Versions(config.bundles, shop.name))
    with live(config) as client:
        url = str(client.base_url)
        with visit(browser, url) as found:
            line = found.page.locator("#since")
            expect(line).to_contain_text("version 2 challenges it: answers 12.5% of the requests.")
        running = challenges.running()
        assert running is not None
        challenges.abort(running, "max_error_rate: it failed")

        def told() -> Any:
            return client.get("/model").json()["routes"][0]["state"]

        until(lambda: told() == "aborted", "its end")
        with visit(browser, url) as found:
            expect(found.page.locator("#since")).to_contain_text(
                "the challenger, version 2, was aborted: max_error_rate: it failed."
            )
            expect(found.page.locator("#notice")).to_be_hidden()
