"""Reads every row of a table once, through the readers of the ETL, in bounded memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...contract import CsvSource, ParquetSource, Source, SqlSource
from ...contract.part import leave_ours
from ...errors import DataError
from ...terminal import progress
from .. import delimited, tables
from ..chunks import Chunk, Layout
from ..hashes import row_hashes
from .facts import Watch

SAMPLE_ROWS, SAMPLE_CELLS = 50_000, 4_000_000
RUN_CELLS = 4_000_000
"""Looked at together: many small runs of a wide table would take long."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file or database table, opened."""

    source: Source
    names: list[str]
    unreadable: dict[str, str]
    """Columns that no contract can hold, and why."""
    chunks: Iterator[Chunk]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What all rows together say."""

    source: Source
    watches: dict[str, Watch]
    """By column, in the file's order."""
    unreadable: dict[str, str]
    n_rows: int
    n_broken: int
    broken: str
    """Why the first that is no row is none."""
    n_repeats: int
    """Rows that say in every column what an earlier one says."""
    sample: pa.Table
    """Texts of rows from all over the file."""


def look(table: Table, zone: ZoneInfo) -> Look:
    """Gather the facts of every column.

    Raises:
        DataError: the table is damaged, or has no rows.
    """
    watches = {name: Watch(name, zone) for name in table.names if name not in table.unreadable}
    sample = _Sample(max(1000, min(SAMPLE_ROWS, SAMPLE_CELLS // max(len(watches), 1))))
    hashes: list[pa.Array] = []
    n_broken, broken = 0, ""
    with progress("looking", None) as bar:
        for chunks in _runs(table.chunks, RUN_CELLS // max(len(watches), 1)):
            rows = pa.concat_tables([chunk.rows.select(list(watches)) for chunk in chunks])
            for name, watch in watches.items():
                watch.update(rows[name].combine_chunks())
            hashes.append(row_hashes(rows))
            sample.add(rows)
            found = [one for chunk in chunks for one in chunk.broken]
            n_broken += len(found)
            broken = broken or next((f"line {b.line:,}: {b.reasons}" for b in found), "")
            bar(note=f"{sample.n_rows:,} rows")
    if not sample.n_rows:
        raise DataError(f"there is no row that can be read: {broken or 'it is empty'}")
    return Look(
        source=table.source,
        watches=watches,
        unreadable=table.unreadable,
        n_rows=sample.n_rows,
        n_broken=n_broken,
        broken=broken,
        n_repeats=sample.n_rows - len(np.unique(np.concatenate(hashes))),
        sample=sample.rows,
    )


def _runs(chunks: Iterator[Chunk], rows: int) -> Iterator[list[Chunk]]:
    run: list[Chunk] = []
    for chunk in chunks:
        run.append(chunk)
        if sum(one.rows.num_rows for one in run) >= rows:
            yield run
            run = []
    if run:
        yield run


class _Sample:
    """Every k-th row, with k doubled whenever they become too many."""

    def __init__(self, most: int) -> None:
        self.most, self.every, self.n_rows = most, 1, 0
        self.parts: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        first = -self.n_rows % self.every
        self.parts.append(rows.take(pa.array(np.arange(first, len(rows), self.every))))
        self.n_rows += len(rows)
        while sum(map(len, self.parts)) > self.most:
            joined = pa.concat_tables(self.parts)
            self.parts = [joined.take(pa.array(np.arange(0, len(joined), 2)))]
            self.every *= 2

    @property
    def rows(self) -> pa.Table:
        return pa.concat_tables(self.parts).combine_chunks()


@contextmanager
def opened_table(source: Source, path: Path, name: str) -> Iterator[Table]:
    """The table that ``source`` describes; ``path`` is where its file is.

    Raises:
        DataError: it cannot be read.
    """
    if isinstance(source, CsvSource):
        names = delimited.header(path, source)
        unreadable = _unusable(names)
        chunks = delimited.chunks(path, source, names, _layout(names, unreadable))
        yield Table(source=source, names=names, unreadable=unreadable, chunks=chunks)
    elif isinstance(source, ParquetSource):
        yield _parquet(source, [path])
    else:
        yield from _database(source, name)


def _parquet(source: Source, paths: list[Path]) -> Table:
    names = tables.header(paths[0])
    schema = pq.read_schema(paths[0])
    kinds = {name: schema.field(name).type for name in names}
    others = {
        name: f"it holds {kind}, which no contract can read"
        for name, kind in kinds.items()
        if not _has_text(kind)
    }
    unreadable = others | _unusable(names)
    layout = _layout(names, unreadable)
    chunks = (chunk for path in paths for chunk in tables.chunks(path, (), names, layout))
    return Table(source=source, names=names, unreadable=unreadable, chunks=chunks)


def _has_text(kind: pa.DataType) -> bool:
    if any(of(kind) for of in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_duration)):
        return False
    try:
        pa.nulls(0, kind).cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return False
    return True


def _database(source: SqlSource, name: str) -> Iterator[Table]:
    from .. import sql
    from .database import columns

    with tempfile.TemporaryDirectory() as scratch:
        names = columns(name, source)
        unreadable = _unusable(names)
        wanted = [column for column in names if column not in unreadable]
        paths = sql.snapshot(name, source, wanted, Path(scratch))
        table = _parquet(source, paths)  # in the order of its names
        yield Table(source=source, names=names, unreadable=unreadable, chunks=table.chunks)


def _unusable(names: list[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            leave_ours([name])
        except ValueError as error:
            found[name] = str(error)
    return found


def _layout(names: list[str], unreadable: dict[str, str]) -> Layout:
    return Layout(
        types={name: "string" for name in names if name not in unreadable},
        others=(),
        modes={},
        personal=frozenset(),
        zone=ZoneInfo("UTC"),
        drop=False,
    )
