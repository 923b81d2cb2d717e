"""A split as training uses it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ..config import TrainConfig
from ..contract import Contract
from ..data.dataset import Dataset
from ..data.split import SPLITS, Split
from ..errors import DataError
from ..models.inputs import Inputs, concatenate
from ..models.preprocess import Prepared
from ..models.tables import from_table
from ..models.tasks import task_of
from ..terminal import say
from .batches import Labelled, Streamed

Floats = npt.NDArray[np.float64]
Weigh = Callable[[Floats], Floats]
"""Labels to how much their rows count."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows with inputs and labels."""

    table: pa.Table
    inputs: Inputs
    labels: Floats
    """As the task encodes them."""
    sample_of: Path | None = None
    """The file of the whole split, if these rows are but a sample of it."""

    @property
    def total(self) -> int:
        """Rows of the whole split."""
        if self.sample_of is None:
            return len(self.labels)
        return int(pq.read_metadata(self.sample_of).num_rows)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, places: npt.NDArray[np.int64]) -> "Rows":
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


def read_rows(
    dataset: Dataset, split: Split, *, most: int = TrainConfig().memory_rows, seed: int = 0
) -> Rows:
    """A split with its inputs and labels; of more rows than ``most``, as many drawn by chance.

    Raises:
        DataError: it has no rows, or it is to be learned from and its labels are all the same.
    """
    contract = dataset.contract
    path = dataset.path / f"{split}.parquet"
    whole = pq.read_metadata(path).num_rows <= most
    rows = dataset.read(split) if whole else _drawn(dataset, path, most, seed)
    task = task_of(contract)
    labels = task.encode(rows.column(contract.target).to_pylist())
    needed = 2 if split == "train" else 1
    if task.variety(labels) < needed:
        raise DataError(
            f"the {split} split has {len(labels):,} rows with {task.variety(labels)} different"
            f" '{contract.target}', but needs {needed}; correct target or positive in"
            " contract.yaml, or change the split in data.yaml"
        )
    inputs = from_table(contract, rows)
    return Rows(table=rows, inputs=inputs, labels=labels, sample_of=None if whole else path)


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The rows of a dataset."""

    train: Rows
    validation: Rows
    test: Rows


def read_splits(dataset: Dataset, settings: TrainConfig) -> Splits:
    """All three, or as much of each as memory is to hold."""
    read = {
        split: read_rows(dataset, split, most=settings.memory_rows, seed=settings.seed)
        for split in SPLITS
    }
    return Splits(**read)


def stream(
    contract: Contract,
    settings: TrainConfig,
    rows: Rows,
    prepare: Callable[[Inputs], Prepared],
    weigh: Weigh | None,
) -> Streamed | None:
    """All rows of the split's file, where ``rows`` are but a sample of them."""
    if rows.sample_of is None:
        return None
    task, target = task_of(contract), contract.target

    def decode(batch: pa.RecordBatch) -> Labelled:
        labels = task.encode(batch.column(target).to_pylist())
        return labelled(prepare(from_table(contract, batch)), labels, weigh)

    say(
        f"stream    {rows.total:,} training rows from {rows.sample_of}, through a buffer of"
        f" {settings.buffer_rows:,}; all but networks learn from {len(rows):,} of them"
    )
    return Streamed(
        path=rows.sample_of,
        columns=[*contract.features, target],
        decode=decode,
        buffer_rows=settings.buffer_rows,
        seed=settings.seed,
    )


def labelled(prepared: Prepared, labels: Floats, weigh: Weigh | None = None) -> Labelled:
    """Prepared rows with their labels, and the weights that ``weigh`` gives these."""
    weights = None if weigh is None else torch.from_numpy(weigh(labels)).float()
    return Labelled(rows=prepared, labels=torch.from_numpy(labels).float(), weights=weights)


def _drawn(dataset: Dataset, path: Path, n_rows: int, seed: int) -> pa.Table:
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
