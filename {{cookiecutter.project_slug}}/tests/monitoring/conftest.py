"""What a server of the shop would have logged, written without one; and windows made by hand."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from {{ cookiecutter.__package }}.config import Config, MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.monitoring import checks, job
from {{ cookiecutter.__package }}.monitoring.alerts import (
    ADDRESSES,
    Alert,
    update_alerts,
)
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    JudgedWindow,
    read_windows,
    store_window,
)
from {{ cookiecutter.__package }}.values import json_value

from ..conftest import Workspace, make_workspace
from ..serving.live import add_version
from ..synthesized import synthesize
from .reading import write

WEEKS = 4
MONDAYS = ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"]


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


def make_place(folder: Path, contract: Contract) -> Workspace:
    """Serve a small model, profiled on the synthesised rows of twelve weeks."""
    place = make_workspace(folder, contract, train=False)
    with (folder / "configs" / "monitor.yaml").open("a") as settings:
        settings.write("calibration: {enabled: false}\n")  # what it promises means nothing
    rows = synthesize(contract, 6_000, days=84)
    add_version(place.config.train.bundles, contract, table=rows)
    return place


def write_log(place: Workspace, table: pa.Table, *, right: bool = True) -> None:
    """Log a table as answered by the served version, with labels that it got right or wrong."""
    bundle, contract, log = place.bundle, place.contract, place.config.monitor.log
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
    log.mkdir(exist_ok=True)
    write(log, "predictions-2024-01-01-1", *predictions)
    write(log, "labels-2024-01-01-1", *labels)


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


def windows(config: Config) -> dict[str, JudgedWindow]:
    """What the history holds, by name."""
    return {window.name: window for window in read_windows(config.monitor.history, "shop")}


def findings_in(config: Config) -> dict[str, tuple[Finding, ...]]:
    """Of every window that was judged."""
    return {name: window.findings for name, window in windows(config).items() if window.findings}


def drift(value: float, subject: str = "price", **given: Any) -> Finding:
    """How far a column moved, whose reference range ends at 0.1."""
    about = {"kind": "data_drift", "subject": subject, "measure": "wasserstein", "rows": 400}
    return Finding(**{**about, "value": value, "limit": 0.1, "breach": value > 0.1, **given})


def week_of(number: int, findings: Sequence[Finding], version: int = 2) -> JudgedWindow:
    """A week of 2024 with its findings."""
    first = date(2024, 1, 1) + timedelta(weeks=number)
    return JudgedWindow(
        model="shop",
        version=version,
        first=first,
        last=first + timedelta(days=6),
        rows=400,
        labelled=0,
        complete=True,
        findings=tuple(findings),
    )


def judge_week(config: MonitorConfig, number: int, *findings: Finding, version: int = 2) -> None:
    """Put the findings of a week into the history."""
    store_window(config.history, week_of(number, findings, version))


def update(config: MonitorConfig, version: int = 2) -> list[Alert]:
    """What a run does after it judged; the alerts that are open."""
    windows = read_windows(config.history, "shop", version)
    alerts = update_alerts(config.history, windows, config.checks())
    return [alert for alert in alerts if alert.resolved is None]
