"""A split as training uses it: its rows with inputs and labels, and which of them belong together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
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
from ..models.inputs import Inputs, concatenate
from ..models.intervals import Bootstrap, numbered
from ..models.preprocess import Prepared
from ..models.tables import from_table
from ..models.tasks import task_of
from ..terminal import say
from ..values import canonical_category

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Fold = tuple[Integers, Integers]
"""Rows to learn from, and rows held out."""
SplitBy = Mapping[str, Any]
"""How the dataset was split, as its manifest says."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a dataset with inputs, and labels as the task encodes them."""

    table: pa.Table
    inputs: Inputs
    labels: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, places: Integers) -> "Rows":
        table = self.table.take(pa.array(places))
        return Rows(table=table, inputs=self.inputs[places], labels=self.labels[places])

    @staticmethod
    def concatenate(first: "Rows", second: "Rows") -> "Rows":
        """One after the other."""
        return Rows(
            table=pa.concat_tables([first.table, second.table]),
            inputs=concatenate(first.inputs, second.inputs),
            labels=np.concatenate([first.labels, second.labels]),
        )


Splits = Mapping[Split, Rows]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Rows as a model's body takes them, with labels ``[rows]`` in float32."""

    rows: Prepared
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor) -> "Examples":
        return Examples(rows=self.rows[index], labels=self.labels[index])

    def split(self, n_rows: int) -> Iterator["Examples"]:
        """Parts of ``n_rows``, without a copy; the last one holds the rest."""
        return (self[start : start + n_rows] for start in range(0, len(self), n_rows))

    def to(self, device: torch.device) -> "Examples":
        """The same on a device."""
        rows = Prepared(numbers=self.rows.numbers.to(device), codes=self.rows.codes.to(device))
        return Examples(rows=rows, labels=self.labels.to(device))


def read_rows(dataset: Dataset, split: Split, settings: TrainConfig) -> Rows:
    """A split with its inputs and labels; of more rows than ``memory_rows`` a random sample.

    Raises:
        DataError: it has no rows, or it is to be learned from and all of its labels are the same.
    """
    contract, path = dataset.contract, dataset.path / f"{split}.parquet"
    n_rows, most = pq.read_metadata(path).num_rows, settings.memory_rows
    if n_rows <= most:
        table = dataset.read(split)
    else:
        say(f"sample    {most:,} of {n_rows:,} {split} rows; train.memory_rows holds more")
        places = np.random.default_rng(settings.seed).choice(n_rows, most, replace=False)
        rows = pl.scan_parquet(path, row_index_name="_place")
        rows = rows.filter(pl.col("_place").is_in(pl.Series(places).cast(pl.UInt32).implode()))
        table = rows.sort("_place").drop("_place").collect(engine="streaming").to_arrow()
    task = task_of(contract)
    labels = task.encode(table.column(contract.target).to_pylist())
    variety, needed = task.variety(labels), 2 if split == "train" else 1
    if variety < needed:
        raise DataError(
            f"the {split} split has {len(labels):,} rows with {variety} different"
            f" '{contract.target}', but needs {needed}; correct target or positive in"
            " contract.yaml, or change the split in data.yaml"
        )
    return Rows(table=table, inputs=from_table(contract, table), labels=labels)


def bootstrap_of(
    contract: Contract, rows: Rows, split: SplitBy, settings: TrainConfig
) -> Bootstrap:
    """Draws of whole blocks of rows: of the split's groups, else of local days, else of rows."""
    group = split.get("group")
    if group is not None and group in rows.table.column_names:
        values = [canonical_category(value) for value in rows.table[group].to_pylist()]
        block, unit = numbered(np.array(values, str)), f"values of {group}"
    elif contract.time is not None:
        block, unit = numbered(local_days(times(contract, rows), contract.zone)), "days"
    else:
        absent = f" (datasets do not keep '{group}', which is personal)" if group else ""
        block, unit = np.arange(len(rows)), f"rows{absent}"
    resamples, confidence = settings.gate.resamples, settings.gate.confidence
    return Bootstrap(
        block=block, unit=unit, resamples=resamples, confidence=confidence, seed=settings.seed
    )


def times(contract: Contract, rows: Rows) -> Integers:
    """Each row's own time in seconds since 1970."""
    return rows.inputs.time[:, contract.times.index(contract.time or "")]


def overlap(contract: Contract, learned: Sequence[Rows], test: Rows) -> tuple[int, int]:
    """How many test rows are among those learned, and up to how many say nothing.

    Rows are told apart by their id, or without one by all their values. Rows of few columns look
    alike: about the share of learned rows that have a twin among themselves is met among test rows
    too, give or take three standard errors.
    """
    names = [name for name, column in contract.columns.items() if not column.pii]
    names = [contract.id] if contract.id in names else names
    hashes = np.concatenate([row_hashes(rows.table.select(names)) for rows in learned])
    distinct, counts = np.unique(hashes, return_counts=True)
    twins, n = counts[counts > 1].sum() / max(len(hashes), 1), len(test)
    expected = twins * n + 3 * np.sqrt(twins * (1 - twins) * n)
    shared = np.isin(row_hashes(test.table.select(names)), distinct).sum()
    return int(shared), min(int(expected), n)


def make_folds(rows: Rows, contract: Contract, settings: TrainConfig, split: SplitBy) -> list[Fold]:
    """Folds like the split between training and test: by time, by group, or by rows.

    Of time the past is learned from and the time after it held out. Else each row is held out once,
    no group is on both sides, and labels keep their shares.

    Raises:
        DataError: folds are by group, and the rows are of one group or do not say of which.
    """
    number, by = settings.folds.number, split.get("by", "date")
    if by in {"date", "recent"} and contract.time is not None:
        order = np.argsort(times(contract, rows), kind="stable")
        folds = TimeSeriesSplit(number).split(order)
        return [(np.sort(order[past]), np.sort(order[after])) for past, after in folds]
    regression, groups = contract.task == "regression", None
    kind: Any = KFold if regression else StratifiedKFold
    if by == "group":
        kind = GroupKFold if regression else StratifiedGroupKFold
        groups = _groups(rows, split["group"])
        number = min(number, int(groups.max()) + 1)
    splitter = kind(number, shuffle=True, random_state=settings.seed)
    return list(splitter.split(np.zeros(len(rows)), rows.labels, groups))


def _groups(rows: Rows, name: str) -> Integers:
    """The number of each row's group."""
    texts = rows.table[name].cast("string") if name in rows.table.column_names else []
    groups = numbered(np.array(texts).astype(str))
    if not groups.any():
        raise DataError(
            f"so few rows are held out by data.split.group, and the training and validation rows have"
            f" {'one' if len(groups) else 'no'} '{name}' (datasets leave personal columns out): group"
            " by another column, or set train.folds.below_rows to 0"
        )
    return groups
