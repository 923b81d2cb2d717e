"""Rows of the small contract, and the versions of a model that has some."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training.rows import Rows

from ..models.conftest import constant_files

Made = Callable[..., Version]


class Recorder:
    """A tracker that remembers what it was told."""

    def __init__(self) -> None:
        self.runs: list[Mapping[str, float]] = []
        self.registered: list[tuple[str | None, int, str]] = []
        self.aliases: list[tuple[str, int]] = []

    def run(
        self,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        curves: Sequence[Mapping[str, float]],
        folder: Path,
    ) -> str | None:
        self.params, self.curves, self.folder = params, curves, folder
        self.runs.append(metrics)
        return f"run-{len(self.runs)}"

    def register(self, run_id: str | None, version: int, bundle: str) -> None:
        self.registered.append((run_id, version, bundle))

    def alias(self, alias: str, version: int) -> None:
        self.aliases.append((alias, version))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny batches on two shared cores: more threads wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shop_rows(shop: Contract) -> Rows:
    table = synthesize(shop, 600)
    labels = task_of(shop).encode(table.column(shop.target).to_pylist())
    return Rows(table=table, inputs=from_table(shop, table), labels=labels)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "bundles", "shop")


@pytest.fixture
def make_version(versions: Versions, shop: Contract) -> Made:
    """Writes a bundle that answers a constant and registers it."""

    def make(value: float = 0.25, *, passed: bool = True) -> Version:
        bundle = write_bundle(versions.folder, constant_files(shop, value))
        rules = [
            {"rule": "parity", "passed": True, "reason": "fine"},
            {"rule": "better than dummy", "passed": passed, "reason": "AUC 0.5"},
        ]
        return versions.register(bundle.name, rules, passed=passed, run_id=None)

    return make


def load_settings(folder: Path, **train: Any) -> Config:
    configs = folder / "configs"
    configs.mkdir()
    split = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
    (configs / "data.yaml").write_text(yaml.safe_dump({"driving": "orders", "split": split}))
    (configs / "train.yaml").write_text(
        yaml.safe_dump({"bundles": str(folder / "bundles"), "tracking_uri": ""} | train)
    )
    return load(configs)
