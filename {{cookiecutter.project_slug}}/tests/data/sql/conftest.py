"""One database after another, and a place for what is read from it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .databases import KINDS, Database, opened


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the databases that no variable names; the report's header says so once."""
    kinds = {item: getattr(item, "callspec", None) for item in items}
    left_out = [
        item
        for item, found in kinds.items()
        if item.get_closest_marker("database")
        and found is not None
        and f"TEST_{found.params['database'].upper()}_URL" not in os.environ
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(params=KINDS)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """One database after another, whose URL is in ``SHOP_URL``."""
    with opened(request.param, tmp_path) as found:
        monkeypatch.setenv("SHOP_URL", found.address)
        yield found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The project's folder of data, in one that looks like a partition."""
    return tmp_path / "day=1" / "data"
