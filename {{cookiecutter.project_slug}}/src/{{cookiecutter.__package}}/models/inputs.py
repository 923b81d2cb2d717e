"""Rows to the graph's inputs, grouped by type; ``tables.py`` is the same road for tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from ..values import MISSING_CATEGORY, epoch_seconds

Floats = npt.NDArray[np.float32]
Texts = npt.NDArray[np.object_]
Seconds = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What one run of the graph takes; a group without columns has width 0."""

    numeric: Floats
    """``[rows, contract.numeric]``; NaN where missing."""
    category: Texts
    """``[rows, contract.category]``, canonical text."""
    time: Seconds
    """``[rows, contract.times]``, UTC seconds since 1970."""

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


def from_rows(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> Inputs:
    """Group the columns of one row or more; one that is ``None``, or not there, is missing.

    Categories are canonical texts, as a request's are once they are validated; times are ``datetime``
    or, in a bundle's golden rows, already UTC seconds.
    """
    zone = contract.zone
    numbers = [list(map(row.get, contract.numeric)) for row in rows]
    texts = [
        [MISSING_CATEGORY if text is None else text for text in map(row.get, contract.category)]
        for row in rows
    ]
    times = [
        [at if type(at) is int else epoch_seconds(at, zone) for at in map(row.get, contract.times)]
        for row in rows
    ]
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, so missing
        numeric = np.array(numbers, np.float32)
    return Inputs(numeric=numeric, category=np.array(texts, object), time=np.array(times, np.int64))
