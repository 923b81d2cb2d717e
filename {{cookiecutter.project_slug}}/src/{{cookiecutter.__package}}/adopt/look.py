"""Opens a person's table, reads it through the readers of the data job, describes its columns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import JsonlSource, ParquetSource, TableSource, load
from ..contract.source import SETTINGS
from ..data.read import GZIP, readable
from ..data.rows import files, records
from ..errors import ConfigError, DataError
from ..terminal import progress
from .dialect import dialect

SAMPLE_ROWS, SAMPLE_CELLS, FEWEST_ROWS = 200_000, 8_000_000, 1000
UNREADABLE, EXCEL = (pl.Duration, pl.Time, pl.Object), (b"PK", b"\xd0\xcf\x11\xe0")
NULL = r"(?i)^\s*(?:[-+]?nan|null|\\n|<na>|#n/a|#na|nat|1\.#ind|1\.#qnan)?\s*$"
"""Blank, or how programs write that nothing is there."""


class ColumnStats:
    """A column of the sample; its known values are not null, blank or a word for null."""

    def __init__(self, values: pl.Series, nulls: Sequence[str] = ()) -> None:
        self.values, self.is_text, self.n_rows = values, values.dtype == pl.String, len(values)
        known = values.drop_nulls().alias(" ").value_counts(sort=True, name="n")
        self.blanks, self.nulls, self.doubts = list[str](), list[str](), list[str]()
        none = known[" "].str.contains(NULL) if self.is_text else pl.Series([False])
        none = none | known[" "].is_in(nulls) if nulls else none
        if none.any():
            absent, known = known.filter(none), known.filter(~none)
            self.blanks = [text for text in absent[" "] if not text.strip()]
            self.nulls = [text for text in absent[" "] if text.strip()]
            n = int(absent.filter(absent[" "].is_in(self.nulls))["n"].sum())
            doubt = f"has {listed(self.nulls)} in {n:,} rows: read as missing"
            self.doubts = [doubt] if self.nulls else []
        self.known, self.counts = known[" "], known["n"]
        """Distinct values, the most frequent first, and how often each stands there."""
        self.n_known = int(self.counts.sum() or 0)
        self.complete, self.unique = self.n_known == self.n_rows, len(known) == self.n_known > 0
        self.examples = listed(self.known.head(3))

    def rows_of(self, texts: Iterable[str]) -> int:
        """How many rows have one of these texts."""
        return int(self.counts.filter(self.known.cast(str).is_in(list(texts))).sum() or 0)


def listed(values: Iterable[object], most: int = 3) -> str:
    """Some values as they are shown, the long ones cut."""
    return ", ".join(repr(str(value)[:40]) for value in list(values)[:most])


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a table holds."""

    name: str
    """What the contract calls the source."""
    source: TableSource
    columns: dict[str, ColumnStats]
    """By name, in the file's order."""
    unusable: dict[str, str]
    """Columns that no contract can hold, and why."""
    doubts: list[str]


def open_table(path: str, target: str, table: str | None, query: str | None) -> Table:
    """Look at the table that a path, URL or variable names.

    Raises:
        ConfigError: --table or --query do not fit what is named.
        DataError: nothing is there, or no row of it can be read.
    """
    file = Path(path)
    stem = "" if query else table or file.name.partition(".")[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")
    name = "rows" if name in {"", "contract"} else name
    database = "://" in path or (path.isupper() and path.isidentifier() and not file.exists())
    if database != (bool(table) + bool(query) == 1):
        raise ConfigError(f"'{path}': only a database takes one of --table or --query")
    if database:
        kinds = [kind for kind in SETTINGS if "table" in load(SETTINGS[kind]).model_fields]
        if not kinds:
            raise ConfigError("this project reads files; add an option that reads databases first")
        settings: dict[str, Any] = {kinds[0]: path, "table": table, "query": query}
        source = load(SETTINGS[kinds[0]])(**settings)
        return _look(name, source, files(name, source, (), Path("data")), [])
    if not file.is_file():
        raise DataError(f"'{path}' does not exist; name a CSV, Parquet or JSON Lines file")
    with readable(file), file.open("rb") as raw:
        head = raw.read(4)
    if head.startswith(EXCEL):
        raise DataError(f"'{path}' is a zip or Excel file; unpack it, or save it as CSV")
    place, here = file.resolve(), Path.cwd()
    where = (place.relative_to(here) if place.is_relative_to(here) else place).as_posix()
    if head == b"PAR1":
        return _look(name, ParquetSource(parquet=where), [file], [])
    if head[:1] == b"{" or (head[:2] == GZIP and ".json" in file.name):
        return _look(name, JsonlSource(jsonl=where), [file], [])
    csv, doubts = dialect(file, where, target)
    return _look(name, csv, [file], doubts)


def _look(name: str, source: TableSource, paths: list[Path], doubts: list[str]) -> Table:
    """Read the table once; of many rows every k-th is taken, with k doubled when they are too many."""
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
    unusable = _unusable(rows, paths[0], parquet=isinstance(source, ParquetSource))
    columns = {values.name: ColumnStats(values) for values in rows if values.name not in unusable}
    doubts = [*doubts, *(f"`{name}` is left out: {why}" for name, why in unusable.items())]
    return Table(name=name, source=source, columns=columns, unusable=unusable, doubts=doubts)


def _unusable(rows: pl.DataFrame, path: Path, *, parquet: bool) -> dict[str, str]:
    """Columns that can be in no contract, and why."""
    types: dict[str, object] = {n: t for n, t in rows.schema.items() if isinstance(t, UNREADABLE)}
    if parquet:
        schema = pq.read_schema(path)
        types |= {field.name: field.type for field in schema if pa.types.is_nested(field.type)}
    result = {name: f"it holds {kind}, which no contract can read" for name, kind in types.items()}
    unnamed = (name for name in rows.columns if re.fullmatch(r"\(column \d+\)", name))
    return result | dict.fromkeys(unnamed, "it has no name")
