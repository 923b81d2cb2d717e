"""Twelve weeks of a shop, as monitoring would have kept them: two versions, drift, a fall of quality."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring.alerts.sinks import Alert
from {{ cookiecutter.__package }}.monitoring.alerts.update import write_alert
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    JudgedWindow,
    connected,
    store_window,
)
from {{ cookiecutter.__package }}.monitoring.monitoring_page.content import (
    DISTRIBUTIONS,
    FILE,
    Distribution,
)
from {{ cookiecutter.__package }}.storage import write_file

WEEKS, SECOND_FROM, DEARER_FROM, DEARER_TO = 12, 5, 7, 10
FIRST = date(2024, 1, 1)
LIMITS = {"price": 0.12, "items": 0.1, "channel": 0.1, "city": 0.2, "gift": 0.1, SCORE: 0.15}


def config_of(folder: Path) -> Config:
    """Everything below one folder."""
    return Config.model_validate(
        {
            "data": {"directory": folder / "data", "driving": "orders", "split": {"by": "hash"}},
            "train": {"bundles": folder / "bundles"},
            "serve": {"bundles": folder / "bundles"},
            "monitor": {
                "log": folder / "live",
                "history": folder / "monitoring.sqlite",
                "reports": folder / "reports",
            },
        }
    )


def tell(folder: Path, contract: Contract, *, weeks: int = WEEKS, value: str = "web") -> Config:
    """Keep the story of so many weeks; ``value`` is a channel's name."""
    config = config_of(folder)
    versions = Versions(config.train.bundles, contract.name)
    for bundle in ("first", "second"):
        (versions.folder / bundle).mkdir(parents=True)
        (versions.folder / bundle / "contract.json").write_text(contract.text)
        version = versions.register(bundle, [], passed=True)
        versions.serve(version, action="promote", why=f"the {bundle} <i>one</i>")
    random = np.random.default_rng(3)
    for number in range(weeks):
        window = week(contract, number, weeks)
        found = findings(number, random, value) if window.complete else []
        store_window(config.monitor.history, replace(window, findings=tuple(found)))
        if found:
            shown = DISTRIBUTIONS.dump_json(distributions(number, value))
            write_file(config.monitor.reports / contract.name / FILE, shown)
    return config


def week(contract: Contract, number: int, weeks: int) -> JudgedWindow:
    """One of them; the last is not over."""
    first = FIRST + timedelta(days=7 * number)
    return JudgedWindow(
        model=contract.name,
        version=1 if number < SECOND_FROM else 2,
        length="7 days",
        name=first.isoformat(),
        first=first,
        last=first + timedelta(days=6),
        begin_s=0,
        rows=6_200 + 37 * number,
        labelled=int((6_200 + 37 * number) * (0.97 if number < weeks - 2 else 0.4)),
        complete=number < weeks - 1,
        fingerprint=str(number),
    )


def findings(number: int, random: np.random.Generator, value: str) -> list[Finding]:
    """What is found in a week."""
    dearer, rows = DEARER_FROM <= number < DEARER_TO, 6_200
    found = []
    for column, limit in LIMITS.items():
        moved = dearer and column in {"price", SCORE}
        effect = limit * (random.uniform(1.8, 2.6) if moved else random.uniform(0.1, 0.9))
        found.append(
            Finding(
                kind="prediction_drift" if column == SCORE else "data_drift",
                subject=column,
                measure="psi",
                value=effect,
                low=effect * 0.9,
                limit=limit,
                p_value=0.001 if moved else 0.4,
                rows=rows,
                breach=moved,
                sudden="100 times as large as in training" if moved and column == "price" else "",
            )
        )
    for part, shift in (("", 0.0), (f"channel = {value}", 0.01), ("channel = store", -0.02)):
        auc = 0.71 + shift + random.normal(0, 0.006) - (0.09 if dearer else 0)
        wide = 0.02 if not part else 0.04
        found.append(
            Finding(
                kind="quality",
                subject="auc",
                part=part,
                measure="auc",
                value=auc,
                low=auc - wide,
                high=auc + wide,
                limit=0.64,
                rows=rows if not part else rows // 2,
                breach=dearer,
            )
        )
    found.append(
        Finding(kind="quality", subject="labels", measure="coverage", value=0.97, rows=rows)
    )
    return found


def distributions(number: int, value: str) -> list[Distribution]:
    """Of price and channel in a week."""
    dearer = DEARER_FROM <= number < DEARER_TO
    price = [
        (f"{100 * n} to {100 * n + 100}", 0.1, (0.18 if n > 4 else 0.02) if dearer else 0.1)
        for n in range(10)
    ]
    channel = [(value, 0.6, 0.55), ("store", 0.4, 0.45)]
    return [
        Distribution(column="price", bins=price),
        Distribution(column="channel", bins=channel),
    ]


def raise_alert(config: Config, model: str, text: str, *, resolved: bool, **more: Any) -> None:
    """Put an alert into the file as the job does."""
    values: dict[str, Any] = {
        "id": 0,
        "model": model,
        "version": 2,
        "kind": "data_drift",
        "subject": "price",
        "part": "",
        "severity": "warning",
        "since": "2024-02-19",
        "opened": datetime(2024, 3, 4, 6, tzinfo=UTC),
        "resolved": datetime(2024, 3, 25, 6, tzinfo=UTC) if resolved else None,
        "text": f"{text} Resolved: it is within its reference range again" if resolved else text,
    }
    with connected(config.monitor.history) as connection:
        write_alert(connection, Alert(**values | more))
