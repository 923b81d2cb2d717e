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
    """The declared columns as text, and ``_source_row``: 1 for the first record."""
    malformed: ibis.Table
    """Records that are no rows: ``line``, ``text`` and ``reasons``."""


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
    wanted = ", ".join(f"c{header.index(column)} as {_identifier(column)}" for column in columns)
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
    return RawSource(table=engine.table(name), malformed=engine.table(rejects))


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
