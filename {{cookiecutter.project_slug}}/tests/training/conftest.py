"""Rows of the small contract, and the versions of a model that has some."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training.rows import Rows, make_rows
from {{ cookiecutter.__package }}.training.tracking import Run

from ..models.conftest import constant_files
from ..synthesized import synthesize

Made = Callable[..., Version]


class Recorder:
    """A tracker that remembers what it was sent; one that is ``down`` takes nothing."""

    name = "the recorder"

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.named: dict[str, str] = {}
        self.down = False

    def bundles(self) -> set[str]:
        if self.down:
            raise ConnectionError("nobody at postgresql://me:secret@host answers\nat all")
        return {run.version.bundle for run in self.runs}

    def aliases(self) -> Mapping[str, str]:
        return dict(self.named)

    def record(self, run: Run) -> None:
        self.runs.append(run)

    def alias(self, alias: str, version: Version | None) -> None:
        self.named.pop(alias, None)
        if version is not None:
            self.named[alias] = version.bundle


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny batches on two shared cores: more threads wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture
def no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner's features know the project's contract, not the small one."""
    monkeypatch.setattr(preprocess, "features", lambda _: {})


def rows_of(contract: Contract, n_rows: int, seed: int = 0) -> Rows:
    return make_rows(contract, synthesize(contract, n_rows, seed=seed))


@pytest.fixture(scope="session")
def shop_rows(shop: Contract) -> Rows:
    return rows_of(shop, 600)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "bundles", "shop")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def make_version(versions: Versions, shop: Contract) -> Made:
    """Writes a bundle that answers a constant and registers it."""

    def make(
        value: float = 0.25, *, passed: bool = True, evaluation: Any = None, **metadata: Any
    ) -> Version:
        known = {"model": {"kind": "linear"}, "metrics": {}, "settings": {}}
        files = constant_files(shop, value, **known | metadata)
        files["evaluation.json"] = json.dumps(evaluation or {}).encode()
        bundle = write_bundle(versions.folder, files)
        rules = [
            {"rule": "parity", "passed": True, "reason": "fine"},
            {"rule": "better than dummy", "passed": passed, "reason": "AUC 0.5"},
        ]
        return versions.register(bundle.name, rules, passed=passed)

    return make


def load_settings(folder: Path, **train: Any) -> Config:
    configs = folder / "configs"
    configs.mkdir()
    split = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
    (configs / "data.yaml").write_text(yaml.safe_dump({"driving": "orders", "split": split}))
    (configs / "train.yaml").write_text(
        yaml.safe_dump({"bundles": str(folder / "bundles"), "tracker": "none"} | train)
    )
    return load(configs)
