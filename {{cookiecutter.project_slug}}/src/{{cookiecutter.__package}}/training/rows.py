"""A split as training uses it: its rows with inputs and labels, and which of them belong together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from torch import Tensor

from ..config import TrainConfig
from ..contract import Contract
from ..data.dataset import Dataset
from ..data.split import Split, row_hashes
from ..errors import DataError
from ..models.days import local_days
from ..models.inputs import Inputs
from ..models.intervals import Bootstrap, numbered
from ..models.metrics import Floats, Integers
from ..models.tables import from_table
from ..models.tasks import task_of
from ..terminal import say
from ..values import canonical_category

FOLDS = 5
DRAWS = 1_000  # 25 of them lie beyond either end of a 95% interval


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a dataset with inputs, and labels as the task encodes them."""

    contract: Contract
    table: pa.Table
    inputs: Inputs
    labels: Floats
    split_by: Mapping[str, Any] = field(default_factory=dict)
    """How the dataset was split, as its manifest says."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, places: Integers) -> "Rows":
        table = self.table.take(pa.array(places))
        return replace(self, table=table, inputs=self.inputs[places], labels=self.labels[places])

    @property
    def times(self) -> Integers:
        """Each row's own time in seconds since 1970."""
        return self.inputs.time[:, self.contract.times.index(self.contract.time or "")]

    @property
    def groups(self) -> Integers | None:
        """The number of each row's group; none where the split has none, or datasets leave it out."""
        name = self.split_by.get("group")
        if name not in self.table.column_names:
            return None
        names = [canonical_category(value) for value in self.table[name].to_pylist()]
        return numbered(np.array(names))


Splits = Mapping[Split, Rows]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Rows as a model's body takes them."""

    numbers: Tensor
    """``[rows, columns]`` float32: the contract's, the calendar's and those of ``features.py``."""
    codes: Tensor
    """``[rows, categories]`` int64."""
    labels: Tensor
    """``[rows]`` float32."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor) -> "Examples":
        return self._of(lambda tensor: tensor[index])

    def __add__(self, other: "Examples") -> "Examples":
        both = (
            (getattr(self, part), getattr(other, part)) for part in ("numbers", "codes", "labels")
        )
        numbers, codes, labels = map(torch.cat, both)
        return Examples(numbers=numbers, codes=codes, labels=labels)

    def to(self, device: torch.device) -> "Examples":
        """The same on a device."""
        return self._of(lambda tensor: tensor.to(device))

    def _of(self, change: Callable[[Tensor], Tensor]) -> "Examples":
        numbers, codes, labels = map(change, (self.numbers, self.codes, self.labels))
        return Examples(numbers=numbers, codes=codes, labels=labels)


def make_rows(contract: Contract, table: pa.Table, split_by: Mapping[str, Any]) -> Rows:
    """A table's rows with their inputs and labels."""
    labels = task_of(contract).encode(table.column(contract.target).to_pylist())
    inputs = from_table(contract, table)
    return Rows(contract=contract, table=table, inputs=inputs, labels=labels, split_by=split_by)


def read_rows(dataset: Dataset, split: Split, settings: TrainConfig) -> Rows:
    """A split; of more rows than ``memory_rows`` every second, third … one."""
    path = dataset.path / f"{split}.parquet"
    n_rows = pq.read_metadata(path).num_rows
    step = ceil(n_rows / settings.memory_rows)
    if step > 1:
        say(f"sample    one of {step} of the {n_rows:,} {split} rows; see train.memory_rows")
        some = pl.scan_parquet(path).gather_every(step)
        table = some.collect(engine="streaming").to_arrow()
    else:
        table = dataset.read(split)
    return make_rows(dataset.contract, table, dataset.manifest.get("split", {}))


def bootstrap_of(rows: Rows, settings: TrainConfig) -> Bootstrap:
    """Draws of whole blocks of rows: of the split's groups, else of local days, else of rows."""
    if (groups := rows.groups) is not None:
        block, unit = groups, f"values of {rows.split_by['group']}"
    elif rows.contract.time is not None:
        block, unit = numbered(local_days(rows.times, rows.contract.zone)), "days"
    else:
        block, unit = np.arange(len(rows)), "rows"
    confidence, seed = settings.gate.confidence, settings.seed
    return Bootstrap(block=block, unit=unit, resamples=DRAWS, confidence=confidence, seed=seed)


def overlap(learned: Sequence[Rows], test: Rows) -> int | None:
    """How many test rows are among those learned, by their id; none where rows have no id."""
    name = test.contract.id
    if name is None:
        return None
    known = np.concatenate([row_hashes(rows.table.select([name])) for rows in learned])
    return int(np.isin(row_hashes(test.table.select([name])), known).sum())


def make_folds(rows: Rows, seed: int) -> list[tuple[Integers, Integers]]:
    """Rows to learn from and rows held out, like the split of the test rows: by time, group or row.

    Of time the past is learned from and the time after it held out. Else each row is held out once,
    no group is on both sides, and labels keep their shares.

    Raises:
        DataError: folds are by group, and the rows are of one group or do not say of which.
    """
    number, by = FOLDS, rows.split_by.get("by", "date")
    if by in {"date", "recent"} and rows.contract.time is not None:
        order = np.argsort(rows.times, kind="stable")
        folds = TimeSeriesSplit(number).split(order)
        return [(np.sort(order[past]), np.sort(order[after])) for past, after in folds]
    regression, groups = rows.contract.task == "regression", None
    kind: Any = KFold if regression else StratifiedKFold
    if by == "group":
        kind, groups = GroupKFold if regression else StratifiedGroupKFold, rows.groups
        if groups is None or not groups.any():
            raise DataError(
                f"so few rows are held out by their '{rows.split_by['group']}', and it has one value"
                " or is personal, so that datasets leave it out: group by another column in"
                " data.yaml, or set train.folds_below_rows to 0"
            )
        number = min(number, int(groups.max()) + 1)
    splitter = kind(number, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(rows)), rows.labels, groups))
