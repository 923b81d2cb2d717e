"""Finds what is to be scored and looks at it: which files, how they are written, what they lack."""

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import pyarrow as pa

from ...contract import Contract, CsvSource, ParquetSource, SqlSource
from ...data import delimited, tables
from ...data.convert import from_text
from ...data.files import fingerprint
from ...errors import ConfigError, DataError, MissingExtraError
from ...terminal import progress
from .source import Ask, File, Source

HIDDEN = ("_", ".")
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
Kind = TypeVar("Kind", CsvSource, ParquetSource, SqlSource)


def open_source(contract: Contract, ask: Ask, scratch: Path) -> Source:
    """Look at every file's header; a database's rows are read into a file in ``scratch`` first.

    Raises:
        DataError: nothing is there, or a file cannot be read or lacks a column.
        ConfigError: what is asked for is not clear, or the database's address is not.
    """
    if ask.is_database != bool(ask.table or ask.query) or (ask.table and ask.query):
        raise ConfigError(
            f"'{ask.where}' is {'a database' if ask.is_database else 'no database'}: a database"
            " needs --table or --query, files take neither"
        )
    if ask.is_database:
        return Source(contract=contract, files=(_database(contract, ask, scratch),))
    try:
        paths = found(ask.where)
        with progress("look", len(paths), keep=False) as bar:
            files = []
            for path in paths:
                files.append(_file(contract, path))
                bar(note=path.name)
    except OSError as error:
        raise DataError(f"'{error.filename}' cannot be read: {error.strerror}") from None
    return Source(contract=contract, files=tuple(files))


def found(where: str) -> list[Path]:
    """The files that a path, pattern or folder names, sorted; in folders, hidden ones do not count.

    Raises:
        DataError: there is none.
    """
    matching = glob.glob(where, recursive=True)  # noqa: PTH207 - Path's takes hidden files too
    named = [Path(where)] if Path(where).exists() else [Path(name) for name in matching]
    files = {file for path in named for file in (_below(path) if path.is_dir() else [path])}
    if files:
        return sorted(files)
    if named:
        raise DataError(f"'{where}' holds no files; put the rows there or name another folder")
    if glob.has_magic(where):
        raise DataError(f"no file matches '{where}'; put one there or name another pattern")
    raise DataError(
        f"'{where}' does not exist; name a CSV or Parquet file, a pattern in quotes, a folder, or a"
        " database by its URL"
    )


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        below = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(HIDDEN) for part in below):
            yield path


def _file(contract: Contract, path: Path) -> File:
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(b"PK"):
        raise DataError(f"'{path}' is a zip or Excel file; unpack it, or save it as CSV")
    if head == b"PAR1":
        columns, n_rows = tables.header(path), tables.count(path)
        written: CsvSource | ParquetSource = _written(contract, ParquetSource(parquet=str(path)))
    else:
        written, n_rows = _written(contract, CsvSource(csv=str(path))), None
        columns = delimited.header(path, written)
    constants = {n: value for n, value in _constants(contract, path).items() if n not in columns}
    _complete(contract, str(path), {*columns, *constants})
    return File(
        path=path,
        name=str(path),
        written=written,
        columns=columns,
        constants=constants,
        n_rows=n_rows,
        fingerprint=fingerprint(path),
    )


def _database(contract: Contract, ask: Ask, scratch: Path) -> File:
    try:
        from ...data import database, sql
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "sqlalchemy", "sql") from None
    try:
        source = SqlSource(sql=ask.where, table=ask.table, query=ask.query)
    except ValueError as error:
        said = str(error).splitlines()[2].partition("[type=")[0].strip()
        raise ConfigError(f"--table or --query: {said}") from None
    with database.connected(ask.title, database.address(ask.title, ask.where)) as connection:
        columns = database.columns(connection, ask.title, source)
    _complete(contract, ask.title, set(columns))
    wanted = [name for name in contract.request if name in columns]
    with progress("read", None) as bar:
        (path,) = sql.snapshot("rows", source, wanted, scratch, bar)
    return File(
        path=path,
        name=ask.title,
        written=_written(contract, source),
        columns=tables.header(path),
        constants={},
        n_rows=tables.count(path),
        fingerprint=path.stem,
    )


def _written(contract: Contract, plain: Kind) -> Kind:
    """The contract's first source of this kind; else the plain one."""
    own = (source for source in contract.sources.values() if isinstance(source, type(plain)))
    return next(own, plain)


def _constants(contract: Contract, path: Path) -> dict[str, pa.Array]:
    """Columns that folders named ``column=value`` give to the rows of the files in them."""
    values = {}
    for part in path.parts[:-1]:
        name, equals, text = part.partition("=")
        if not equals or name not in contract.request:
            continue
        value = None if text in {"", NULL_FOLDER} else unquote(text)
        kind = contract.columns[name].type
        typed = from_text(pa.array([value], pa.string()), kind, contract.zone)
        if typed.null_count and value is not None:
            raise DataError(f"'{path}': its folder says {part}, but '{name}' is {kind}; rename it")
        values[name] = typed
    return values


def _complete(contract: Contract, what: str, there: set[str]) -> None:
    """What stands in a header is not shown: it may be a row with personal values."""
    needed = [name for name in contract.features if not contract.columns[name].nullable]
    absent = [name for name in needed if name not in there]
    if absent or not there & set(contract.features):
        raise DataError(
            f"'{what}' has no column {', '.join(map(repr, absent or contract.features))}; its first"
            f" line or schema must name the contract's columns: {', '.join(contract.features)}"
        )
