"""A source into one typed Parquet file; what cannot be read goes into quarantine."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
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
from .rows import (
    FILE,
    QUARANTINED,
    RECORD,
    Chunk,
    Counts,
    Layout,
    quarantine,
    read_rows,
    tally,
)

ROW = "_source_row"
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A source's rows on disk, typed; each is known by its place among all records, from 1."""

    path: Path
    """Parquet with ``_source_row`` and the declared columns."""
    accepted: Mask
    """Which rows may go on, by their number."""
    starts: dict[str, int]
    """The number before each file's first row."""
    counts: dict[str, Counts]
    """Of each file: rows in, accepted, rejected, duplicates."""
    reasons: Counts
    """How many rows were rejected or mended, and why."""

    @property
    def total(self) -> Counts:
        """Of all files together."""
        keys = ("in", "accepted", "rejected", "duplicates")
        return {key: sum(count[key] for count in self.counts.values()) for key in keys}

    def places(self, rows: Numbers) -> pl.DataFrame:
        """File and record of row numbers."""
        starts = np.array([*self.starts.values()])
        files = np.searchsorted(starts, rows, side="left") - 1
        names = pl.Series([*self.starts], dtype=pl.String)
        return pl.DataFrame({FILE: names.gather(files), RECORD: rows - starts[files]})

    def table(self, *, numbered: bool) -> pl.LazyFrame:
        """The accepted rows; only the driving source's are numbered."""
        rows = pl.scan_parquet(self.path)
        if self.total["duplicates"]:
            accepted = pl.Series(self.accepted)
            rows = rows.filter(
                pl.col(ROW).map_batches(accepted.gather, pl.Boolean, is_elementwise=True)
            )
        return rows if numbered else rows.drop(ROW)


def extract(
    name: str,
    paths: Sequence[Path],
    layout: Layout,
    scratch: Path,
    target: Path,
    advance: Callable[[Path], None],
) -> Extraction:
    """Read every file of a source once; ``target`` gets what is rejected.

    Raises:
        DataError: a file is damaged, or a value breaks a rule whose mode is fail.
    """
    path = scratch / f"{name}.parquet"
    drop = layout.source.repeats == "drop"
    starts: dict[str, int] = {}
    counts: dict[str, Counts] = {}
    reasons: Counts = {}
    numbers: list[Numbers] = []
    hashes: list[tuple[npt.NDArray[np.uint64], ...]] = []
    last = 0
    with _Writer(path, layout) as rows, _Rejections(target) as rejections:
        for file in paths:
            starts[str(file)] = last
            count = counts[str(file)] = {"in": 0, "accepted": 0, "rejected": 0, "duplicates": 0}
            for chunk in prefetch(read_rows(file, layout, every=drop)):
                numbers.append(chunk.numbers + starts[str(file)])
                rows.write(chunk, numbers[-1])
                rejections.write(str(file), chunk)
                if drop:
                    every = chunk.rows.hstack(chunk.others)
                    hashes.append(tuple(every.hash_rows(seed).to_numpy() for seed in (1, 2)))
                count["in"] += chunk.n_in
                count["accepted"] += len(chunk.rows)
                count["rejected"] += len(chunk.rejected)
                for group in (chunk.rejected, chunk.nulled):
                    tally(reasons, (one.reasons for one in group))
                last = max(last, starts[str(file)] + chunk.last)
            advance(file)
    every_row = np.concatenate([np.empty(0, np.int64), *numbers])
    accepted = np.zeros(last + 1, bool)
    accepted[every_row] = True
    if drop and len(every_row):
        repeated = every_row[_repeated(*map(np.concatenate, zip(*hashes, strict=True)))]
        accepted[repeated] = False
        _subtract(repeated, starts, counts)
    return Extraction(path=path, accepted=accepted, starts=starts, counts=counts, reasons=reasons)


class _Writer:
    """Typed rows into a Parquet file."""

    def __init__(self, path: Path, layout: Layout) -> None:
        kinds = {name: TYPES[form.type] for name, form in layout.forms.items()}
        self.empty = pl.DataFrame(schema={ROW: pl.UInt32(), **kinds})
        schema = _arrow(self.empty).schema
        texts = [name for name, kind in kinds.items() if kind == pl.String]
        self.file = pq.ParquetWriter(
            path, schema, compression="lz4", use_dictionary=texts, write_statistics=False
        )

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, chunk: Chunk, numbers: Numbers) -> None:
        if len(numbers):
            numbered = pl.Series(ROW, numbers, dtype=pl.UInt32)
            self.file.write_table(_arrow(chunk.rows.insert_column(0, numbered)))
            chunk.rows.drop_in_place(ROW)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


class _Rejections:
    """Rejected records into a Parquet file."""

    def __init__(self, path: Path) -> None:
        self.stack = ExitStack()
        schema = _arrow(pl.DataFrame(schema=QUARANTINED)).schema
        self.file = self.stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))

    def __enter__(self) -> "_Rejections":
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def write(self, file: str, chunk: Chunk) -> None:
        if rejected := [*chunk.rejected, *chunk.nulled]:
            self.file.write_table(_arrow(quarantine(file, rejected)))


def shared(values: npt.NDArray[np.uint64]) -> Mask:
    """Which values are there more than once; one sort, so that 17 million take 0.3 GB."""
    ordered = np.sort(values)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(values, twice) if len(twice) else np.zeros(len(values), bool)


def _repeated(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> Numbers:
    """Places of rows that repeat an earlier one, by 128 bits of hash."""
    among = np.flatnonzero(shared(first))
    pairs = pl.DataFrame({"first": first[among], "second": second[among]})
    again = ~pairs.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    found: Numbers = among[again.to_numpy()]
    return found


def _subtract(repeated: Numbers, starts: dict[str, int], counts: dict[str, Counts]) -> None:
    """Count repeated rows as such."""
    files = np.searchsorted(np.array([*starts.values()]), repeated, side="left") - 1
    for place, count in enumerate(counts.values()):
        n = int((files == place).sum())
        count["duplicates"] += n
        count["accepted"] -= n
