"""Reads a table through the readers of the data job, in bounded memory, and describes its columns."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import CsvSource, ParquetSource, TableSource
from ..contract.part import leave_ours
from ..data.read import Records
from ..data.rows import records
from ..errors import DataError
from ..terminal import progress
from ..values import SPACES

SAMPLE_ROWS, SAMPLE_CELLS, FEWEST_ROWS = 200_000, 8_000_000, 1000
RUN_CELLS = 4_000_000
EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class ColumnStats:
    """A column of the sample."""

    name: str
    values: pl.Series
    """In the file's order; texts, or of a database's or Parquet's type."""

    @cached_property
    def distinct(self) -> pl.DataFrame:
        """``value`` and how often it stands there, ``n``; the most frequent first."""
        known = self.values.drop_nulls().alias("value")
        return known.value_counts(sort=True, name="n")

    @cached_property
    def blanks(self) -> tuple[str, ...]:
        """Texts that are nothing but spaces."""
        if not self.is_text:
            return ()
        texts = self.distinct["value"]
        return tuple(texts.filter(texts.str.strip_chars(SPACES) == "").to_list())

    @cached_property
    def known(self) -> pl.DataFrame:
        """Of ``distinct`` what is no blank."""
        return self.distinct.filter(~pl.col("value").is_in(self.blanks)) if self.blanks else self.distinct

    @property
    def is_text(self) -> bool:
        """Whether values are texts."""
        return self.values.dtype == pl.String

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.values)

    @cached_property
    def n_known(self) -> int:
        """Rows with a value."""
        return int(self.known["n"].sum() or 0)

    @property
    def complete(self) -> bool:
        """Whether no value is missing."""
        return self.n_known == self.n_rows

    @property
    def unique(self) -> bool:
        """Whether no value stands there twice."""
        return len(self.known) == self.n_known > 0

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Some values, as they stand there."""
        return tuple(map(str, self.known["value"].head(EXAMPLES).to_list()))


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a table holds."""

    source: TableSource
    paths: list[Path]
    columns: Mapping[str, ColumnStats]
    """By name, in the file's order."""
    unreadable: Mapping[str, str]
    """Columns that no contract can hold, and why."""
    n_rows: int
    n_broken: int
    broken: str
    """Why the first that is no row is none."""
    doubts: list[str] = field(default_factory=list)


def look(source: TableSource, paths: list[Path], doubts: list[str]) -> Look:
    """Read the table once.

    Raises:
        DataError: it is damaged, or has no rows.
    """
    sample, n_broken, broken = _Sample(), 0, ""
    with progress("looking", None, keep=False) as bar:
        for path in paths:
            for run in records(path, source, None):
                sample.add(run)
                n_broken += len(run.broken)
                if run.broken and not broken:
                    broken = f"record {run.broken[0][0]:,}: {run.broken[0][1]}"
                bar(note=f"{sample.n_rows:,} rows")
    if not sample.n_rows:
        raise DataError(f"there is no row that can be read: {broken or 'it is empty'}")
    rows = sample.rows
    unreadable = _unusable(rows) | _no_values(source, paths, rows)
    columns = {
        name: ColumnStats(name=name, values=rows[name])
        for name in rows.columns
        if name not in unreadable
    }
    return Look(
        source=source,
        paths=paths,
        columns=columns,
        unreadable=unreadable,
        n_rows=sample.n_rows,
        n_broken=n_broken,
        broken=broken,
        doubts=doubts,
    )


class _Sample:
    """Every k-th row, with k doubled whenever they become too many."""

    def __init__(self) -> None:
        self.every, self.n_rows, self.n_held = 1, 0, 0
        self.parts: list[pl.DataFrame] = []

    def add(self, run: Records) -> None:
        values = run.values
        if run.not_text is not None:
            values = values.filter(~run.not_text)
        first = -self.n_rows % self.every
        self.parts.append(values.gather_every(self.every, first) if first < len(values) else values.clear())
        self.n_rows += len(values)
        self.n_held += len(self.parts[-1])
        most = max(FEWEST_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // max(values.width, 1)))
        while self.n_held > most:
            self.parts = [self.rows.gather_every(2)]
            self.every, self.n_held = self.every * 2, len(self.parts[0])

    @property
    def rows(self) -> pl.DataFrame:
        return pl.concat(self.parts, how="diagonal_relaxed").rechunk()


def _unusable(rows: pl.DataFrame) -> dict[str, str]:
    found = {}
    for name in rows.columns:
        try:
            leave_ours([name])
        except ValueError as error:
            found[name] = str(error)
    return found


def _no_values(source: TableSource, paths: list[Path], rows: pl.DataFrame) -> dict[str, str]:
    kinds: dict[str, object] = {
        name: kind
        for name, kind in rows.schema.items()
        if kind in {pl.Duration, pl.Time, pl.Binary, pl.Object} or kind.is_nested()
    }
    if isinstance(source, ParquetSource):
        schema = pq.read_schema(paths[0])
        kinds |= {one.name: one.type for one in schema if pa.types.is_nested(one.type)}
    return {name: f"it holds {kind}, which no contract can read" for name, kind in kinds.items()}


def nameless(columns: Mapping[str, ColumnStats], source: TableSource) -> Iterator[tuple[str, str]]:
    """Columns of a delimited file without a name, which callers could not send."""
    for name, one in columns.items():
        if isinstance(source, CsvSource) and re.fullmatch(r"\(column \d+\)", name):
            yield name, "it has no name" if one.n_known else "it has neither name nor values"
