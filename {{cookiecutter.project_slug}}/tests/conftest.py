"""Fixtures: the project's own contract, rows made from it, and a workspace trained on them."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from {{ cookiecutter.__package }}.atomic import point
from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.data.split import SPLITS
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training import job as training

ROOT = Path(__file__).parent.parent
PACKAGE = "{{ cookiecutter.__package }}"
ROWS = {"train": 6_000, "validation": 1_500, "test": 3_000}
# The contract of a small shop, for tests of rules that the project's own contract need not have.
SHOP = """
name: shop
task: binary
target: returned
id: order
time: at
timezone: Europe/Paris
sources:
  orders: {csv: orders.csv, missing: ["", "NA"]}
columns:
  order: {type: string}
  at: {type: timestamp}
  price: {type: float, minimum: 0, maximum: 1000, unit: EUR}
  items: {type: integer, minimum: 1}
  channel: {type: category, allowed: [web, store], slice: true}
  city: {type: category, nullable: true}
  gift: {type: boolean, nullable: true}
  name: {type: string, nullable: true, pii: true}
  refund: {type: float, nullable: true, role: excluded, why: known only afterwards}
  returned: {type: boolean}
"""


def pytest_report_header() -> str:
    """Say which databases are not asked, in place of a hundred skipped tests."""
    absent = [n for n in ("TEST_POSTGRESQL_URL", "TEST_MARIADB_URL") if n not in os.environ]
    return f"databases: SQLite alone without {' and '.join(absent)}" if absent else "databases: all"


@dataclass(frozen=True)
class Workspace:
    """A folder in which the project's commands run: configuration, dataset, trained model."""

    path: Path
    contract: Contract

    @property
    def config(self) -> Config:
        """The settings, with every path inside the workspace."""
        return load(self.path / "configs")

    @property
    def versions(self) -> Versions:
        """The versions of the model."""
        return Versions(self.config.train.bundles, self.contract.name)

    @property
    def bundle(self) -> Bundle:
        """The served bundle."""
        version = self.versions.served()
        assert version is not None
        return open_bundle(self.versions.folder / version.bundle)


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The project's own contract."""
    return load_contract(ROOT / "configs" / "contract.yaml")


@pytest.fixture(scope="session")
def shop() -> Contract:
    """A small contract with every type and rule."""
    return Contract.model_validate(yaml.safe_load(SHOP))


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Workspace:
    """A model trained on synthesised rows; tests read it and do not change it."""
    return make_workspace(tmp_path_factory.mktemp("workspace"), contract)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in the caller's environment do not reach the tests."""
    for name in list(os.environ):
        if name.startswith(f"{PACKAGE.upper()}__"):
            monkeypatch.delenv(name)


def make_workspace(folder: Path, contract: Contract, *, train: bool = True) -> Workspace:
    """Configure, synthesise and, if wanted, train in ``folder``; tracking is off."""
    sections = {
        "data": {
            "directory": str(folder / "data"),
            "driving": next(iter(contract.sources)),
            "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"},
        },
        "train": {
            "bundles": str(folder / "bundles"),
            "tracking_uri": "",
            "threads": 1,
            "epochs": 3,
            "batch_size": 128,
            "learning_rate": 0.01,
            "gate": {"resamples": 100},
        },
        "serve": {"bundles": str(folder / "bundles"), "log": str(folder / "live"), "port": 0},
        "monitor": {
            "log": str(folder / "live"),
            "reports": str(folder / "reports"),
            "min_rows": 50,
        },
    }
    (folder / "configs").mkdir(parents=True)
    for name, section in sections.items():
        (folder / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))
    source = json.loads(contract.text)
    (folder / "configs" / "contract.yaml").write_text(yaml.safe_dump(source, sort_keys=False))
    write_dataset(folder / "data", contract)
    workspace = Workspace(path=folder, contract=contract)
    if train:
        training.run(workspace.config)
    return workspace


def write_dataset(directory: Path, contract: Contract, name: str = "synthetic") -> Dataset:
    """A dataset version of synthesised rows, and the pointer to it."""
    path = directory / "datasets" / name
    path.mkdir(parents=True)
    table = synthesize(contract, sum(ROWS.values()))
    start, splits = 0, {}
    for split in SPLITS:
        part = table.slice(start, ROWS[split])
        pq.write_table(part, path / f"{split}.parquet")
        splits[split] = {"rows": len(part), "positive_rate": 0.4}
        start += ROWS[split]
    (path / "contract.json").write_text(contract.text)
    (path / "manifest.json").write_text(json.dumps({"splits": splits}))
    point(directory / "datasets" / "current", name)
    return Dataset(path=path)
