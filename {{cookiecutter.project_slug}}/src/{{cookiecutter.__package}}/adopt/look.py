"""Opens a person's table, and reads it through the readers of the data job."""

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..contract import JsonlSource, ParquetSource, TableSource, parse_source
from ..data.read import Decoded, readable
from ..data.rows import files, records
from ..errors import DataError
from .dialect import dialect

SAMPLE_ROWS, SAMPLE_CELLS, FEWEST_ROWS = 200_000, 8_000_000, 1000
UNREADABLE = (pl.Duration, pl.Time)


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a table holds."""

    name: str
    """What the contract calls the source."""
    source: TableSource
    rows: pl.DataFrame
    """All of a small table, else some from all over it."""
    doubts: list[str]


def open_table(path: str, target: str) -> Table:
    """Look at the table in a file, or in a source that is written as in the contract.

    Raises:
        ConfigError: no source is written so.
        DataError: nothing is there, or no row of it can be read.
    """
    doubts: list[str] = []
    if path.startswith("{"):
        source = parse_source(path)
        name = getattr(source, "table", None) or "rows"
    else:
        source, doubts = _source(Path(path), target)
        name = Path(path).name.partition(".")[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-") or "rows"
    return _look(name, source, files(name, source, (), Path("data")), doubts)


def _source(file: Path, target: str) -> tuple[TableSource, list[str]]:
    """The source that reads a file, and what is doubtful about it."""
    if not file.is_file():
        what_to_do = "name a CSV, Parquet or JSON Lines file, or '{sql: SHOP_URL, table: orders}'"
        raise DataError(f"'{file}' does not exist; {what_to_do}")
    with readable(file), Decoded(file, "utf-8") as raw:
        head = raw.head
    where = file.as_posix()
    if head == b"PAR1":
        return ParquetSource(parquet=where), []
    if head[:1] == b"{" or ".json" in file.name:
        return JsonlSource(jsonl=where), []
    return dialect(file, where, target)


def _look(name: str, source: TableSource, paths: list[Path], doubts: list[str]) -> Table:
    """Read the table once; of many rows every k-th is taken, with k doubled when they are too many."""
    parts, every, n_rows, broken = list[pl.DataFrame](), 1, 0, list[str]()
    for run in (run for path in paths for run in records(path, source, None)):
        values = run.values if run.not_text is None else run.values.filter(~run.not_text)
        parts.append(values.slice(-n_rows % every).gather_every(every))
        n_rows += len(values)
        most = max(FEWEST_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // max(values.width, 1)))
        while sum(map(len, parts)) > most:
            parts, every = [pl.concat(parts, how="diagonal_relaxed").gather_every(2)], 2 * every
        broken += [f"record {number:,}: {why}" for number, why, _ in run.broken]
    if not n_rows:
        raise DataError(f"there is no row that can be read: {[*broken, 'it is empty'][0]}")
    if broken:
        total = f"{len(broken):,} of {len(broken) + n_rows:,}"
        doubts.append(f"{total} records are no rows ({broken[0]}): rejected")
    rows = pl.concat(parts, how="diagonal_relaxed").rechunk()
    unusable = {
        name: kind
        for name, kind in rows.schema.items()
        if kind.is_nested() or isinstance(kind, UNREADABLE) or name.startswith("(column ")
    }
    why = "no contract can read it, or its name:"
    doubts += [f"`{name}` is left out: {why} {kind}" for name, kind in unusable.items()]
    return Table(name=name, source=source, rows=rows.drop(unusable), doubts=doubts)
