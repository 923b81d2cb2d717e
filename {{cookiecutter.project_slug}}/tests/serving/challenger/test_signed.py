"""A challenger has to be signed where the server demands it."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError
from {{ cookiecutter.__package }}.models.bundle import sign
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.signature import KEY, Keys
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.challenger.manage import start

from ..conftest import serve_config
from ..live import add_version, live, until
from ..test_signed import OURS, answering, bundle_of, told


def test_no_challenger_answers_that_is_not_signed(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OURS)
    config = serve_config(tmp_path, require_signature=True)
    versions = Versions(config.bundles, shop.name)
    served, other = add_version(config.bundles, shop), add_version(config.bundles, shop, bias=1.0)
    versions.serve(served, action="promote", why="")
    sign(bundle_of(tmp_path, shop, served), Keys([OURS]))
    with pytest.raises(BundleError, match="is not signed"):
        start(versions, str(other.number), "challenger", 0.99, keys=Keys([OURS]))
    assert Challenges(versions).running() is None
    Challenges(versions).start(other, "challenger", 0.99)  # as who can write into the folder may

    with live(config) as client:
        until(partial(told, client, "is not signed"), "the reason")
        assert answering(client, row) == served.number
        sign(bundle_of(tmp_path, shop, other), Keys([OURS]))
        until(lambda: answering(client, row) == other.number, "the one that was signed since")
