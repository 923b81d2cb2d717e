"""What a server of the shop would have logged, written without one."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.config import Config, MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.monitoring import checks, job
from {{ cookiecutter.__package }}.monitoring.alerts import ADDRESSES
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    JudgedWindow,
    read_windows,
)
from {{ cookiecutter.__package }}.values import json_value

from ..serving.live import add_version
from ..synthesized import synthesize

WEEKS = 4
MONDAYS = ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"]


@dataclass(frozen=True)
class Place:
    """A folder with a served model and a log."""

    folder: Path
    contract: Contract
    config: Config

    def write_configs(self) -> None:
        """Write contract and settings into ``configs``."""
        configs = self.folder / "configs"
        configs.mkdir(exist_ok=True)
        sections = self.config.model_dump(mode="json")
        contract = json.loads(self.contract.text)
        for name, content in {**sections, "contract": contract}.items():
            (configs / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def type(self, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
        """A command as a person types it, with ``configs``; its exit code."""
        configs = ["--configs", str(self.folder / "configs")]
        monkeypatch.setattr(sys, "argv", ["project", *words, *configs])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code


@pytest.fixture(autouse=True)
def _core_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of monitoring have core's checks, whatever options there are, and draw nothing."""
    monkeypatch.setattr(checks, "CHECKS", ["monitoring.checks.quality", "monitoring.checks.model"])
    monkeypatch.setattr(job, "SINKS", [])


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MonitorConfig:
    """The defaults, with files in a folder, and no address but a test's own."""
    monkeypatch.delenv(ADDRESSES, raising=False)
    return MonitorConfig(history=tmp_path / "monitoring", reports=tmp_path / "reports")


def make_place(folder: Path, contract: Contract, **monitor: Any) -> Place:
    """Serve a small model, profiled on the synthesised rows of twelve weeks."""
    config = Config.model_validate(
        {
            "data": {
                "directory": folder / "data",
                "driving": "orders",
                "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"},
            },
            "train": {"bundles": folder / "bundles", "tracker": "none"},
            "serve": {
                "model": contract.name,
                "bundles": folder / "bundles",
                "log": folder / "live",
            },
            "monitor": {
                "log": folder / "live",
                "history": folder / "monitoring",
                "reports": folder / "reports",
                "min_rows": 100,
                "calibration": {"enabled": False},  # what the small model promises means nothing
                **monitor,
            },
        }
    )
    add_version(config.train.bundles, contract, table=synthesize(contract, 6_000, days=84))
    return Place(folder=folder, contract=contract, config=config)


def write_log(place: Place, table: pa.Table, *, right: bool = True) -> None:
    """Log a table as answered by the served version, with labels that it got right or wrong."""
    folder = place.config.train.bundles / place.contract.name
    (path,) = (one.parent for one in folder.glob("*/model.onnx"))
    bundle, contract = open_bundle(path), place.contract
    outputs = bundle.predict(from_table(contract, table))
    predictions, labels = [], []
    triples = zip(table.to_pylist(), outputs, labels_of(contract, outputs, right), strict=True)
    for number, (row, output, label) in enumerate(triples):
        shared = {"request_id": f"r-{number}", "time": json_value(row["at"])}
        columns = {name: json_value(row[name]) for name in contract.request}
        answered = {"model": contract.name, "version": 1, "rows": [columns]}
        predictions.append({**shared, **answered, bundle.task.output: [output.tolist()]})
        key = {} if contract.id is None else {"id": row[contract.id]}
        labels.append({**shared, **key, "label": label})
    place.config.monitor.log.mkdir(parents=True, exist_ok=True)
    for stem, records in (("predictions", predictions), ("labels", labels)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (place.config.monitor.log / f"{stem}-2024-01-01-1.jsonl").write_text(lines)


def labels_of(contract: Contract, outputs: npt.NDArray[Any], right: bool) -> list[Any]:
    """As answered, or the opposite for six rows of seven."""
    agree = np.array([right or number % 7 == 0 for number in range(len(outputs))])
    if contract.task == "regression":
        values: list[float] = np.where(agree, outputs, 2 * outputs.mean() - outputs).tolist()
        return values
    score = outputs if outputs.ndim == 1 else outputs[:, -1]
    names = contract.labels or (False, True)
    ranks = np.argsort(np.argsort(score)) * len(names) // len(score)
    return [names[rank if same else -1 - rank] for rank, same in zip(ranks, agree, strict=True)]


def weeks_of(contract: Contract, *, dearer_from: int = WEEKS) -> pa.Table:
    """Four weeks of calm traffic; from one of them on prices lie in the upper half."""
    table = synthesize(contract, 1_600, seed=5, days=7 * WEEKS)
    day = pc.day_of_year(table["at"])
    price = table["price"]
    dear = pc.add(pc.divide(price, 2.0), 500.0)
    changed = pc.if_else(pc.greater(day, 7 * dearer_from), dear, price)
    return table.set_column(table.column_names.index("price"), "price", changed)


def windows(place: Place) -> dict[str, JudgedWindow]:
    """What the history holds, by name."""
    kept = read_windows(place.config.monitor.history, "shop")
    return {window.name: window for window in kept}


def findings_in(place: Place) -> dict[str, list[Finding]]:
    """Of every window that was judged."""
    known = read_windows(place.config.monitor.history, place.contract.name, 1)
    return {window.name: [*window.findings] for window in known if window.findings}
