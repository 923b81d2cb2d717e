"""Columns to the graph's inputs, grouped by type: the only road to a model, online and offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from ..values import canonical_category, epoch_seconds

Floats = npt.NDArray[np.float32]
Texts = npt.NDArray[np.object_]
Seconds = npt.NDArray[np.int64]
Column = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What one run of the graph takes; a group without columns has width 0."""

    numeric: Floats
    """``[rows, contract.numeric]``; NaN where missing."""
    category: Texts
    """``[rows, contract.category]``, canonical text."""
    time: Seconds
    """``[rows, contract.times]``, UTC seconds since 1970."""

    @classmethod
    def empty(cls, contract: Contract, n_rows: int) -> "Inputs":
        """Room for so many rows."""
        return cls(
            numeric=np.empty((n_rows, len(contract.numeric)), np.float32),
            category=np.empty((n_rows, len(contract.category)), object),
            time=np.empty((n_rows, len(contract.times)), np.int64),
        )

    def __len__(self) -> int:
        return len(self.numeric)

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> "Inputs":
        return Inputs(
            numeric=self.numeric[rows], category=self.category[rows], time=self.time[rows]
        )

    def feed(self) -> dict[str, npt.NDArray[Any]]:
        """The graph's feed: the groups that have columns."""
        groups = {"numeric": self.numeric, "category": self.category, "time": self.time}
        return {name: group for name, group in groups.items() if group.shape[1]}


def from_columns(contract: Contract, columns: Mapping[str, Column], n_rows: int) -> Inputs:
    """Group named columns of Python values or arrays; ``None`` and NaN are missing."""
    inputs = Inputs.empty(contract, n_rows)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, so missing
        for index, name in enumerate(contract.numeric):
            inputs.numeric[:, index] = np.asarray(columns[name], np.float64)
    for index, name in enumerate(contract.category):
        inputs.category[:, index] = [canonical_category(value) for value in columns[name]]
    for index, name in enumerate(contract.times):
        inputs.time[:, index] = [_seconds(value, contract.zone) for value in columns[name]]
    return inputs


def _seconds(value: Any, zone: ZoneInfo) -> int:
    if value is None or isinstance(value, datetime):
        return epoch_seconds(value, zone)
    return int(value)
