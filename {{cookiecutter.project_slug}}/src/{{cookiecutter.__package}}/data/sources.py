"""Reads sources as text with the number of each record; types come later, by rule."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from ..contract import ColumnType, Source
from ..errors import DataError

ROW = "_source_row"


@dataclass(frozen=True, kw_only=True)
class RawSource:
    """A source as text."""

    table: ibis.Table
    """Every column as text, the declared ones by name, and ``_source_row``: 1 for the first."""
    record: tuple[str, ...]
    """The names of all its columns: two rows that agree in them are one record written twice."""
    malformed: ibis.Table
    """Records that are no rows: ``line``, ``text`` and ``reasons``."""
    lost: int
    """Physical lines that are in no record: 0, or a quote opens somewhere and does not close."""


def connect(database: Path, memory_limit: str, timezone: str) -> Backend:
    """The ETL engine over a scratch file; naive times are read in ``timezone``."""
    engine = ibis.duckdb.connect(database, memory_limit=memory_limit)
    engine.raw_sql(f"set timezone = '{timezone}'")
    engine.raw_sql("set enable_progress_bar = false")
    return engine


def read_header(path: Path, source: Source) -> list[str]:
    """The names in a CSV file's first line.

    Raises:
        DataError: the file is not there, is empty, is not in its encoding or repeats a name.
    """
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            names = next(csv.reader(file, delimiter=source.delimiter), [])
    except FileNotFoundError:
        raise DataError(
            f"source file '{path}' does not exist; put it there or name another"
        ) from None
    except (UnicodeError, csv.Error) as error:
        raise DataError(
            f"the first line of '{path}' cannot be read: {error}; set its encoding and delimiter"
        ) from None
    if not names:
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    if any("\ufffd" in name for name in names):
        raise DataError(f"the first line of '{path}' is not {source.encoding}; set its encoding")
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataError(f"'{path}' names {', '.join(map(repr, repeated))} more than once")
    return names


def read(
    engine: Backend, name: str, source: Source, columns: dict[str, ColumnType], path: Path
) -> RawSource:
    """Load a source's declared columns by name, whatever their order in the file.

    Raises:
        DataError: as ``read_header``, a declared column is not in the file, or no reader takes it.
    """
    header = read_header(path, source)
    absent = [column for column in columns if column not in header]
    if absent:
        raise DataError(
            f"'{path}' has no column {', '.join(map(repr, absent))};"
            f" its columns are {', '.join(header)}"
        )
    record = [name if name in columns else f"_column_{place}" for place, name in enumerate(header)]
    wanted = ", ".join(f"c{place} as {_identifier(column)}" for place, column in enumerate(record))
    try:
        engine.raw_sql(
            f"create table {_identifier(name)} as"
            f" select row_number() over () as {ROW}, {wanted}"
            f" from read_csv({_text(_pattern(path))}, {_dialect(source, len(header))})"
        )
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise DataError(
            f"'{path}' cannot be read as {source.encoding} CSV: {str(error).splitlines()[0]};"
            " write it uncompressed, with one kind of line ending and quotes doubled"
        ) from None
    rejects = f"{name}.malformed"
    engine.raw_sql(
        f"create table {_identifier(rejects)} as"
        " select line, min(csv_line) as \"text\", string_agg(distinct error_message, '; ') as reasons"
        " from reject_errors group by line order by line"
    )
    engine.raw_sql("drop table reject_errors")
    engine.raw_sql("drop table reject_scans")
    table, malformed = engine.table(name), engine.table(rejects)
    return RawSource(
        table=table,
        record=tuple(record),
        malformed=malformed,
        lost=_lines(path, source) - _lines_of(table, record) - _lines_of(malformed, ["text"]),
    )


def _lines(path: Path, source: Source) -> int:
    """Physical lines that are not blank, without the header's."""
    with path.open(encoding=source.encoding, errors="replace", newline="\n") as file:
        n_lines = sum(1 for line in file if line.strip("\r\n"))
    header = read_header(path, source)
    return n_lines - 1 - sum(name.count("\n") for name in header)


def _lines_of(table: ibis.Table, columns: list[str]) -> int:
    """Lines that a table's records fill: one each, and one more for each line break in a cell."""
    n_rows = table.count().execute()
    breaks = [(table[c].length() - table[c].replace("\n", "").length()).sum() for c in columns]
    counted = table.aggregate(**{str(n): found for n, found in enumerate(breaks)}).execute()
    return int(n_rows) + int(counted.iloc[0].fillna(0).sum())


def _dialect(source: Source, width: int) -> str:
    """DuckDB's reader told everything, so that nothing is sniffed; columns go by their place."""
    columns = ", ".join(f"c{place}: 'VARCHAR'" for place in range(width))
    nulls = ", ".join(_text(marker) for marker in source.missing)
    return (
        f"auto_detect = false, header = true, delim = {_text(source.delimiter)}, quote = '\"',"
        f" escape = '\"', encoding = {_text(source.encoding)}, nullstr = [{nulls}],"
        f" columns = {{{columns}}}, store_rejects = true, strict_mode = true"
    )


def _pattern(path: Path) -> str:
    """A file name that the engine does not take for a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
