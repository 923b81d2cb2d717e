"""Reads a table through the readers of the data job, and describes its columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import CsvSource, ParquetSource, TableSource
from ..contract.part import leave_ours
from ..data.rows import records
from ..errors import DataError
from ..terminal import progress
from ..values import SPACES

SAMPLE_ROWS, SAMPLE_CELLS, FEWEST_ROWS, EXAMPLES = 200_000, 8_000_000, 1000, 5


class ColumnStats:
    """A column of the sample; its known values are what is neither null nor blank."""

    def __init__(self, name: str, values: pl.Series) -> None:
        self.name, self.values, self.is_text = name, values, values.dtype == pl.String
        known = values.drop_nulls().alias("value").value_counts(sort=True, name="n")
        self.blanks: tuple[str, ...] = ()
        """Texts that are nothing but spaces."""
        if self.is_text:
            blank = known["value"].str.strip_chars(SPACES) == ""
            self.blanks = tuple(known["value"].filter(blank)) if blank.any() else ()
            known = known.filter(~blank) if self.blanks else known
        self.known, self.counts = known["value"], known["n"]
        """Distinct values, the most frequent first, and how often each stands there."""
        self.n_rows, self.n_known = len(values), int(self.counts.sum() or 0)
        self.complete, self.unique = self.n_known == self.n_rows, len(known) == self.n_known > 0
        self.examples = tuple(map(str, self.known.head(EXAMPLES).to_list()))


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a table holds."""

    source: TableSource
    paths: list[Path]
    columns: Mapping[str, ColumnStats]
    """By name, in the file's order."""
    unusable: Mapping[str, str]
    """Columns that no contract can hold, and why."""
    n_rows: int
    n_broken: int
    broken: str
    """Why the first that is no row is none."""
    doubts: list[str] = field(default_factory=list)


def look(source: TableSource, paths: list[Path], doubts: list[str]) -> Look:
    """Read the table once; of many rows every k-th is kept, with k doubled when they are too many.

    Raises:
        DataError: it is damaged, or has no rows.
    """
    parts: list[pl.DataFrame] = []
    every, n_rows, n_broken, broken = 1, 0, 0, ""
    with progress("looking", None, keep=False) as bar:
        for run in (run for path in paths for run in records(path, source, None)):
            values = run.values if run.not_text is None else run.values.filter(~run.not_text)
            first = -n_rows % every
            parts.append(values.slice(first).gather_every(every))
            n_rows += len(values)
            while sum(map(len, parts)) > max(FEWEST_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // max(values.width, 1))):
                parts, every = [pl.concat(parts, how="diagonal_relaxed").gather_every(2)], 2 * every
            n_broken += len(run.broken)
            if run.broken and not broken:
                broken = f"record {run.broken[0][0]:,}: {run.broken[0][1]}"
            bar(note=f"{n_rows:,} rows")
    if not n_rows:
        raise DataError(f"there is no row that can be read: {broken or 'it is empty'}")
    rows = pl.concat(parts, how="diagonal_relaxed").rechunk()
    unusable = _unusable(source, paths, rows)
    return Look(
        source=source,
        paths=paths,
        columns={n: ColumnStats(n, rows[n]) for n in rows.columns if n not in unusable},
        unusable=unusable,
        n_rows=n_rows,
        n_broken=n_broken,
        broken=broken,
        doubts=doubts,
    )


def _unusable(source: TableSource, paths: list[Path], rows: pl.DataFrame) -> dict[str, str]:
    kinds: dict[str, object] = {
        name: kind
        for name, kind in rows.schema.items()
        if kind in {pl.Duration, pl.Time, pl.Binary, pl.Object} or kind.is_nested()
    }
    if isinstance(source, ParquetSource):
        schema = pq.read_schema(paths[0])
        kinds |= {one.name: one.type for one in schema if pa.types.is_nested(one.type)}
    found = {name: f"it holds {kind}, which no contract can read" for name, kind in kinds.items()}
    for name in rows.columns:
        try:
            leave_ours([name])
        except ValueError as error:
            found[name] = str(error)
        if isinstance(source, CsvSource) and re.fullmatch(r"\(column \d+\)", name):
            found[name] = "it has no name"
    return found
