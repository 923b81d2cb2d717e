"""One number for each row: rows that differ in a value differ in it, but for one in 2⁶⁴."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

Hashes = npt.NDArray[np.uint64]
ODD = np.uint64(0x9E3779B97F4A7C15)
NULL = np.uint64(0x1B873593CC9E2D51)


def row_hashes(rows: pa.Table) -> Hashes:
    """Hashes of shape ``(n_rows,)``, equal wherever and however the same values are kept."""
    total: Hashes = np.full(rows.num_rows, NULL)
    for name in rows.schema.names:
        total = (total ^ _hashes(rows[name].combine_chunks())) * ODD
        total ^= total >> np.uint64(29)
    return total


def _hashes(values: pa.Array) -> Hashes:
    if pa.types.is_dictionary(values.type):
        known = _texts(values.dictionary)
        return np.append(known, NULL)[_filled(values.indices, len(known))]
    if pa.types.is_string(values.type):
        return _texts(values)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    numbers = _filled(values, 0)
    if numbers.dtype == np.float64:
        numbers = (numbers + 0.0).view(np.int64)  # one zero
    found: Hashes = hash_array(numbers.astype(np.int64, copy=False), categorize=False)
    if values.null_count:
        found[pc.is_null(values).to_numpy(zero_copy_only=False)] = NULL
    return found


def _texts(texts: pa.Array) -> Hashes:
    found: Hashes = hash_array(
        pc.fill_null(texts, "").to_numpy(zero_copy_only=False).astype(object), categorize=False
    )
    if texts.null_count:
        found[pc.is_null(texts).to_numpy(zero_copy_only=False)] = NULL
    return found


def _filled(values: pa.Array, missing: int) -> npt.NDArray[np.int64]:
    filled: npt.NDArray[np.int64] = pc.fill_null(values, missing).to_numpy(zero_copy_only=False)
    return filled
