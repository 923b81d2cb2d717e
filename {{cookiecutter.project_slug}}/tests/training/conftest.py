"""Rows of the small contract, and the versions of a model that has some."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.versions import (
    Rule,
    Version,
    Versions,
)
from {{ cookiecutter.__package }}.training.rows import Rows, make_rows

from ..conftest import Workspace
from ..models.conftest import constant_files
from ..synthesized import synthesize

Made = Callable[..., Version]


def rows_of(contract: Contract, n_rows: int, seed: int = 0, **split_by: str) -> Rows:
    return make_rows(contract, synthesize(contract, n_rows, seed=seed), split_by)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "bundles", "shop")


@pytest.fixture
def make_version(versions: Versions, shop: Contract) -> Made:
    """Writes a bundle that answers a constant and registers it."""

    def make(
        value: float = 0.25, *, passed: bool = True, evaluation: Any = None, **metadata: Any
    ) -> Version:
        git = {"commit": None, "dirty": False}
        known: Any = {"model": {"kind": "linear"}, "metrics": {}, "settings": {}, "git": git}
        files = constant_files(shop, value, **known | metadata)
        files["evaluation.json"] = json.dumps(evaluation or {"learning": {"curves": {}}}).encode()
        bundle = write_bundle(versions.folder, files)
        rules = [Rule("parity", True, "fine"), Rule("better than dummy", passed, "AUC 0.5")]
        return versions.register(bundle.name, rules)

    return make


@pytest.fixture
def place(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the trained workspace, to train in again."""
    folder = tmp_path / "copy"
    shutil.copytree(workspace.path, folder)
    for path in (folder / "configs").glob("*.yaml"):
        path.write_text(path.read_text().replace(str(workspace.path), str(folder)))
    return Workspace(path=folder, contract=workspace.contract)
