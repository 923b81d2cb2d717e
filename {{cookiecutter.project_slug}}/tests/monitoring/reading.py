"""A log read back as monitoring reads it, whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.monitoring.read_log import (
    LoggedRows,
    read_log,
)
from {{ cookiecutter.__package }}.monitoring.window import Served
from {{ cookiecutter.__package }}.monitoring.windows import Length, Windows

EVERYTHING = Length(days=1, rows=1 << 40, by_rows=True)


@contextmanager
def logged_in(
    folder: Path, contract: Contract, version: int, others: tuple[int, ...] = ()
) -> Iterator[LoggedRows]:
    """Every row of a log, while the block runs."""
    with TemporaryDirectory() as staging:
        yield read_log(folder, contract, version, others, Path(staging))


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A window as the log has it."""

    name: str
    first: date
    last: date
    complete: bool
    rows: Served


def windows_in(folder: Path, contract: Contract, version: int, length: Length) -> list[Cut]:
    """Every window of what a version answered, in the order of time."""
    with logged_in(folder, contract, version) as logged:
        windows = Windows(logged, contract, version, length)
        return [
            Cut(
                name=span.name,
                first=span.first,
                last=span.last,
                complete=span.complete,
                rows=windows.rows(span),
            )
            for span in windows.spans
        ]


def served_in(folder: Path, contract: Contract, version: int) -> Served:
    """Every row that a version answered, in the order of time, with the labels known so far."""
    cut = windows_in(folder, contract, version, EVERYTHING)
    if not cut:
        raise DataError(f"no predictions by {contract.name} version {version}")
    served = cut[0].rows
    return served[np.argsort(served.seconds, kind="stable")]


def inputs_in(folder: Path, contract: Contract, version: int) -> Inputs:
    """What the model took for each of these rows."""
    with logged_in(folder, contract, version) as logged:
        windows = Windows(logged, contract, version, EVERYTHING)
        served = windows.rows(*windows.spans)
        return served[np.argsort(served.seconds, kind="stable")].inputs(contract)
