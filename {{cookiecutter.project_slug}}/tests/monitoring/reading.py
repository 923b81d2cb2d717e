"""A log written by hand, and read back as monitoring reads it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring.read_log import Served, read_log
from {{ cookiecutter.__package }}.monitoring.windows import Window, cut

ALL_TIME = 100_000
"""Days in a window."""
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def prediction(number: int, **changes: Any) -> dict[str, Any]:
    """A request of one row, as it was answered."""
    row = {
        "order": f"o-{number}",
        "at": (NOON + timedelta(hours=number)).isoformat(),
        "price": float(number),
        "items": 1,
        "channel": "web",
        "city": None,
        "gift": True,
    }
    time = (NOON + timedelta(seconds=number)).isoformat()
    shared = {"request_id": f"r-{number}", "time": time, "model": "shop", "version": 1}
    return {**shared, "rows": [row], "probability": [number / 100], **changes}


def write(folder: Path, name: str, *records: dict[str, Any]) -> None:
    """Log records."""
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / f"{name}.jsonl").write_text(lines)


def logged_in(folder: Path, contract: Contract) -> tuple[Served, int]:
    """Every row of a log, and how many lines were skipped."""
    return read_log(folder, contract, Path(mkdtemp(dir=folder.parent)))


def cut_windows(logged: Served, contract: Contract, version: int, days: int) -> list[Window]:
    """The windows of what a version answered, in the order of time."""
    files = {"profile.json": json.dumps({"window_days": days}).encode()}
    model = Bundle(path=logged.folder, contract=contract, metadata={}, session=None, files=files)
    return cut(logged, model, version, MonitorConfig(), {})


def served_in(folder: Path, contract: Contract, version: int) -> Served:
    """Every row that a version answered, in the order of time, with the labels known so far."""
    (window,) = cut_windows(logged_in(folder, contract)[0], contract, version, ALL_TIME)
    return window.rows[np.argsort(window.rows.seconds, kind="stable")]
