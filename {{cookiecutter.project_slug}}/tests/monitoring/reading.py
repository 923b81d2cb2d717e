"""A log read back as monitoring reads it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.monitoring.read_log import Served, read_log
from {{ cookiecutter.__package }}.monitoring.windows import Window, cut

ALL_TIME = 100_000
"""Days in a window."""


@contextmanager
def logged_in(folder: Path, contract: Contract) -> Iterator[tuple[Served, int]]:
    """Every row of a log, and how many lines were skipped, while the block runs."""
    with TemporaryDirectory() as staging:
        yield read_log(folder, contract, Path(staging))


def cut_windows(logged: Served, contract: Contract, version: int, days: int) -> list[Window]:
    """The windows of what a version answered, in the order of time."""
    files = {"profile.json": json.dumps({"window_days": days}).encode()}
    model = Bundle(path=logged.folder, contract=contract, metadata={}, session=None, files=files)
    return cut(logged, model, version, MonitorConfig(), {})


def served_in(folder: Path, contract: Contract, version: int) -> Served:
    """Every row that a version answered, in the order of time, with the labels known so far."""
    with logged_in(folder, contract) as (logged, _):
        windows = cut_windows(logged, contract, version, ALL_TIME)
    if not windows:
        raise DataError(f"no predictions by {contract.name} version {version}")
    return windows[0].rows[np.argsort(windows[0].rows.seconds, kind="stable")]


def inputs_in(folder: Path, contract: Contract, version: int) -> Inputs:
    """What the model took for each of these rows."""
    with logged_in(folder, contract) as (logged, _):
        (window,) = cut_windows(logged, contract, version, ALL_TIME)
        order = np.argsort(window.rows.seconds, kind="stable")
        return window.rows.inputs(contract)[order]
