"""Pages of the story's shop, and a browser to look at them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract

from .story import raise_alert, tell

FELL = "AUC 0.618 is below the limit of 0.64 in 2 of the last 3 windows."


@pytest.fixture(scope="session")
def alerted(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Config:
    """The story up to its ninth week, in which price and quality are outside their range."""
    config = tell(tmp_path_factory.mktemp("alerted"), shop, weeks=10)
    raise_alert(config, shop.name, FELL, resolved=False, subject="auc", kind="quality")
    raise_alert(config, shop.name, "city lies far from training.", resolved=True, subject="city")
    return config


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
