"""A split as training uses it: its rows with inputs and labels, and which of them belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from ..config import TrainConfig
from ..contract import Contract
from ..data.dataset import Dataset
from ..data.split import SPLITS, Split
from ..errors import DataError
from ..models.days import local_days
from ..models.inputs import Inputs, concatenate
from ..models.intervals import numbered
from ..models.preprocess import Prepared
from ..models.tables import from_table
from ..models.tasks import task_of
from ..terminal import say
from ..values import canonical_category

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a dataset with inputs and labels."""

    table: pa.Table
    inputs: Inputs
    labels: Floats
    """As the task encodes them."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, places: Integers) -> "Rows":
        return Rows(
            table=self.table.take(pa.array(places)),
            inputs=self.inputs[places],
            labels=self.labels[places],
        )

    @staticmethod
    def concatenate(first: "Rows", second: "Rows") -> "Rows":
        """One after the other."""
        return Rows(
            table=pa.concat_tables([first.table, second.table]),
            inputs=concatenate(first.inputs, second.inputs),
            labels=np.concatenate([first.labels, second.labels]),
        )


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The rows of a dataset."""

    train: Rows
    validation: Rows
    test: Rows


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Rows as a model's body takes them, with their labels."""

    rows: Prepared
    labels: Tensor
    """``[rows]`` float32, as the task encodes them."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor) -> "Examples":
        return Examples(rows=self.rows[index], labels=self.labels[index])

    def split(self, n_rows: int) -> Iterator["Examples"]:
        """Parts of ``n_rows``, the last of what is left, without a copy."""
        return (self[start : start + n_rows] for start in range(0, len(self), n_rows))

    def to(self, device: torch.device) -> "Examples":
        """The same on a device."""
        rows = Prepared(numbers=self.rows.numbers.to(device), codes=self.rows.codes.to(device))
        return Examples(rows=rows, labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The block of each row, numbered from 0 on without gaps, and what a block is."""

    of: Integers
    unit: str
    """Such as "days" or "rows", for people."""


def read_splits(dataset: Dataset, settings: TrainConfig) -> Splits:
    """All three splits, or as much of each as memory is to hold."""
    return Splits(
        **{name: read_rows(dataset, name, settings.memory_rows, settings.seed) for name in SPLITS}
    )


def read_rows(
    dataset: Dataset, split: Split, most: int = TrainConfig().memory_rows, seed: int = 0
) -> Rows:
    """A split with its inputs and labels; of more rows than ``most``, a random sample, and says so.

    Raises:
        DataError: it has no rows, or it is to be learned from and its labels are all the same.
    """
    contract, path = dataset.contract, dataset.path / f"{split}.parquet"
    n_rows = pq.read_metadata(path).num_rows
    if n_rows > most:
        say(f"sample    {most:,} of {n_rows:,} {split} rows; train.memory_rows holds more")
    table = dataset.read(split) if n_rows <= most else _sample(dataset, path, most, seed)
    task = task_of(contract)
    labels = task.encode(table.column(contract.target).to_pylist())
    needed = 2 if split == "train" else 1
    if task.variety(labels) < needed:
        raise DataError(
            f"the {split} split has {len(labels):,} rows with {task.variety(labels)} different"
            f" '{contract.target}', but needs {needed}; correct target or positive in"
            " contract.yaml, or change the split in data.yaml"
        )
    return Rows(table=table, inputs=from_table(contract, table), labels=labels)


def _sample(dataset: Dataset, path: Path, n_rows: int, seed: int) -> pa.Table:
    """So many rows in the file's order, each as likely; one row group is read at a time."""
    file = pq.ParquetFile(path, read_dictionary=dataset.categories)
    random = np.random.default_rng(seed)
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    counts = random.multivariate_hypergeometric(sizes, n_rows, method="marginals")
    parts = []
    for group, (size, count) in enumerate(zip(sizes, counts, strict=True)):
        chosen = np.sort(random.choice(size, count, replace=False))
        parts.append(file.read_row_group(group).take(pa.array(chosen)))
    return pa.concat_tables(parts)


def blocks(contract: Contract, rows: Rows, split: Mapping[str, Any]) -> Blocks:
    """By the group that the dataset was split by, else by local day, else each row by itself.

    ``split`` is that of the dataset's manifest.
    """
    group = split.get("group")
    if group is not None and group in rows.table.column_names:
        values = [canonical_category(value) for value in rows.table[group].to_pylist()]
        return Blocks(of=numbered(np.array(values, str)), unit=f"values of {group}")
    if contract.time is not None:
        return Blocks(of=numbered(local_days(times(contract, rows), contract.zone)), unit="days")
    absent = "" if group is None else f" (datasets do not keep '{group}', which is personal)"
    return Blocks(of=np.arange(len(rows)), unit=f"rows{absent}")


def times(contract: Contract, rows: Rows) -> Integers:
    """Each row's own time in seconds since 1970."""
    return rows.inputs.time[:, contract.times.index(contract.time or "")]
