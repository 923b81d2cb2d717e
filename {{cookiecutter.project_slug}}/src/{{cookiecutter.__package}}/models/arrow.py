"""Arrow tables to the graph's inputs, column by column without Python objects per number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Contract
from ..errors import DataError
from ..values import MISSING_CATEGORY, MISSING_TIME, canonical_category, epoch_seconds
from .inputs import Floats, Inputs, Seconds, Texts

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Inputs of many rows, each text of which is kept once."""

    numeric: Floats
    """``[rows, contract.numeric]``; NaN where missing."""
    codes: Codes
    """``[rows, contract.category]``, places in ``texts``."""
    time: Seconds
    """``[rows, contract.times]``, UTC seconds since 1970."""
    texts: Texts
    """``[texts]``, canonical; one may stand there more than once."""

    def __len__(self) -> int:
        return len(self.numeric)

    def __getitem__(self, rows: npt.NDArray[Any]) -> "Packed":
        return Packed(
            numeric=self.numeric[rows],
            codes=self.codes[rows],
            time=self.time[rows],
            texts=self.texts,
        )

    @property
    def nbytes(self) -> int:
        """Of its arrays."""
        return self.numeric.nbytes + self.codes.nbytes + self.time.nbytes

    def unpacked(self) -> Inputs:
        """What a run of the graph takes."""
        return Inputs(numeric=self.numeric, category=self.texts[self.codes], time=self.time)


def from_table(contract: Contract, table: pa.Table | pa.RecordBatch) -> Inputs:
    """Group a table's columns by name; others are ignored.

    Raises:
        DataError: a feature is not there, or its values are not of the contract's type.
    """
    return pack(contract, table).unpacked()


def pack(contract: Contract, table: pa.Table | pa.RecordBatch) -> Packed:
    """Group a table's columns as ``from_table`` does, and keep each text once.

    Raises:
        DataError: a feature is not there, or its values are not of the contract's type.
    """
    absent = [name for name in contract.features if name not in table.schema.names]
    if absent:
        raise DataError(
            f"the rows have no column {', '.join(map(repr, absent))};"
            f" the contract's features are {', '.join(contract.features)}"
        )
    n_rows, zone = table.num_rows, contract.zone
    texts, codes = [np.empty(0, object)], []
    for name in contract.category:
        found, places = _coded(table, name)
        codes.append(places + sum(map(len, texts)))
        texts.append(found)
    return Packed(
        numeric=_stack([_numbers(table, name) for name in contract.numeric], n_rows, np.float32),
        codes=_stack(codes, n_rows, np.int32),
        time=_stack([_seconds(table, name, zone) for name in contract.times], n_rows, np.int64),
        texts=np.concatenate(texts),
    )


def _stack(columns: list[npt.NDArray[Any]], n_rows: int, dtype: Any) -> npt.NDArray[Any]:
    stacked: npt.NDArray[Any] = np.empty((n_rows, len(columns)), dtype)
    for index, column in enumerate(columns):
        stacked[:, index] = column
    return stacked


def _cast(
    table: pa.Table | pa.RecordBatch, name: str, kind: pa.DataType, *, safe: bool = True
) -> pa.Array:
    column = table.column(name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    try:
        return column.cast(kind, safe=safe)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"column '{name}' ({column.type}) does not hold {kind} values: {error}"
        ) from None


def _numbers(table: pa.Table | pa.RecordBatch, name: str) -> Floats:
    """Rounded to float64 and then to float32, as those of a request; NaN where not finite."""
    values = _cast(table, name, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        numbers: Floats = values.astype(np.float32)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _coded(table: pa.Table | pa.RecordBatch, name: str) -> tuple[Texts, npt.NDArray[np.int64]]:
    """A category's canonical texts, and which of them each row has."""
    column = table.column(name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = [canonical_category(value) for value in encoded.dictionary.to_pylist()]
    texts = np.array([*values, MISSING_CATEGORY], object)
    indices = encoded.indices.cast(pa.int64())  # narrow ones have no room for one more
    codes: npt.NDArray[np.int64] = pc.fill_null(indices, len(values)).to_numpy(zero_copy_only=False)
    return texts, codes


def _seconds(table: pa.Table | pa.RecordBatch, name: str, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """UTC seconds, cut towards the past; text is ISO 8601, and a time without offset is local."""
    kind = table.schema.field(name).type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = table.column(name).to_pylist()
        return np.array([_parsed(text, name, zone) for text in texts], np.int64)
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
        naive = _cast(table, name, pa.timestamp("us")).to_pylist()
        return np.array([epoch_seconds(value, zone) for value in naive], np.int64)
    micros = _cast(table, name, pa.timestamp("us", "UTC")).cast(pa.int64())
    missing = micros.is_null().to_numpy(zero_copy_only=False)
    seconds = pc.fill_null(micros, 0).to_numpy(zero_copy_only=False) // 1_000_000
    return np.where(missing, MISSING_TIME, seconds)


def _parsed(text: str | None, name: str, zone: ZoneInfo) -> int:
    try:
        return epoch_seconds(datetime.fromisoformat(text.strip()) if text else None, zone)
    except ValueError:
        raise DataError(
            f"column '{name}' (string): '{text}' is no time; write it as 2024-12-31T23:59:59+01:00"
        ) from None
