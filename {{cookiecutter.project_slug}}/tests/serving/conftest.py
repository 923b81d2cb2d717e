"""Fixtures: a contract with awkward names, a server that answers for the shop, a browser."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract

from .live import add_version, live

AWKWARD = (
    *("_x", "__y__", "class", "model_config", "model_fields", "json", "two words", "a.b"),
    *("it's", 'say "so"', "größe", "日本", "UPPER", "self", "rows", "$ref", "a/b~c"),
)
ROW: dict[str, Any] = {
    "order": "o-1",
    "at": "2024-05-01T10:00:00+02:00",
    "price": 12.5,
    "items": 2,
    "channel": "web",
    "city": "Lyon",
    "gift": True,
}
"""A row that the shop's contract allows."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where none is named; the report's header says so once."""
    if os.environ.get("TEST_BROWSER"):
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@dataclass(frozen=True)
class Serving:
    """A server with what it was started with."""

    client: httpx.Client
    config: ServeConfig


@pytest.fixture(scope="session")
def row() -> dict[str, Any]:
    """A row that the shop's contract allows."""
    return dict(ROW)


@pytest.fixture(scope="session")
def awkward() -> Contract:
    """A contract whose columns have names that are hard on code."""
    columns: dict[str, Any] = {name: {"type": "float"} for name in AWKWARD}
    columns |= {"kind of thing": {"type": "category"}, "y": {"type": "boolean"}}
    return Contract.model_validate(
        {
            "name": "awkward",
            "task": "binary",
            "target": "y",
            "sources": {"raw": {"csv": "raw.csv"}},
            "columns": columns,
        }
    )


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Iterator[Serving]:
    """A server of the shop's model; limits are small."""
    folder = tmp_path_factory.mktemp("serving")
    config = serve_config(folder, max_rows=50, max_body_bytes=20_000)
    add_version(config.bundles, shop)
    with live(config) as client:
        yield Serving(client=client, config=config)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium without a window; not for the whole session, since it keeps an event loop."""
    path = os.environ["TEST_BROWSER"]
    with sync_playwright() as run, run.chromium.launch(executable_path=path) as chromium:
        yield chromium


def serve_config(folder: Path, model: str = "shop", **settings: Any) -> ServeConfig:
    """Settings inside a folder; the pointer is looked at twenty times a second."""
    return ServeConfig(
        bundles=folder / "bundles",
        log=folder / "live",
        reports=folder / "reports",
        model=model,
        keys=folder / "keys.txt",
        port=0,
        reload_s=0.05,
        **settings,
    )
