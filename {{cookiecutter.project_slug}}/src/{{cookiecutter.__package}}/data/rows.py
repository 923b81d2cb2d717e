"""A source's files as typed rows, whatever the kind of source, for a dataset and for scoring."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import READERS, Contract, CsvSource, FileSource, TableSource, kind_of, load
from ..errors import DataError
from .cast import TYPES, Form, cast, present
from .delimited import nulls
from .read import NOT_TEXT, Numbers, Records, Rejected, matching
from .validate import FILE, RAW, REASONS, RECORD, ROW, reasons_of, tally

MASK = "***"
QUARANTINED = {FILE: pl.String, RECORD: pl.Int64, REASONS: pl.String, RAW: pl.String}
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a source's columns are read."""

    source: TableSource
    forms: Mapping[str, Form]
    """Of the columns to read, by name."""
    personal: frozenset[str]
    """Columns, read or not, whose values are masked."""
    zone: str


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A run of a file's rows."""

    rows: pl.DataFrame
    """By the layout's types, in its order."""
    values: pl.DataFrame
    """The same rows with all columns, as they were read."""
    numbers: Numbers
    """Of each row: which record of the file it is, from 1."""
    rejected: Sequence[Rejected]
    n_in: int
    """How many records came in."""


def layout(contract: Contract, name: str) -> Layout:
    """What the contract says about a source."""
    return layout_of(contract, contract.sources[name], contract.source_columns(name))


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


def records(path: Path, source: TableSource, columns: Iterable[str] | None) -> Iterator[Records]:
    """The records of a file, by the reader of the source's kind; all columns for ``None``."""
    read = load(READERS[kind_of(source)])
    batches: Iterator[Records] = read(path, source, None if columns is None else list(columns))
    return batches


def read_rows(
    path: Path, layout: Layout, *, every: bool = False, complete: bool = True
) -> Iterator[Chunk]:
    """A file's rows in order.

    With ``every`` the values are of all columns that the file has, also of those that are not in
    the layout. A column that a file lacks is an error, or all null where the file need not be
    ``complete``.

    Raises:
        DataError: the file is damaged or lacks a column.
    """
    named = sorted({*layout.forms, *layout.personal})
    try:
        for batch in records(path, layout.source, None if every else named):
            if complete:
                _refuse_absent(path, batch.values.columns, layout)
            yield _typed(batch, layout)
    except DataError as error:
        message = str(error)
        raise error if str(path) in message else type(error)(f"'{path}': {message}") from None


def _refuse_absent(path: Path, columns: list[str], layout: Layout) -> None:
    """A first line that names no column may be a row with personal values, and is not shown."""
    known = {*columns}
    if absent := [name for name in layout.forms if name not in known]:
        what = f"its columns are {', '.join(columns)}"
        if len(absent) == len(layout.forms):
            what = "its first line must name the columns, with the source's delimiter between them"
        raise DataError(f"'{path}' has no column {', '.join(map(repr, absent))}; {what}")


def _typed(batch: Records, layout: Layout) -> Chunk:
    """The rows whose values are all of their column's type, and the others."""
    typed, faults = {}, {}
    values, numbers = batch.values, batch.numbers
    if batch.not_text is not None and batch.not_text.any():
        faults[NOT_TEXT] = batch.not_text
    for name, form in layout.forms.items():
        column = values.get_column(name, default=None)
        if column is None:
            column = pl.Series(name, [None], pl.String).new_from_index(0, len(values))
        column = present(column, form.missing)
        typed[name] = cast(column, form, layout.zone)
        if typed[name].null_count() > column.null_count():
            article = "an" if form.type == "integer" else "a"
            reason = f"{name}: not {article} {form.type}"
            faults[reason] = column.is_not_null() & typed[name].is_null()
    rows = pl.DataFrame(typed)
    rejected = [one._replace(text=None) if layout.personal else one for one in batch.broken]
    if faults:
        rules = [(pl.lit(where), reason) for reason, where in faults.items()]
        reasons = values.select(reasons_of(rules)).to_series()
        good = reasons == ""
        wrong, bad = values.filter(~good), numbers[~good.to_numpy()]
        rejected += rejected_rows(wrong, bad, reasons.filter(~good), layout)
        rows, values, numbers = rows.filter(good), values.filter(good), numbers[good.to_numpy()]
    n_in = len(batch.values) + len(batch.broken)
    return Chunk(rows=rows, values=values, numbers=numbers, rejected=sorted(rejected), n_in=n_in)


def rejected_rows(
    rows: pl.DataFrame, numbers: Numbers, reasons: Iterable[str], layout: Layout
) -> list[Rejected]:
    """Rows that may not go on, each with its reasons and its values as JSON."""
    times = pl.col(pl.Datetime, pl.Date, pl.Time, pl.Duration).cast(pl.String)
    masked = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name)
        for name in layout.personal.intersection(rows.columns)
    ]
    values = rows.with_columns(times).with_columns(masked).to_dicts()  # Python's times end in 9999
    texts = [json.dumps(row, ensure_ascii=False, default=str) for row in values]
    return [*map(Rejected, numbers.tolist(), reasons, texts)]


def quarantine(file: str, rejected: Iterable[Rejected]) -> pl.DataFrame:
    """Records of a file as they are written down."""
    return pl.DataFrame([(file, *one) for one in rejected], QUARANTINED, orient="row")


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
        return rows if numbered else rows.drop(ROW)


def extract(plan: Layout, paths: list[Path], target: Path, bad: Path) -> Extraction:
    """Read every file of a source once: typed rows into ``target``, the others into ``bad``."""
    drop = plan.source.repeats == "drop"
    schema = {name: TYPES[form.type] for name, form in plan.forms.items()} | {ROW: pl.UInt32()}
    empty, none = pl.DataFrame(schema=schema), quarantine("", [])
    starts, reasons, hashes = dict[str, int](), Counter[str](), [np.empty(0, np.uint64)]
    last = n_in = n_rejected = 0
    with parquet_writer(target, empty, "none") as typed, parquet_writer(bad, none) as rejects:
        for file in paths:
            start = starts[str(file)] = last
            for chunk in read_rows(file, plan, every=drop):
                numbers = pl.Series(ROW, (chunk.numbers + start).astype(np.uint32))
                rows = chunk.rows.with_columns(numbers)
                rejected = quarantine(str(file), chunk.rejected)
                for writer, frame in ((typed, rows), (rejects, rejected)):
                    if len(frame):
                        writer.write_table(to_arrow(frame))
                reasons += tally(rejected)
                if drop:
                    hashes.append(chunk.values.hash_rows(1).to_numpy())
                n_in, n_rejected = n_in + chunk.n_in, n_rejected + len(rejected)
                last = start + max([last - start, *chunk.numbers[-1:], *rejected[RECORD][-1:]])
    pa.default_memory_pool().release_unused()
    repeated = _repeated(hashes, target)  # takes most memory, hence comes first
    accepted = np.zeros(last + 1, bool)
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


def shared(values: Hashes) -> pl.Series:
    """Which values are there more than once; one sort, so that 17 million take 0.3 GB."""
    ordered = np.sort(values)
    twice = pl.Series(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    return pl.Series(values).is_in(twice.implode())


def _repeated(hashes: list[Hashes], target: Path) -> pl.Series:
    """Numbers of rows that repeat an earlier one, by hashes of texts (used up) and typed values."""
    first = np.concatenate(hashes)
    hashes.clear()
    among = shared(first)
    if not among.any():
        return pl.Series(dtype=pl.UInt32)
    alike = pl.read_parquet(target, columns=[ROW])[ROW].filter(among)
    rows = pl.scan_parquet(target).filter(pl.col(ROW).is_in(alike.implode()))
    second = rows.select(pl.struct(pl.exclude(ROW)).hash(2).alias("second"))
    pairs = second.collect(engine="streaming").with_columns(first=first[among.to_numpy()])
    return alike.filter(~pairs.select(pl.struct(pl.all()).is_first_distinct()).to_series())
