"""A contract's source, whatever its kind, as chunks of typed rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..contract import Contract, CsvSource, SqlSource
from ..errors import DataError, MissingExtraError
from . import delimited, tables
from .chunks import Chunk, Layout, layout
from .files import matching


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A source whose files are there and hold the columns that the contract declares."""

    files: dict[Path, list[str]]
    """Each file's columns."""
    layout: Layout
    chunks: Callable[[Path], Iterator[Chunk]]
    """A file's rows in order."""


def files(contract: Contract, name: str, directory: Path) -> list[Path]:
    """The files that hold a source's rows, in order; a database is read into such files first.

    Raises:
        DataError: there is none, or the database does not answer.
    """
    source = contract.sources[name]
    if isinstance(source, SqlSource):
        try:
            from . import sql
        except ModuleNotFoundError as error:
            raise MissingExtraError(error.name or "sqlalchemy", "sql") from None
        return sql.snapshot(name, source, contract.source_columns(name), directory)
    return matching(source.csv if isinstance(source, CsvSource) else source.parquet)


def open_source(contract: Contract, name: str, paths: list[Path]) -> Opened:
    """Look at the files' headers: every declared column must be in each, in any order.

    Raises:
        DataError: a file cannot be read, or lacks a column.
    """
    source, declared = contract.sources[name], contract.source_columns(name)
    headers = {
        path: (
            delimited.header(path, source) if isinstance(source, CsvSource) else tables.header(path)
        )
        for path in paths
    }
    for path, header in headers.items():
        _complete(path, header, contract, name)
    others = {
        column: None for header in headers.values() for column in header if column not in declared
    }
    found = layout(contract, name, tuple(others))

    def chunks(path: Path) -> Iterator[Chunk]:
        if isinstance(source, CsvSource):
            return delimited.chunks(path, source, headers[path], found)
        return tables.chunks(path, source.missing, headers[path], found)

    return Opened(files=headers, layout=found, chunks=chunks)


def _complete(path: Path, header: list[str], contract: Contract, name: str) -> None:
    """What stands in a header is not shown where it may be a row with personal values."""
    declared = contract.source_columns(name)
    absent = [column for column in declared if column not in header]
    if not absent:
        return
    personal = contract.sources[name].pii or any(one.pii for one in contract.columns.values())
    said = f"its columns are {', '.join(header)}"
    if personal and len(absent) == len(declared):
        said = "its first line must name the columns, with the source's delimiter between them"
    raise DataError(f"'{path}' has no column {', '.join(map(repr, absent))}; {said}")
