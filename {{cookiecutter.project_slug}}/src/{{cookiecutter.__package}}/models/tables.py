"""Tables to the graph's inputs, column by column without Python objects per number."""

from datetime import datetime
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Contract
from ..errors import DataError
from ..values import MISSING_CATEGORY, MISSING_TIME, canonical_category, epoch_seconds
from .inputs import Floats, Inputs, Seconds, Texts


def from_table(contract: Contract, table: pa.Table | pa.RecordBatch | pl.DataFrame) -> Inputs:
    """Group a table's columns by name; others are ignored, and equal texts are one object.

    Raises:
        DataError: a feature is not there, or its values are not of the contract's type.
    """
    rows = table.to_arrow() if isinstance(table, pl.DataFrame) else table
    absent = [name for name in contract.features if name not in rows.schema.names]
    if absent:
        raise DataError(
            f"the rows have no column {', '.join(map(repr, absent))};"
            f" the contract's features are {', '.join(contract.features)}"
        )
    inputs = Inputs.empty(contract, rows.num_rows)
    for index, name in enumerate(contract.numeric):
        inputs.numeric[:, index] = _numbers(rows, name)
    for index, name in enumerate(contract.category):
        inputs.category[:, index] = _texts(rows, name)
    for index, name in enumerate(contract.times):
        inputs.time[:, index] = _seconds(rows, name, contract.zone)
    return inputs


def _column(table: pa.Table | pa.RecordBatch, name: str) -> pa.Array:
    column = table.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _cast(column: pa.Array, name: str, kind: pa.DataType, *, safe: bool = True) -> pa.Array:
    try:
        return column.cast(kind, safe=safe)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"column '{name}' ({column.type}) does not hold {kind} values: {error}"
        ) from None


def _numbers(table: pa.Table | pa.RecordBatch, name: str) -> Floats:
    """Rounded to float64 and then to float32, as those of a request; NaN where not finite."""
    column = _cast(_column(table, name), name, pa.float64(), safe=False)
    with np.errstate(over="ignore"):
        numbers: Floats = column.to_numpy(zero_copy_only=False).astype(np.float32)
    return np.where(np.isfinite(numbers), numbers, np.float32(np.nan))


def _texts(table: pa.Table | pa.RecordBatch, name: str) -> Texts:
    """A category's canonical texts, each distinct one computed once."""
    column = _column(table, name)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = [intern(canonical_category(value)) for value in encoded.dictionary.to_pylist()]
    indices = encoded.indices.cast(pa.int64())  # narrow ones have no room for one more
    codes = pc.fill_null(indices, len(values)).to_numpy(zero_copy_only=False)
    texts: Texts = np.array([*values, MISSING_CATEGORY], object)[codes]
    return texts


def _seconds(table: pa.Table | pa.RecordBatch, name: str, zone: ZoneInfo) -> Seconds:
    """UTC seconds, cut towards the past; text is ISO 8601, and a time without offset is local."""
    column = _column(table, name)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return np.array([_parsed(text, name, zone) for text in column.to_pylist()], np.int64)
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
        naive = _cast(column, name, pa.timestamp("us")).to_pylist()
        return np.array([epoch_seconds(value, zone) for value in naive], np.int64)
    micros = _cast(column, name, pa.timestamp("us", "UTC")).cast(pa.int64())
    missing: npt.NDArray[Any] = micros.is_null().to_numpy(zero_copy_only=False)
    seconds = pc.fill_null(micros, 0).to_numpy(zero_copy_only=False) // 1_000_000
    return np.where(missing, MISSING_TIME, seconds)


def _parsed(text: str | None, name: str, zone: ZoneInfo) -> int:
    try:
        return epoch_seconds(datetime.fromisoformat(text.strip()) if text else None, zone)
    except ValueError:
        raise DataError(
            f"column '{name}' (string): '{text}' is no time; write it as 2024-12-31T23:59:59+01:00"
        ) from None
