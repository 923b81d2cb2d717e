"""One database after another, and a place for what is read from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .databases import KINDS, Database, opened


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
