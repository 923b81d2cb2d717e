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
from .rows import FILE, RECORD, Chunk, Counts, Layout, quarantine, read_rows, tally

ROW = "_source_row"
Hashes = npt.NDArray[np.uint64]
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
    numbers, hashes, last = [np.empty(0, np.int64)], [np.empty((2, 0), np.uint64)], 0
    empty = pl.DataFrame(schema={n: TYPES[f.type] for n, f in layout.forms.items()})
    with (
        _writer(path, _numbered(empty, numbers[0])) as rows,
        _writer(rejected, quarantine("", [])) as bad,
    ):
        for file in paths:
            start = starts[str(file)] = last
            count = counts[str(file)] = dict.fromkeys(("in", "accepted", "rejected"), 0)
            for chunk in prefetch(read_rows(file, layout, every=drop)):
                numbers.append(chunk.numbers + start)
                if len(chunk.rows):
                    rows.write_table(_arrow(_numbered(chunk.rows, numbers[-1])))
                if no_rows := [*chunk.rejected, *chunk.nulled]:
                    bad.write_table(_arrow(quarantine(str(file), no_rows)))
                if drop:
                    hashes.append(_hashes(chunk))
                count["in"] += chunk.n_in
                count["accepted"] += len(chunk.rows)
                count["rejected"] += len(chunk.rejected)
                tally(reasons, (one.reasons for one in no_rows))
                last = max(last, start + chunk.last)
            advance(file)
    every = np.concatenate(numbers)
    accepted = np.zeros(last + 1, bool)
    accepted[every] = True
    repeated = every[_repeated(*np.concatenate(hashes, axis=1))]
    accepted[repeated] = False
    files = np.searchsorted([*starts.values()], repeated, side="left") - 1
    for count, n in zip(counts.values(), np.bincount(files, minlength=len(counts)), strict=True):
        count |= {"accepted": count["accepted"] - int(n), "duplicates": int(n)}
    return Extraction(path=path, accepted=accepted, starts=starts, counts=counts, reasons=reasons)


def _writer(path: Path, empty: pl.DataFrame) -> pq.ParquetWriter:
    """Texts by their distinct values; not packed, since it is read once and removed."""
    texts = [name for name, kind in empty.schema.items() if kind == pl.String]
    schema = _arrow(empty).schema
    return pq.ParquetWriter(
        path, schema, compression="none", use_dictionary=texts, write_statistics=False
    )


def _numbered(rows: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    return rows.with_columns(pl.Series(ROW, numbers, dtype=pl.UInt32))


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _hashes(chunk: Chunk) -> Hashes:
    """128 bits for each row, ``[2, rows]``."""
    every = chunk.rows.hstack(chunk.others)
    return np.stack([every.hash_rows(seed).to_numpy() for seed in (1, 2)])


def shared(values: Hashes) -> Mask:
    """Which values are there more than once; one sort, so that 17 million take 0.3 GB."""
    ordered = np.sort(values)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(values, twice) if len(twice) else np.zeros(len(values), bool)


def _repeated(first: Hashes, second: Hashes) -> Numbers:
    """Places of rows that repeat an earlier one."""
    among = np.flatnonzero(shared(first))
    pairs = pl.DataFrame({"first": first[among], "second": second[among]})
    again = ~pairs.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    places: Numbers = among[again.to_numpy()]
    return places
