"""One number for each row: rows that differ in a value differ in it, but for one in 2⁶⁴."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
NULL = 0x1B873593CC9E2D51


def row_hashes(rows: pl.DataFrame | pa.Table) -> Hashes:
    """Hashes of shape ``(n_rows,)``, equal in every version of every library."""
    from pandas.util import hash_array  # 50 MB, for which who only reads has no use

    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(pl.from_arrow(rows))
    total: Hashes = np.zeros(len(frame), np.uint64)
    for values in frame.iter_columns():
        if isinstance(values.dtype, pl.String | pl.Categorical | pl.Enum):
            known = values.cast(pl.String).drop_nulls().unique()
            hashes = pl.Series(hash_array(known.to_numpy().astype(object), categorize=False))
            bits = values.cast(pl.String).replace_strict(known, hashes, default=None)
        elif values.dtype.is_float():
            floats = values.cast(pl.Float64) + 0.0  # one zero
            bits = pl.Series(floats.fill_null(np.nan).to_numpy().view(np.uint64))
        else:
            bits = values.cast(pl.Int64).reinterpret(signed=False)
        total = hash_array(total + bits.cast(pl.UInt64).fill_null(NULL).to_numpy())
    return total
