"""A source's files as typed rows, whatever the kind of source, for a dataset and for scoring."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import READERS, Contract, CsvSource, FileSource, TableSource, kind_of, load
from ..errors import DataError
from .cast import TYPES, Form, cast, present
from .delimited import nulls
from .read import Records, matching
from .validate import FILE, KEY, RAW, REASONS, RECORD, ROW, Violation, reasons_of, tally

MASK, NOT_TEXT = "***", "is not in the source's encoding, or holds NUL"
QUARANTINED = {FILE: pl.String, RECORD: pl.Int64, REASONS: pl.String, RAW: pl.String}
"""What is written of a rejected record: its file, its number in it from 1, why, and its text.

The text is null where personal values in it cannot be masked.
"""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a source's columns are read."""

    source: TableSource
    forms: Mapping[str, Form]
    """Of the columns to read, by name."""
    personal: frozenset[str]
    """Columns whose values are masked."""
    zone: str


class Chunk(NamedTuple):
    """A run of a file's records."""

    rows: pl.DataFrame
    """By the layout's types, in its order, then the ``_record``."""
    rejected: pl.DataFrame
    """As ``QUARANTINED``."""
    n_in: int
    """How many records came in."""


def layout_of(contract: Contract, source: TableSource, types: Mapping[str, Any]) -> Layout:
    """Columns of these types, written as the source says."""
    done = nulls(source) if isinstance(source, CsvSource) else ()
    forms = {
        name: Form(
            type=kind,
            format=source.formats.get(name),
            numbers=source.numbers.get(name),
            missing=() if done else source.missing_in(name),
        )
        for name, kind in types.items()
    }
    personal = {*source.pii, *(name for name, column in contract.columns.items() if column.pii)}
    return Layout(source=source, forms=forms, personal=frozenset(personal), zone=contract.timezone)


def files(
    name: str,
    source: TableSource,
    columns: Iterable[str],
    directory: Path,
    *,
    complete: bool = True,
) -> list[Path]:
    """The files that hold a source's rows, in order.

    What is no file is first read into some: these columns, or all where none is named. What is
    there need not have all of them where it need not be ``complete``.
    """
    kind = kind_of(source)
    if isinstance(source, FileSource):
        return matching(getattr(source, kind))
    read_into_files = load(f"{READERS[kind].rpartition('.')[0]}.files")
    paths: list[Path] = read_into_files(name, source, columns, directory, complete=complete)
    return paths


def records(path: Path, source: TableSource, columns: list[str] | None) -> Iterator[Records]:
    """The records of a file, by the reader of the source's kind; all columns for ``None``."""
    batches: Iterator[Records] = load(READERS[kind_of(source)])(path, source, columns)
    return batches


def read_rows(
    path: Path, layout: Layout, *, keyed: bool = False, complete: bool = True
) -> Iterator[Chunk]:
    """A file's rows in order; ``keyed`` by a hash of all that a record holds.

    A column that a file lacks is an error, or all null where the file need not be ``complete``.

    Raises:
        DataError: the file is damaged or lacks a column.
    """
    first, broken = 1, list[int]()
    for batch in records(path, layout.source, None if keyed else [*layout.forms]):
        if complete:
            _refuse_absent(path, batch.values.columns, layout)
        broken = [n for n in broken if n >= first] + [number for number, *_ in batch.broken]
        numbers = np.arange(first, first + len(batch.values) + len(broken))
        numbers = numbers[~np.isin(numbers, broken)][: len(batch.values)]
        first = int(numbers[-1]) + 1 if len(numbers) else first
        yield _typed(str(path), batch, pl.Series(RECORD, numbers), layout, keyed=keyed)


def _refuse_absent(path: Path, columns: list[str], layout: Layout) -> None:
    """A first line that names no column may be a row with personal values, and is not shown."""
    known = {*columns}
    if absent := [name for name in layout.forms if name not in known]:
        what = f"its columns are {', '.join(columns)}"
        if len(absent) == len(layout.forms):
            what = "its first line must name the columns, with the source's delimiter between them"
        raise DataError(f"'{path}' has no column {', '.join(map(repr, absent))}; {what}")


def _typed(file: str, batch: Records, numbers: pl.Series, layout: Layout, *, keyed: bool) -> Chunk:
    """The rows whose values are all of their column's type, and the others."""
    values, faults = batch.values, list[Violation]()
    if batch.not_text is not None and batch.not_text.any():
        faults.append((pl.lit(batch.not_text), NOT_TEXT))
    typed, none = dict[str, pl.Series](), pl.repeat(None, len(values), dtype=pl.String, eager=True)
    for name, form in layout.forms.items():
        column = present(values.get_column(name, default=none), form.missing)
        typed[name] = cast(column, form, layout.zone)
        if typed[name].null_count() > column.null_count():
            article = "an" if form.type == "integer" else "a"
            wrong = pl.lit(column.is_not_null() & typed[name].is_null())
            faults.append((wrong, f"{name}: not {article} {form.type}"))
    rows = pl.DataFrame(typed | {RECORD: numbers})
    if keyed:
        rows = rows.with_columns(values.hash_rows(1).alias(KEY))
    broken = [(file, n, why, None if layout.personal else text) for n, why, text in batch.broken]
    rejected = pl.DataFrame(broken, QUARANTINED, orient="row")
    if faults:
        known = values.with_columns(numbers, reasons_of(faults))
        good = known[REASONS] == ""
        rejected = rejected.vstack(rejected_rows(file, known.filter(~good), layout))
        rows = rows.filter(good)
    return Chunk(rows, rejected.sort(RECORD), len(values) + len(broken))


def rejected_rows(file: str, rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Rows that may not go on, with their ``_record`` and ``_reasons``, as ``QUARANTINED``."""
    times = pl.col(pl.Datetime, pl.Date, pl.Time, pl.Duration).cast(pl.String)
    masked = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name)
        for name in layout.personal.intersection(rows.columns)
    ]
    values = rows.drop(RECORD, REASONS).with_columns(times).with_columns(masked)
    texts = [json.dumps(row, ensure_ascii=False, default=str) for row in values.to_dicts()]
    return rows.select(pl.lit(file).alias(FILE), RECORD, REASONS, pl.Series(RAW, texts, pl.String))


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A source's rows on disk, typed; each is known by its place among all records, from 1."""

    path: Path
    """Parquet with the declared columns and ``_source_row``."""
    accepted: npt.NDArray[np.bool_]
    """Which rows may go on, by their number."""
    starts: dict[str, int]
    """The number before each file's first row."""
    counts: dict[str, int]
    """Rows in, accepted, rejected, duplicates."""
    reasons: Counter[str]
    """How many rows were rejected, and why."""

    def table(self, *, numbered: bool) -> pl.LazyFrame:
        """The accepted rows; only the driving source's are numbered."""
        rows = pl.scan_parquet(self.path)
        if self.counts["duplicates"]:
            accepted = pl.Series(self.accepted).gather
            rows = rows.filter(pl.col(ROW).map_batches(accepted, pl.Boolean, is_elementwise=True))
        return rows.drop([KEY] if numbered else [KEY, ROW], strict=False)


def extract(plan: Layout, paths: list[Path], target: Path, bad: Path) -> Extraction:
    """Read every file of a source once: typed rows into ``target``, the others into ``bad``."""
    drop = plan.source.repeats == "drop"
    schema = {name: TYPES[form.type] for name, form in plan.forms.items()} | {ROW: pl.UInt32()}
    empty = pl.DataFrame(schema=schema | ({KEY: pl.UInt64()} if drop else {}))
    starts, reasons, n_in, n_rejected = dict[str, int](), Counter[str](), 0, 0
    with (
        parquet_writer(target, empty, "none") as typed,
        parquet_writer(bad, pl.DataFrame(schema=QUARANTINED)) as rejects,
    ):
        for file in paths:
            start = starts[str(file)] = n_in
            for chunk in read_rows(file, plan, keyed=drop):
                number = (pl.col(RECORD) + start).cast(pl.UInt32).alias(ROW)
                rows = chunk.rows.with_columns(number).select(empty.columns)
                for writer, frame in ((typed, rows), (rejects, chunk.rejected)):
                    if len(frame):
                        writer.write_table(to_arrow(frame))
                reasons += tally(chunk.rejected)
                n_in, n_rejected = n_in + chunk.n_in, n_rejected + len(chunk.rejected)
    pa.default_memory_pool().release_unused()
    repeated = _repeated(target) if drop else empty[ROW]  # takes most memory, hence comes first
    accepted = np.zeros(n_in + 1, bool)
    accepted[pl.read_parquet(target, columns=[ROW])[ROW].to_numpy()] = True
    accepted[repeated.to_numpy()] = False
    counts = {"in": n_in, "accepted": int(accepted.sum())}
    counts |= {"rejected": n_rejected, "duplicates": len(repeated)}
    return Extraction(path=target, accepted=accepted, starts=starts, counts=counts, reasons=reasons)


def parquet_writer(path: Path, empty: pl.DataFrame, compression: str = "zstd") -> pq.ParquetWriter:
    """A writer of tables with these columns; only texts are worth a dictionary."""
    texts = [name for name, kind in empty.schema.items() if kind == pl.String]
    options = {"compression": compression, "use_dictionary": texts, "write_statistics": False}
    return pq.ParquetWriter(path, to_arrow(empty).schema, **options)


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """A table that every reader of Parquet knows."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _repeated(target: Path) -> pl.Series:
    """Numbers of rows that repeat an earlier one, by hashes of what was read and of typed values."""
    twice = more_than_once(pl.read_parquet(target, columns=[KEY])[KEY])
    if twice.is_empty():
        return twice
    rows = pl.scan_parquet(target).filter(pl.col(KEY).is_in(twice.implode()))
    pairs = rows.select(ROW, KEY, second=pl.struct(pl.exclude(ROW, KEY)).hash(2))
    alike = pairs.collect(engine="streaming")
    return alike.filter(~pl.struct(KEY, "second").is_first_distinct())[ROW]


def more_than_once(values: pl.Series) -> pl.Series:
    """The values that are there more than once; one sort, so that 17 million take 0.3 GB."""
    ordered = np.sort(values.to_numpy())
    return pl.Series(ordered[1:][ordered[1:] == ordered[:-1]])
