"""A history of windows, made by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import sinks
from {{ cookiecutter.__package }}.monitoring.alerts.store import Alert
from {{ cookiecutter.__package }}.monitoring.alerts.update import send_alerts
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    Judged,
    keep_window,
    read_windows,
)

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def drift(value: float, subject: str = "price", **given: Any) -> Finding:
    """The stability index of a column, whose reference range ends at 0.1."""
    return Finding(
        **{
            "kind": "data_drift",
            "subject": subject,
            "measure": "psi",
            "value": value,
            "limit": 0.1,
            "rows": 400,
            "breach": value > 0.1,
            **given,
        }
    )


def keep(
    history: Path,
    week: int,
    found: Sequence[Finding],
    *,
    version: int = 2,
    complete: bool = True,
) -> None:
    """Put the findings of a week of 2024 into the history."""
    first = date(2024, 1, 1) + timedelta(weeks=week)
    window = Judged(
        model="shop",
        version=version,
        length="7 days",
        name=first.isoformat(),
        number=week,
        first=first,
        last=first + timedelta(days=6),
        begin_s=0,
        newest_s=0,
        rows=400,
        labelled=0,
        complete=complete,
        fingerprint="",
        judged=NOW,
        findings=tuple(found),
    )
    keep_window(history, window)


def send(history: Path, config: MonitorConfig, at: datetime = NOW, version: int = 2) -> list[Alert]:
    """What a run does after it judged."""
    windows = read_windows(history, "shop", version)
    return send_alerts(windows, "shop", version, config, config.checks(), at)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once, and have no address but a test's own."""
    monkeypatch.setattr(sinks, "WAITS_S", (0.0, 0.0))
    monkeypatch.delenv("ALERT_URLS", raising=False)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """An empty one."""
    return tmp_path / "monitoring.sqlite"


def settings(folder: Path, **given: Any) -> MonitorConfig:
    """The defaults, with files in a folder."""
    values = {"history": folder / "monitoring.sqlite", "reports": folder / "reports", **given}
    return MonitorConfig.model_validate(values)
