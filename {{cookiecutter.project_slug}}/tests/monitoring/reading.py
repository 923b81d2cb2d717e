"""A log read back as monitoring reads it, whole."""

from pathlib import Path
from tempfile import TemporaryDirectory

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring.log import Log
from {{ cookiecutter.__package }}.monitoring.served import Served
from {{ cookiecutter.__package }}.monitoring.windows import Length, Window

EVERYTHING = Length(days=1, rows=1 << 40, by_rows=True)


def windows_in(folder: Path, contract: Contract, version: int, length: Length) -> list[Window]:
    """Every window of what a version answered, in the order of time."""
    with TemporaryDirectory() as place:
        log = Log(folder, contract, version, length, Path(place) / "monitoring.sqlite")
        found = [log.window(number) for number in log.spans]
    return [held.window for held in found if held is not None]


def served_in(folder: Path, contract: Contract, version: int) -> Served:
    """Every row that a version answered, with the outcomes known so far."""
    (window,) = windows_in(folder, contract, version, EVERYTHING)
    return window.rows
