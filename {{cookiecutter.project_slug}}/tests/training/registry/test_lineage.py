"""From a prediction, a version or a dataset to everything behind it, in one command."""

import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import RegistryError
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry.lineage import (
    show_lineage,
)

from ...conftest import Workspace, write_dataset
from ..conftest import Made, load_settings

GIT = {"git": {"commit": "c0ffee" * 7, "dirty": True}}


@pytest.fixture
def config(tmp_path: Path, versions: Versions, make_version: Made, shop: Contract) -> Config:
    """A served version, its dataset, and two answered requests."""
    made = load_settings(tmp_path)
    folder = tmp_path / "data"
    dataset = write_dataset(folder, shop, "5eed5eed")
    manifest = dataset.manifest | {"sources": {"orders": [["orders.csv", "f00d" * 8]]}}
    (dataset.path / "manifest.json").write_text(json.dumps(manifest))
    version = make_version(dataset="5eed5eed", **GIT)
    versions.serve(version, action="promote", why="a good start")
    (tmp_path / "live").mkdir()
    for name, n_rows in (("a1", 2), ("b2", 1)):
        record: dict[str, Any] = {"request_id": name, "version": 1, "time": "noon"}
        record |= {"rows": [{}] * n_rows, "probability": [0.5] * n_rows}
        with (tmp_path / "live" / "predictions-2024-03-01-7.jsonl").open("a") as log:
            log.write(json.dumps(record, separators=(",", ":")) + "\n")
    with (tmp_path / "live" / "predictions-2024-03-01-7.jsonl").open("a") as log:
        log.write('{"request_id":"a1","ro')  # being written
    return made.model_copy(
        update={
            "data": made.data.model_copy(update={"directory": folder}),
            "serve": made.serve.model_copy(update={"log": tmp_path / "live"}),
        }
    )


def assert_whole(shown: str) -> None:
    for word in (
        "version   1 of shop",
        "gate passed · serves",
        "a good start",
        "bundles/shop/",
        "c0ffeec0ffee with uncommitted changes",
        "5eed5eed",
        "orders: orders.csv (f00df00df00d)",
    ):
        assert word in shown, word


def test_a_prediction_leads_to_its_version_bundle_dataset_sources_and_commit(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    show_lineage(config, "shop", "a1")
    shown = capsys.readouterr().out
    assert shown.count("prediction a1, row ") == 2
    assert "b2" not in shown
    assert_whole(shown)


@pytest.mark.parametrize("what", ["1", "champion"])
def test_a_version_leads_to_what_it_was_made_of(
    config: Config, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_lineage(config, "shop", what)
    assert_whole(capsys.readouterr().out)


def test_a_dataset_leads_to_its_sources_and_the_versions_made_of_it(
    config: Config, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version(0.5, dataset="another")
    show_lineage(config, "shop", "5eed")
    shown = capsys.readouterr().out
    assert "orders: orders.csv" in shown
    assert "→ version 1 of shop" in shown
    assert "version 2" not in shown


def test_a_dataset_that_is_gone_is_said(
    config: Config, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version(0.5, dataset="another")
    show_lineage(config, "shop", "2")
    assert "dataset   another, which is no longer in" in capsys.readouterr().out


def test_what_is_none_of_them_is_told(config: Config) -> None:
    with pytest.raises(
        RegistryError, match=r"'zzz' is no version of shop, no prediction in .* and"
    ):
        show_lineage(config, "shop", "zzz")


def test_the_projects_own_version_has_a_lineage(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    show_lineage(workspace.config, workspace.contract.name, "champion")
    assert f"bundle    {workspace.bundle.path}" in capsys.readouterr().out
