"""A history of windows, made by hand."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import Alert, update_alerts
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    JudgedWindow,
    read_windows,
    store_window,
)


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
