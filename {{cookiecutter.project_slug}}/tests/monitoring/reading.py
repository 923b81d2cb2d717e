"""A log read back as monitoring reads it."""

import json
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring.read_log import Served, read_log
from {{ cookiecutter.__package }}.monitoring.windows import Window, cut

ALL_TIME = 100_000
"""Days in a window."""


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
