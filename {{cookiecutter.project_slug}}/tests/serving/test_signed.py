"""A server that demands signatures: nothing unsigned serves, not at its start and not later."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError, ConfigError
from {{ cookiecutter.__package }}.models.bundle import sign
from {{ cookiecutter.__package }}.models.signature import KEY, SIGNATURE, Keys
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.serving.app import create_app
from {{ cookiecutter.__package }}.serving.server import serve

from ..conftest import PACKAGE
from .conftest import serve_config
from .live import add_version, live, settings_of, until
from .score.conftest import LINE, Place
from .test_server import project

OURS, THEIRS = "ours" * 10, "theirs" * 10


def told(client: httpx.Client, why: str) -> bool:
    return why in str(client.get("/health/ready").json()["problem"])


def answering(client: httpx.Client, row: dict[str, Any]) -> int | None:
    answer = client.post("/predict", json={"rows": [row]})
    version: int | None = answer.json().get("version")
    return version


def bundle_of(folder: Path, shop: Contract, version: Version) -> Path:
    return folder / "bundles" / shop.name / version.bundle


def test_a_server_without_the_key_does_not_start_and_says_what_to_do(
    tmp_path: Path, shop: Contract
) -> None:
    project(tmp_path, shop)
    command = [sys.executable, "-m", PACKAGE, "serve", "--set", "serve.require_signature=true"]
    environment = {name: value for name, value in os.environ.items() if name != KEY}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "the environment variable BUNDLE_KEY is not" in ended.stderr
    assert f"python -m {PACKAGE} bundle key" in ended.stderr
    assert "serving" not in ended.stdout


def test_neither_does_one_of_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = serve_config(tmp_path, require_signature=True)
    for begin in (serve, create_app):
        with pytest.raises(ConfigError, match="BUNDLE_KEY is not"):
            begin(settings_of(config))


def test_what_is_not_signed_by_the_key_is_not_loaded_and_the_old_one_kept(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OURS)
    config = serve_config(tmp_path, require_signature=True)
    versions = Versions(config.bundles, shop.name)
    good, unsigned, other = (
        add_version(config.bundles, shop, bias=bias, serve=False) for bias in (0.0, 1.0, 2.0)
    )
    sign(bundle_of(tmp_path, shop, other), Keys([THEIRS]))
    versions.serve(good, action="promote", why="before it was signed")

    with live(config) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert "is not signed" in ready.json()["problem"]
        assert answering(client, row) is None
        sign(bundle_of(tmp_path, shop, good), Keys([OURS]))  # a running server looks again
        until(lambda: client.get("/health/ready").status_code == 200, "the signed version")
        for version, why in ((unsigned, "is not signed"), (other, "not of these files by a key")):
            versions.serve(version, action="promote", why="")
            until(partial(told, client, why), why)
            assert version.bundle in client.get("/health/ready").json()["problem"]
            assert client.get("/health/ready").status_code == 200
            assert answering(client, row) == good.number
        assert "model_reload_failures 3.0" in client.get("/metrics").text
        sign(bundle_of(tmp_path, shop, other), Keys([OURS]))
        until(lambda: answering(client, row) == other.number, "the version that was signed since")
        assert client.get("/health/ready").json()["problem"] is None


def test_rows_are_not_scored_by_what_is_not_signed(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, serve_config(tmp_path))
    version = add_version(place.config.bundles, shop)
    rows = place.write(LINE)
    with pytest.raises(ConfigError, match="BUNDLE_KEY is not"):
        place.run(rows, require_signature=True)
    monkeypatch.setenv(KEY, OURS)
    with pytest.raises(BundleError, match="is not signed"):
        place.run(rows, require_signature=True)
    assert not (tmp_path / "scored.parquet").exists()
    sign(bundle_of(tmp_path, shop, version), Keys([OURS]))
    assert place.run(rows, require_signature=True).scored == 1
    assert (bundle_of(tmp_path, shop, version) / SIGNATURE).exists()
