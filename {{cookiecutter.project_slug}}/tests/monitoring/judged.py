"""A history of windows, made by hand."""

from datetime import date, timedelta
from typing import Any

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import send_alerts
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    JudgedWindow,
    read_windows,
    store_window,
)
from {{ cookiecutter.__package }}.monitoring.sinks import Alert


def drift(value: float, subject: str = "price", **given: Any) -> Finding:
    """The stability index of a column, whose reference range ends at 0.1."""
    about = {"kind": "data_drift", "subject": subject, "measure": "psi", "rows": 400}
    return Finding(**{**about, "value": value, "limit": 0.1, "breach": value > 0.1, **given})


def judge_week(config: MonitorConfig, week: int, *findings: Finding) -> None:
    """Put the findings of a week of 2024 into the history."""
    first = date(2024, 1, 1) + timedelta(weeks=week)
    window = JudgedWindow(
        model="shop",
        version=2,
        first=first,
        last=first + timedelta(days=6),
        rows=400,
        labelled=0,
        complete=True,
        findings=findings,
    )
    store_window(config.history, window)


def send(config: MonitorConfig, version: int = 2) -> list[Alert]:
    """What a run does after it judged; the alerts that are open."""
    windows = read_windows(config.history, "shop", version)
    return send_alerts(windows, "shop", version, config, config.checks())
