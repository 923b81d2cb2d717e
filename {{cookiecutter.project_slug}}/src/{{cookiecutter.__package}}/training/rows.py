"""A split as training uses it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..data.dataset import Dataset
from ..data.split import Split
from ..errors import DataError
from ..models.arrow import from_table
from ..models.inputs import Inputs
from ..models.tasks import task_of


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows with inputs and labels."""

    table: pa.Table
    inputs: Inputs
    labels: npt.NDArray[np.float64]
    """As the task encodes them."""


def read_rows(dataset: Dataset, split: Split) -> Rows:
    """A split with its inputs and labels.

    Raises:
        DataError: it has no rows, or it is to be learned from and its labels are all the same.
    """
    contract = dataset.contract
    rows = dataset.read(split)
    task = task_of(contract)
    labels = task.encode(rows.column(contract.target).to_pylist())
    needed = 2 if split == "train" else 1
    if task.variety(labels) < needed:
        raise DataError(
            f"the {split} split has {len(labels):,} rows with {task.variety(labels)} different"
            f" '{contract.target}', but needs {needed}; correct target or positive in"
            " contract.yaml, or change the split in data.yaml"
        )
    return Rows(table=rows, inputs=from_table(contract, rows), labels=labels)
