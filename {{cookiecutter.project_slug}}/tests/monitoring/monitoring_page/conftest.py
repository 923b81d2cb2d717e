"""Twelve weeks of a shop, as monitoring would have kept them: two versions, drift, a fall of quality."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring.alerts import (
    Alert,
    read_alerts,
    write_alerts,
)
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    JudgedWindow,
    store_window,
)

WEEKS, SECOND_FROM, DEARER_FROM, DEARER_TO = 12, 5, 7, 10
FIRST = date(2024, 1, 1)
FELL = "AUC 0.618 is below the limit of 0.64 in 2 of the last 3 windows."
LIMITS = {"price": 0.12, "items": 0.1, "channel": 0.1, "city": 0.2, "gift": 0.1, SCORE: 0.15}


def config_of(folder: Path) -> Config:
    """Everything below one folder."""
    data = {"directory": folder / "data", "driving": "orders", "split": {"by": "hash"}}
    bundles = {"bundles": folder / "bundles"}
    monitor = {"log": folder / "live", "history": folder / "history"}
    monitor["reports"] = folder / "reports"
    content = {"data": data, "train": bundles, "serve": bundles, "monitor": monitor}
    return Config.model_validate(content)


def tell(
    folder: Path, contract: Contract, *, weeks: int = WEEKS, value: str = "version 3"
) -> Config:
    """Keep the story of so many weeks; ``value`` is the name of a subject."""
    config = config_of(folder)
    versions = Versions(config.train.bundles, contract.name)
    for bundle in ("first", "second"):
        (versions.folder / bundle).mkdir(parents=True)
        (versions.folder / bundle / "contract.json").write_text(contract.text)
        version = versions.register(bundle, [])
        versions.serve(version, action="promote", why=f"the {bundle} <i>one</i>")
    for number in range(weeks):
        window = week(contract, number, weeks)
        found = findings(number, value) if window.complete else []
        store_window(config.monitor.history, replace(window, findings=tuple(found)))
    return config


def week(contract: Contract, number: int, weeks: int) -> JudgedWindow:
    """One of them; the last is not over."""
    first = FIRST + timedelta(days=7 * number)
    return JudgedWindow(
        model=contract.name,
        version=1 if number < SECOND_FROM else 2,
        first=first,
        last=first + timedelta(days=6),
        rows=6_200 + 37 * number,
        labelled=int((6_200 + 37 * number) * (0.97 if number < weeks - 2 else 0.4)),
        complete=number < weeks - 1,
    )


def findings(number: int, value: str) -> list[Finding]:
    """What is found in a week."""
    dearer, result = DEARER_FROM <= number < DEARER_TO, []
    for column, limit in LIMITS.items():
        breach = dearer and column in {"price", SCORE}
        kind = "prediction_drift" if column == SCORE else "data_drift"
        effect = limit * (2.2 if breach else 0.2 + 0.3 * (number % 3))
        sudden = "100 times as large as in training" if breach and column == "price" else ""
        about: Any = {"kind": kind, "subject": column, "measure": "wasserstein"}
        about |= {"sudden": sudden, "breach": breach}
        result.append(Finding(**about, value=effect, limit=limit, rows=6_200))
    auc = 0.62 if dearer else 0.71
    about = {"kind": "quality", "subject": "auc", "measure": "auc"}
    ends: Any = {"low": auc - 0.02, "high": auc + 0.02, "limit": 0.64}
    result.append(Finding(**about, **ends, value=auc, rows=3_100, breach=dearer))
    about = {"kind": "challenger", "subject": value, "measure": "mean_distance"}
    result.append(Finding(**about, value=0.1, rows=3_100))
    about = {"kind": "quality", "subject": "labels", "measure": "coverage"}
    return [*result, Finding(**about, value=0.97, rows=6_200)]


def raise_alert(config: Config, model: str, text: str, *, resolved: bool, **more: Any) -> None:
    """Put an alert into the file as the job does."""
    about = {"version": 2, "kind": "data_drift", "subject": "price"}
    when: Any = {"since": "2024-02-19", "opened": datetime(2024, 3, 4, 6, tzinfo=UTC)}
    if resolved:
        when["resolved"] = datetime(2024, 3, 25, 6, tzinfo=UTC)
        text += " Resolved: it is within its reference range again"
    values = {"model": model, "severity": "warning", "text": text}
    alerts = read_alerts(config.monitor.history, model)
    new = Alert(**values | about | when | more)
    write_alerts(config.monitor.history, model, [*alerts, new])


@pytest.fixture(scope="session")
def alerted(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Config:
    """The story up to its ninth week, in which price and quality are outside their range."""
    config = tell(tmp_path_factory.mktemp("alerted"), shop, weeks=10)
    raise_alert(config, shop.name, FELL, resolved=False, subject="auc", kind="quality")
    raise_alert(config, shop.name, "city lies far from training.", resolved=True, subject="city")
    return config
