"""A source into one typed Parquet file; what cannot be read goes into quarantine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from .cast import TYPES
from .prefetch import prefetch
from .read import Numbers
from .rows import FILE, RECORD, Counts, Layout, quarantine, read_rows, tally

ROW = "_source_row"
Hashes = tuple[list[npt.NDArray[np.uint64]], list[npt.NDArray[np.uint64]]]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A source's rows on disk, typed; each is known by its place among all records, from 1."""

    path: Path
    """Parquet with the declared columns and ``_source_row``."""
    accepted: Mask
    """Which rows may go on, by their number."""
    starts: dict[str, int]
    """The number before each file's first row."""
    counts: dict[str, Counts]
    """Of each file: rows in, accepted, rejected, duplicates."""
    reasons: Counts
    """How many rows were rejected, or lost a value, and why."""

    def total(self, key: str) -> int:
        """A count of all files together."""
        return sum(count[key] for count in self.counts.values())

    def places(self, rows: Numbers) -> pl.DataFrame:
        """File and record of row numbers."""
        starts = np.array([*self.starts.values()])
        files = np.searchsorted(starts, rows, side="left") - 1
        names = pl.Series([*self.starts], dtype=pl.String)
        return pl.DataFrame({FILE: names.gather(files), RECORD: rows - starts[files]})

    def table(self, *, numbered: bool) -> pl.LazyFrame:
        """The accepted rows; only the driving source's are numbered."""
        rows = pl.scan_parquet(self.path)
        if self.total("duplicates"):
            accepted = pl.Series(self.accepted)
            first = pl.col(ROW).map_batches(accepted.gather, pl.Boolean, is_elementwise=True)
            rows = rows.filter(first)
        return rows if numbered else rows.drop(ROW)


def extract(
    name: str,
    paths: Sequence[Path],
    layout: Layout,
    scratch: Path,
    rejected: Path,
    advance: Callable[[Path], None],
) -> Extraction:
    """Read every file of a source once; the file ``rejected`` gets what is no row.

    Raises:
        DataError: a file is damaged, or a value breaks a rule whose mode is fail.
    """
    path = scratch / f"{name}.parquet"
    drop = layout.source.repeats == "drop"
    starts: dict[str, int] = {}
    counts: dict[str, Counts] = {}
    reasons: Counts = {}
    numbers, last = [np.empty(0, np.uint32)], 0
    hashes: Hashes = [], []
    empty = pl.DataFrame(schema={n: TYPES[f.type] for n, f in layout.forms.items()})
    with (
        _writer(path, _numbered(empty, numbers[0]), "none") as rows,  # is read once and removed
        _writer(rejected, quarantine("", []), "zstd") as bad,
    ):
        for file in paths:
            start = starts[str(file)] = last
            count = counts[str(file)] = dict.fromkeys(("in", "accepted", "rejected"), 0)
            for chunk in prefetch(read_rows(file, layout, every=drop)):
                numbers.append((chunk.numbers + start).astype(np.uint32))
                if len(chunk.rows):
                    rows.write_table(_arrow(_numbered(chunk.rows, numbers[-1])))
                if no_rows := [*chunk.rejected, *chunk.nulled]:
                    bad.write_table(_arrow(quarantine(str(file), no_rows)))
                if drop:
                    every = chunk.rows.hstack(chunk.others)
                    for part, seed in zip(hashes, (1, 2), strict=True):
                        part.append(every.hash_rows(seed).to_numpy())
                count["in"] += chunk.n_in
                count["accepted"] += len(chunk.rows)
                count["rejected"] += len(chunk.rejected)
                tally(reasons, (one.reasons for one in no_rows))
                last = max(last, start + chunk.last)
            advance(file)
    accepted = np.zeros(last + 1, bool)
    rows_of = np.concatenate(numbers)
    accepted[rows_of] = True
    accepted[repeated := rows_of[_repeated(*hashes)]] = False
    _subtract(repeated.astype(np.int64), starts, counts)
    return Extraction(path=path, accepted=accepted, starts=starts, counts=counts, reasons=reasons)


def _subtract(repeated: Numbers, starts: dict[str, int], counts: dict[str, Counts]) -> None:
    """Count repeated rows as such, in each file."""
    files = np.searchsorted([*starts.values()], repeated, side="left") - 1
    for count, n in zip(counts.values(), np.bincount(files, minlength=len(counts)), strict=True):
        count |= {"accepted": count["accepted"] - int(n), "duplicates": int(n)}


def _writer(path: Path, empty: pl.DataFrame, compression: str) -> pq.ParquetWriter:
    texts = [name for name, kind in empty.schema.items() if kind == pl.String]
    schema = _arrow(empty).schema
    return pq.ParquetWriter(
        path, schema, compression=compression, use_dictionary=texts, write_statistics=False
    )


def _numbered(rows: pl.DataFrame, numbers: npt.NDArray[np.uint32]) -> pl.DataFrame:
    return rows.with_columns(pl.Series(ROW, numbers, dtype=pl.UInt32))


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def shared(values: npt.NDArray[np.uint64]) -> Mask:
    """Which values are there more than once; one sort, so that 17 million take 0.3 GB."""
    ordered = np.sort(values)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(values, twice) if len(twice) else np.zeros(len(values), bool)


def _repeated(*hashes: list[npt.NDArray[np.uint64]]) -> Numbers:
    """Places of rows that repeat an earlier one, by two hashes of 64 bits each; they are used up."""
    first = np.concatenate([np.empty(0, np.uint64), *hashes[0]])
    hashes[0].clear()
    among = np.flatnonzero(shared(first))
    if not len(among):
        return among
    pairs = pl.DataFrame({"first": first[among], "second": np.concatenate(hashes[1])[among]})
    again = ~pairs.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    places: Numbers = among[again.to_numpy()]
    return places
