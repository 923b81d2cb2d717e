"""Tables to the graph's inputs, column by column without a Python object for each number."""

from sys import intern
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa

from ..contract import Contract
from ..errors import DataError
from ..values import MISSING_TIME, canonical_category, epoch_seconds
from .inputs import Floats, Inputs, Seconds, Texts


def from_table(contract: Contract, table: pa.Table | pa.RecordBatch | pl.DataFrame) -> Inputs:
    """Group a table's columns by name; others are ignored, and equal texts are one object.

    Raises:
        DataError: a feature is not there, or its values are not of the contract's type.
    """
    names = table.columns if isinstance(table, pl.DataFrame) else table.schema.names
    if absent := [name for name in contract.features if name not in names]:
        raise DataError(
            f"the rows have no column {', '.join(map(repr, absent))};"
            f" the contract's features are {', '.join(contract.features)}"
        )
    frame, n_rows = pl.DataFrame(table.select(list(contract.features))), len(table)
    inputs = Inputs(
        numeric=np.empty((n_rows, len(contract.numeric)), np.float32),
        category=np.empty((n_rows, len(contract.category)), object),
        time=np.empty((n_rows, len(contract.times)), np.int64),
    )
    for index, name in enumerate(contract.numeric):
        inputs.numeric[:, index] = _numbers(frame[name])
    for index, name in enumerate(contract.category):
        inputs.category[:, index] = _texts(frame[name])
    for index, name in enumerate(contract.times):
        inputs.time[:, index] = _seconds(frame[name], contract.zone)
    return inputs


def _numbers(column: pl.Series) -> Floats:
    """Rounded to float64 and then to float32, as those of a request; NaN where not finite."""
    try:
        numbers = column.cast(pl.Float64).cast(pl.Float32).to_numpy()
    except pl.exceptions.PolarsError as error:
        kind = column.dtype
        raise DataError(f"column '{column.name}' ({kind}) holds no numbers: {error}") from None
    return np.where(np.isfinite(numbers), numbers, np.float32(np.nan))


def _texts(column: pl.Series) -> Texts:
    """A category's canonical texts, each distinct one computed once."""
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    distinct = column.unique()
    places = pl.Series(range(len(distinct)), dtype=pl.Int64)
    codes = column.replace_strict(distinct, places, return_dtype=pl.Int64)
    texts = np.array([intern(canonical_category(value)) for value in distinct], object)
    return np.asarray(texts[codes.to_numpy().astype(np.int64)])


def _seconds(column: pl.Series, zone: ZoneInfo) -> Seconds:
    """UTC seconds, cut towards the past; a time without offset is local."""
    if not column.dtype.is_temporal() and column.dtype != pl.Null:
        raise DataError(f"column '{column.name}' ({column.dtype}) holds no times")
    zoned = getattr(column.dtype, "time_zone", None)
    times = column.cast(pl.Datetime("us", zoned))
    if zoned is None:
        return np.array([epoch_seconds(value, zone) for value in times], np.int64)
    return (times.dt.timestamp("us") // 1_000_000).fill_null(MISSING_TIME).to_numpy()
