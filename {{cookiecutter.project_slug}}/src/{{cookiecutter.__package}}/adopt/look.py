"""Reads a table through the readers of the data job, and describes its columns."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import CsvSource, ParquetSource, TableSource
from ..contract.column import refuse_reserved
from ..data.rows import records
from ..errors import DataError
from ..terminal import progress

SAMPLE_ROWS, SAMPLE_CELLS, FEWEST_ROWS = 200_000, 8_000_000, 1000
UNREADABLE = (pl.Duration, pl.Time, pl.Binary, pl.Object)


class ColumnStats:
    """A column of the sample; its known values are what is neither null nor blank."""

    def __init__(self, name: str, values: pl.Series) -> None:
        self.name, self.values, self.is_text = name, values, values.dtype == pl.String
        known, self.blanks = values.drop_nulls().alias(" ").value_counts(sort=True, name="n"), []
        if self.is_text and (blank := known[" "].str.contains(r"^\s*$")).any():
            self.blanks, known = known[" "].filter(blank).to_list(), known.filter(~blank)
        self.known, self.counts = known[" "], known["n"]
        """Distinct values, the most frequent first, and how often each stands there."""
        self.n_rows, self.n_known = len(values), int(self.counts.sum() or 0)
        self.complete, self.unique = self.n_known == self.n_rows, len(known) == self.n_known > 0
        self.examples = listed(self.known.head(3))

    def rows_of(self, texts: Iterable[str]) -> int:
        """How many rows have one of these texts."""
        return int(self.counts.filter(self.known.cast(str).is_in(list(texts))).sum() or 0)


def listed(values: Iterable[object], most: int = 3) -> str:
    """Some values as they are shown, the long ones cut."""
    return ", ".join(repr(str(value)[:40]) for value in list(values)[:most])


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a table holds."""

    source: TableSource
    paths: list[Path]
    columns: Mapping[str, ColumnStats]
    """By name, in the file's order."""
    n_rows: int
    n_broken: int
    unusable: Mapping[str, str]
    """Columns that no contract can hold, and why."""
    doubts: list[str]


def look(source: TableSource, paths: list[Path], doubts: list[str]) -> Look:
    """Read the table once; of many rows every k-th is kept, with k doubled when they are too many."""
    parts, every, n_rows, broken = list[pl.DataFrame](), 1, 0, list[str]()
    with progress("looking", None, keep=False) as bar:
        for run in (run for path in paths for run in records(path, source, None)):
            values = run.values if run.not_text is None else run.values.filter(~run.not_text)
            parts.append(values.slice(-n_rows % every).gather_every(every))
            n_rows += len(values)
            most = max(FEWEST_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // max(values.width, 1)))
            while sum(map(len, parts)) > most:
                parts, every = [pl.concat(parts, how="diagonal_relaxed").gather_every(2)], 2 * every
            broken += [f"record {number:,}: {why}" for number, why, _ in run.broken]
            bar(note=f"{n_rows:,} rows")
    if not n_rows:
        raise DataError(f"there is no row that can be read: {[*broken, 'it is empty'][0]}")
    if broken:
        total = f"{len(broken):,} of {len(broken) + n_rows:,}"
        doubts = [*doubts, f"{total} records are no rows ({broken[0]}): rejected"]
    rows = pl.concat(parts, how="diagonal_relaxed").rechunk()
    unusable = {name: why for name in rows.columns if (why := _unusable(name, rows, source))}
    if isinstance(source, ParquetSource):
        nested = (one for one in pq.read_schema(paths[0]) if pa.types.is_nested(one.type))
        unusable |= {one.name: f"it holds {one.type}, which no contract can read" for one in nested}
    return Look(
        source=source,
        paths=paths,
        columns={one.name: ColumnStats(one.name, one) for one in rows if one.name not in unusable},
        n_rows=n_rows,
        n_broken=len(broken),
        unusable=unusable,
        doubts=[*doubts, *(f"`{name}` is left out: {why}" for name, why in unusable.items())],
    )


def _unusable(name: str, rows: pl.DataFrame, source: TableSource) -> str | None:
    """Why a column can be in no contract; None where it can."""
    if isinstance(source, CsvSource) and re.fullmatch(r"\(column \d+\)", name):
        return "it has no name"
    if not isinstance(source, CsvSource) and isinstance(rows[name].dtype, UNREADABLE):
        return f"it holds {rows[name].dtype}, which no contract can read"
    try:
        refuse_reserved([name])
    except ValueError as error:
        return str(error)
    return None
