"""What the server logged, read back as columns."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from ..data.live import read_lines, read_rows
from ..data.segments import LABELS
from ..errors import DataError
from ..models.inputs import Inputs, from_columns
from ..models.tasks import task_of


@dataclass(frozen=True, kw_only=True)
class Served:
    """Logged predictions, in the order of their time."""

    inputs: Inputs
    outputs: npt.NDArray[np.float64]
    """As the task gives them, ``[rows]`` or ``[rows, classes]``."""
    seconds: npt.NDArray[np.int64]
    """When each row happened: the contract's time, else when it was answered; UTC seconds."""
    labels: npt.NDArray[np.float64]
    """As the task encodes them where the outcome is known, NaN where it is not yet."""

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, rows: npt.NDArray[Any]) -> "Served":
        return Served(
            inputs=self.inputs[rows],
            outputs=self.outputs[rows],
            seconds=self.seconds[rows],
            labels=self.labels[rows],
        )


def read_served(folder: Path, contract: Contract, version: int) -> Served:
    """The rows that a version answered, with the outcomes known so far.

    A row that was asked for again, by its id or in a request that kept its own, counts once, as it
    was answered last.

    Raises:
        DataError: there are none.
    """
    rows: dict[Any, dict[str, Any]] = {}
    for record in sorted(read_rows(folder), key=_written):
        by_model = record["version"] == version and record["model"] == contract.name
        if by_model and not record.get("fallback"):
            rows[_key(contract, record)] = record
    if not rows:
        raise DataError(
            f"'{folder}' holds no predictions by {contract.name} version {version};"
            " serve it and send requests, or try it with: make replay"
        )
    given = sorted(read_lines(folder, LABELS), key=_written)
    outcomes = {_about(contract, record): record["label"] for record in given}
    task = task_of(contract)
    records = list(rows.values())
    columns = {name: [_cell(contract, name, r) for r in records] for name in contract.features}
    inputs = from_columns(contract, columns, len(records))
    if contract.time is not None:
        seconds = inputs.time[:, contract.times.index(contract.time)]
    else:
        answered = [datetime.fromisoformat(r["time"]).timestamp() for r in records]
        seconds = np.array(answered).astype(np.int64)
    served = Served(
        inputs=inputs,
        outputs=np.array([record[task.output] for record in records]),
        seconds=seconds,
        labels=task.encode([outcomes.get(_key(contract, record)) for record in records]),
    )
    return served[np.argsort(seconds, kind="stable")]


def _written(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["time"])


def _key(contract: Contract, record: dict[str, Any]) -> Any:
    """What a row is known by: its id, else its place in its request, which is sent again as it was."""
    known = None if contract.id is None else record["columns"].get(contract.id)
    return (record["request_id"], record["row"]) if known is None else known


def _cell(contract: Contract, name: str, record: dict[str, Any]) -> Any:
    value = record["columns"].get(name)
    if value is not None and contract.columns[name].type == "timestamp":
        return datetime.fromisoformat(value)
    return value


def _about(contract: Contract, record: dict[str, Any]) -> Any:
    """Which row a label is about, as ``_key`` names it."""
    if contract.id is not None:
        return record.get("id")
    return record["request_id"], record.get("row", 0)
