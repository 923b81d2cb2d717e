"""Opens a person's table, reads it through the readers of the data job, describes its columns."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import READERS, JsonlSource, ParquetSource, TableSource, parse_source
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
        absent = known.clear()
        if self.is_text:
            is_null = known[" "].str.contains(NULL) | known[" "].is_in(nulls)
            known, absent = known.filter(~is_null), known.filter(is_null)
        self.known, self.counts = known[" "], known["n"]
        """Distinct values, the most frequent first, and how often each stands there."""
        self.blanks = [text for text in absent[" "] if not text.strip()]
        self.nulls = [text for text in absent[" "] if text.strip()]
        self.n_null = int(absent["n"].filter(absent[" "].is_in(self.nulls)).sum())
        self.n_known = int(self.counts.sum())
        self.complete, self.unique = self.n_known == self.n_rows, len(known) == self.n_known > 0
        self.examples = listed(self.known.head(3))

    def rows_of(self, texts: Iterable[str]) -> int:
        """How many rows have one of these texts."""
        return int(self.counts.filter(self.known.cast(str).is_in(list(texts))).sum())


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
    doubts: list[str]


def open_table(path: str, target: str, table: str | None, query: str | None) -> Table:
    """Look at the table in a file; or in a database, of which a table or a query is named.

    Raises:
        ConfigError: this project reads no databases.
        DataError: nothing is there, or no row of it can be read.
    """
    file = Path(path)
    stem = "" if query else table or file.name.partition(".")[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-") or "rows"
    if table or query:
        if "sql" not in READERS:
            raise ConfigError("this project reads files; add an option that reads databases first")
        source = parse_source(json.dumps({"sql": path, "table": table, "query": query}))
        return _look(name, source, files(name, source, (), Path("data")), [])
    if not file.is_file():
        what_to_do = "name a CSV, Parquet or JSON Lines file; of a database also --table or --query"
        raise DataError(f"'{path}' does not exist; {what_to_do}")
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
    with progress("looking", None) as bar:
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
        doubts.append(f"{total} records are no rows ({broken[0]}): rejected")
    rows = pl.concat(parts, how="diagonal_relaxed").rechunk()
    unusable = _unusable(rows, paths[0], parquet=isinstance(source, ParquetSource))
    doubts += [
        f"`{name}` is left out: no contract can read {why}" for name, why in unusable.items()
    ]
    columns = {values.name: ColumnStats(values) for values in rows.drop(unusable)}
    return Table(name=name, source=source, columns=columns, doubts=doubts)


def _unusable(rows: pl.DataFrame, path: Path, *, parquet: bool) -> dict[str, object]:
    """Columns that can be in no contract, and what they hold."""
    result: dict[str, object] = {n: t for n, t in rows.schema.items() if isinstance(t, UNREADABLE)}
    if parquet:
        schema = pq.read_schema(path)
        result |= {field.name: field.type for field in schema if pa.types.is_nested(field.type)}
    unnamed = (name for name in rows.columns if re.fullmatch(r"\(column \d+\)", name))
    return result | dict.fromkeys(unnamed, "a column without a name")
