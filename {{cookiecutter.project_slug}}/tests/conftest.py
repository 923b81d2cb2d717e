"""Fixtures: the project's own contract, rows made from it, and a workspace trained on them."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow.parquet as pq
import pytest
import yaml
from filelock import FileLock

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.data.dataset import (
    Dataset,
    label_statistics,
)
from {{ cookiecutter.__package }}.data.split import SPLITS
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.storage import write_pointer
from {{ cookiecutter.__package }}.training import job as training

from .synthesized import synthesize

# The same examples every time, so that only a change of the code breaks a test of a property;
# pytest --hypothesis-profile=default draws new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

ROOT = Path(__file__).parent.parent
PACKAGE = "{{ cookiecutter.__package }}"
Command = Callable[..., int]
ROWS = {"train": 3_000, "validation": 600, "test": 1_500}
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
# The shop's other tasks: whether an order comes back, what becomes of it, what it brings in.
LABELS = ("kept", "exchanged", "returned")
TASKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "binary": ({}, {"type": "boolean"}),
    "multiclass": ({"labels": LABELS}, {"type": "category"}),
    "regression": ({}, {"type": "float", "minimum": -50, "maximum": 250, "unit": "EUR"}),
}


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


@pytest.fixture(scope="session", params=TASKS)
def any_shop(request: pytest.FixtureRequest) -> Contract:
    """The shop with each of the tasks."""
    return shop_of(request.param)


def shop_of(task: str, **head: Any) -> Contract:
    """The shop's contract with a task, and other changes to its head."""
    changes, target = TASKS[task]
    values = yaml.safe_load(SHOP) | {"task": task} | changes | head
    values["columns"]["returned"] = target
    return Contract.model_validate(values)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Workspace:
    """A model trained on synthesised rows; tests read it and do not change it."""
    return shared_workspace(tmp_path_factory, "own", contract)


@pytest.fixture
def no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner's features know the project's contract, not the small one."""
    monkeypatch.setattr(preprocess, "features", lambda _: {})


@pytest.fixture(scope="session", params=TASKS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A model of each task of the shop; the owner's features know the project's contract, not the shop's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "features", lambda _: {})
        return shared_workspace(tmp_path_factory, request.param, shop_of(request.param))


def shared_workspace(factory: pytest.TempPathFactory, name: str, contract: Contract) -> Workspace:
    """Trained by the first of the processes that run the tests; the others wait for it."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, done = root / f"workspace-{name}", root / f"workspace-{name}.done"
    with FileLock(root / f"workspace-{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make_workspace(folder, contract)
            done.touch()
    return Workspace(path=folder, contract=contract)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Types a command; returns its exit code."""

    def typed(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", [PACKAGE, *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return int(caught.value.code or 0)

    return typed


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in the caller's environment do not reach the tests."""
    for name in list(os.environ):
        if name in {"CI"} or name.startswith((f"{PACKAGE.upper()}__", "MLFLOW_")):
            monkeypatch.delenv(name)


def make_workspace(folder: Path, contract: Contract, *, train: bool = True) -> Workspace:
    """Configure, synthesise and, if wanted, train in ``folder``; tracking is off.

    Whatever the contract, synthesised rows give a model that is served: they follow the features,
    and the gate does not mind how much better a straight line is.
    """
    dates = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
    place = {name: str(folder / name) for name in ("data", "bundles", "live", "reports")}
    shared = {"log": place["live"], "reports": place["reports"]}
    sections = {
        "contract": json.loads(contract.text),
        "data": {
            "directory": place["data"],
            "driving": next(iter(contract.sources)),
            "split": dates if contract.time else {"by": "hash"},
        },
        "train": {
            "bundles": place["bundles"],
            "tracker": "none",
            "epochs": 4,
            "learning_rate": 0.005,
            "model": {"kind": "mlp"},
            "folds_below_rows": 0,
            "gate": {"max_loss_to_linear": 1.0},
        },
        "serve": {
            "bundles": place["bundles"],
            "model": contract.name,
            "keys": None,
            "port": 0,
            **shared,
        },
        "monitor": {"history": str(folder / "monitoring"), "min_rows": 50, **shared},
    }
    write_configs(folder, sections)
    write_dataset(folder / "data", contract)
    workspace = Workspace(path=folder, contract=contract)
    if train:
        training.run(workspace.config)
    return workspace


def write_configs(folder: Path, sections: Mapping[str, Any]) -> None:
    """A file of settings for each section."""
    (folder / "configs").mkdir(parents=True)
    for name, section in sections.items():
        text = yaml.safe_dump(section, sort_keys=False)
        (folder / "configs" / f"{name}.yaml").write_text(text)


def write_dataset(directory: Path, contract: Contract) -> Dataset:
    """A dataset version of synthesised rows, and the pointer to it."""
    path = directory / "datasets" / "synthetic"
    path.mkdir(parents=True)
    table, start = synthesize(contract, sum(ROWS.values())), 0
    for split in SPLITS:
        pq.write_table(table.slice(start, ROWS[split]), path / f"{split}.parquet")
        start += ROWS[split]
    (path / "contract.json").write_text(contract.text)
    (path / "manifest.json").write_text(json.dumps({"splits": label_statistics(path, contract)}))
    write_pointer(directory / "datasets" / "current", path.name)
    return Dataset(path=path)
