"""A history of windows, made by hand, and settings that tell within a second."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts.store import Alert
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import History, Judged

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
ALERT = Alert(
    id=7,
    model="shop",
    version=2,
    kind="data_drift",
    subject="price",
    part="",
    severity="warning",
    state="open",
    since="2024-01-08",
    opened=NOW,
    resolved=None,
    measure="psi",
    value=0.3,
    limit=0.1,
    text="price drifts: PSI 0.300, ordinary up to 0.100, since 2024-01-08",
    report="reports/shop",
    command="make monitor",
    ended="",
)


def drift(value: float, subject: str = "price", **given: Any) -> Finding:
    """The stability index of a column, ordinary up to 0.1."""
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
    history: History,
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
        first=first.isoformat(),
        last=(first + timedelta(days=6)).isoformat(),
        rows=400,
        labelled=0,
        complete=complete,
        fingerprint="",
        judged=NOW,
    )
    history.keep(window, found)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """An empty one."""
    return History(tmp_path / "monitoring.sqlite")


def settings(folder: Path, **given: Any) -> MonitorConfig:
    """The defaults, with files in a folder; other sections and sinks as given."""
    values = {"history": folder / "monitoring.sqlite", "reports": folder / "reports", **given}
    return MonitorConfig.model_validate({"deliver_s": 5, **values})
