"""A source into one typed Parquet file; what cannot be read goes into quarantine."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..config import DataConfig
from ..contract import Contract
from ..errors import DataError, TooManyRejectedError
from ..terminal import Bar
from .cast import TYPES
from .read import Numbers
from .rows import (
    FILE,
    REASONS,
    RECORD,
    ROW,
    Counts,
    layout,
    main_reasons,
    quarantine,
    read_rows,
    refuse_failing,
    tally,
)

Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Run:
    """One run's inputs, and where it works."""

    contract: Contract
    config: DataConfig
    paths: dict[str, list[Path]]
    """The files of each source, in order."""
    quarantine: Path
    scratch: Path


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A source's rows on disk, typed; each is known by its place among all records, from 1."""

    path: Path
    """Parquet with the declared columns and ``_source_row``."""
    accepted: Mask
    """Which rows may go on, by their number."""
    starts: dict[str, int]
    """The number before each file's first row."""
    counts: Counts
    """Rows in, accepted, rejected, duplicates."""
    reasons: Counts
    """How many rows were rejected, and why."""

    def origin(self, rows: pl.Series) -> pl.Series:
        """File and record of row numbers, as a struct."""
        numbers, starts = rows.to_numpy().astype(np.int64), np.array([*self.starts.values()])
        places = np.searchsorted(starts, numbers, side="left") - 1
        files = pl.Series([*self.starts], dtype=pl.String).gather(places)
        return pl.DataFrame({FILE: files, RECORD: numbers - starts[places]}).to_struct()

    def table(self, *, numbered: bool) -> pl.LazyFrame:
        """The accepted rows; only the driving source's are numbered."""
        rows = pl.scan_parquet(self.path)
        if self.counts["duplicates"]:
            accepted = pl.Series(self.accepted)
            first = pl.col(ROW).map_batches(accepted.gather, pl.Boolean, is_elementwise=True)
            rows = rows.filter(first)
        return rows if numbered else rows.drop(ROW)


def extract(run: Run, name: str, bar: Bar) -> Extraction:
    """Read every file of a source once."""
    plan, path = layout(run.contract, name), run.scratch / f"{name}.parquet"
    drop = plan.source.repeats == "drop"
    starts: dict[str, int] = {}
    reasons: Counts = {}
    last = n_in = n_rejected = 0
    numbers = [np.empty(0, np.uint32)]
    hashes: tuple[list[Hashes], list[Hashes]] = [np.empty(0, np.uint64)], []
    schema = {column: TYPES[form.type] for column, form in plan.forms.items()} | {ROW: pl.UInt32()}
    with (
        _writer(path, pl.DataFrame(schema=schema), "none") as rows,  # is read once and removed
        _writer(run.quarantine / f"{name}.parquet", quarantine("", []), "zstd") as bad,
    ):
        for file in run.paths[name]:
            start = starts[str(file)] = last
            for chunk in read_rows(file, plan, every=drop):
                numbers.append((chunk.numbers + start).astype(np.uint32))
                if len(chunk.rows):
                    rows.write_table(_arrow(chunk.rows.with_columns(pl.Series(ROW, numbers[-1]))))
                if chunk.rejected:
                    rejected = quarantine(str(file), chunk.rejected)
                    bad.write_table(_arrow(rejected))
                    refuse_failing(rejected, run.contract)
                    tally(reasons, rejected[REASONS])
                if drop:
                    every = chunk.rows.hstack(chunk.others)
                    for part, seed in zip(hashes, (1, 2), strict=True):
                        part.append(every.hash_rows(seed).to_numpy())
                n_in, n_rejected = n_in + chunk.n_in, n_rejected + len(chunk.rejected)
                ends = [start + one.record for one in chunk.rejected[-1:]]
                last = max(last, *ends, *numbers[-1][-1:].tolist(), 0)
            bar(note=file.name)
    accepted = np.zeros(last + 1, bool)
    rows_of = np.concatenate(numbers)
    accepted[rows_of] = True
    repeated = _repeated(*hashes)
    accepted[rows_of[repeated]] = False
    counts = {"in": n_in, "accepted": int(accepted.sum())}
    counts |= {"rejected": n_rejected, "duplicates": len(repeated)}
    conserved(f"source '{name}'", counts)
    refuse_many(run, f"source '{name}'", n_rejected, n_in, reasons)
    return Extraction(path=path, accepted=accepted, starts=starts, counts=counts, reasons=reasons)


def _writer(path: Path, empty: pl.DataFrame, compression: str) -> pq.ParquetWriter:
    texts = [name for name, kind in empty.schema.items() if kind == pl.String]
    options = {"compression": compression, "use_dictionary": texts, "write_statistics": False}
    return pq.ParquetWriter(path, _arrow(empty).schema, **options)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def shared(values: Hashes) -> Mask:
    """Which values are there more than once; one sort, so that 17 million take 0.3 GB."""
    ordered = np.sort(values)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(values, twice) if len(twice) else np.zeros(len(values), bool)


def _repeated(*hashes: list[Hashes]) -> Numbers:
    """Places of rows that repeat an earlier one, by two hashes of 64 bits each; they are used up."""
    first = np.concatenate(hashes[0])
    hashes[0].clear()
    among = np.flatnonzero(shared(first))
    if not len(among):
        return among
    pairs = pl.DataFrame({"first": first[among], "second": np.concatenate(hashes[1])[among]})
    places: Numbers = among[~pairs.select(pl.struct(pl.all()).is_first_distinct()).to_series()]
    return places


def conserved(what: str, counts: Counts) -> None:
    """Stop where a row that came in went nowhere; the first count is of all."""
    whole, *parts = counts.values()
    if whole != sum(parts):
        raise DataError(
            f"{what}: {whole:,} rows came in but {sum(parts):,} are accounted for: {counts}"
        )


def refuse_many(run: Run, what: str, rejected: int, total: int, reasons: Counts) -> None:
    """Stop where more rows are rejected than the settings allow."""
    most = run.config.max_rejected_fraction
    if rejected > most * total:
        raise TooManyRejectedError(
            f"{what} rejected {rejected:,} of {total:,} rows, more than"
            f" data.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); the rows and their"
            f" reasons are in '{run.quarantine}'; the current dataset is unchanged"
        )
