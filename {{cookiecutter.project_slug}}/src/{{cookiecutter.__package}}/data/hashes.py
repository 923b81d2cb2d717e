"""One number for each row: rows that differ in a value differ in it, but for one in 2⁶⁴."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
ODD = 0x9E3779B97F4A7C15
NULL = np.uint64(0x1B873593CC9E2D51)
HALF = np.uint64(32)


def row_hashes(rows: pl.DataFrame | pa.Table) -> Hashes:
    """Hashes of shape ``(n_rows,)``, equal in every version of every library.

    A sum over columns, each of whose values is twice folded and multiplied by the column's own odd
    number: once, and floats of few digits would hardly reach the lower bits.
    """
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(pl.from_arrow(rows))
    total: Hashes = np.zeros(len(frame), np.uint64)
    mixed, shifted = np.empty_like(total), np.empty_like(total)
    for place, values in enumerate(frame.iter_columns(), start=1):
        bits, odd = _bits(values), _odd(place)
        np.right_shift(bits, HALF, out=shifted)
        np.bitwise_xor(bits, shifted, out=mixed)
        mixed *= odd
        np.right_shift(mixed, HALF, out=shifted)
        mixed ^= shifted
        mixed *= odd
        total += mixed
    for _ in range(2):  # or a value would move all hashes alike, and so all splits
        total ^= total >> HALF
        total *= np.uint64(ODD)
    total ^= total >> HALF
    return total


def _odd(place: int) -> np.uint64:
    """A column's own multiplier, by the mixing steps of SplitMix64."""
    mixed = place * ODD % 2**64
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % 2**64
    return np.uint64(mixed ^ mixed >> 31 | 1)


def _bits(values: pl.Series) -> Hashes:
    """A number for each value, as different as the values are."""
    if isinstance(values.dtype, pl.String | pl.Categorical | pl.Enum):
        return _texts(values.cast(pl.String))
    if values.dtype.is_float():
        floats = values.cast(pl.Float64).fill_null(NULL.view(np.float64)) + 0.0  # one zero
        return floats.to_numpy().view(np.uint64)
    return values.cast(pl.Int64).fill_null(NULL.view(np.int64)).to_numpy().view(np.uint64)


def _texts(values: pl.Series) -> Hashes:
    from pandas.util import hash_array  # 50 MB, for which who only reads has no use

    known = values.drop_nulls().unique()
    hashes = pl.Series(hash_array(known.to_numpy().astype(object), categorize=False))
    found = values.replace_strict(known, hashes, default=None, return_dtype=pl.UInt64)
    return found.fill_null(NULL).to_numpy()
