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


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows with inputs and labels."""

    table: pa.Table
    inputs: Inputs
    labels: npt.NDArray[np.float64]


def read_rows(dataset: Dataset, split: Split) -> Rows:
    """A split with its inputs and its labels as 0 and 1.

    Raises:
        DataError: it does not have rows of both classes.
    """
    contract = dataset.contract
    rows = dataset.read(split)
    target = rows.column(contract.target).to_numpy(zero_copy_only=False)
    labels = (target == contract.positive).astype(np.float64)
    positive = int(labels.sum())
    if not 0 < positive < len(labels):
        raise DataError(
            f"of the {len(labels):,} {split} rows, {positive:,} have '{contract.target}' ="
            f" {contract.positive!r}; both classes are needed: correct 'positive' in contract.yaml"
            " or move the dates of the split in data.yaml"
        )
    return Rows(table=rows, inputs=from_table(contract, rows), labels=labels)
