"""Finds what is to be scored and looks at it: which files, how they are written, what they lack."""

import glob
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pyarrow.parquet as pq

from ...contract import (
    Contract,
    CsvSource,
    FileSource,
    JsonlSource,
    ParquetSource,
    TableSource,
    parse_source,
)
from ...data.cast import Form, cast
from ...data.identity import fingerprint
from ...data.rows import files as files_of
from ...data.rows import records
from ...errors import DataError
from ...terminal import progress
from .source import Ask, File, Source

HIDDEN = ("_", ".")
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
JSON_LINES = {".jsonl", ".ndjson"}


def open_source(contract: Contract, ask: Ask, scratch: Path) -> Source:
    """Look at every file's header; a database's rows are read into a file in ``scratch`` first.

    Raises:
        DataError: nothing is there, or a file cannot be read or lacks a column.
        ConfigError: the source is not written as in the contract.
    """
    given = parse_source(ask.where) if ask.is_source else None
    try:
        paths = found(ask.where) if given is None else _of_source(contract, ask, given, scratch)
        with progress("look", len(paths), keep=False) as bar:
            files = []
            for path in paths:
                written = _written(contract, given or _kind(path))
                files.append(_file(contract, path, written, _name(ask, path, given)))
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
        f"'{where}' does not exist; name a CSV, Parquet or JSON Lines file, a pattern in quotes, a"
        " folder, or a source as in contract.yaml, such as '{parquet: rows.parquet}'"
    )


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        below = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(HIDDEN) for part in below):
            yield path


def _kind(path: Path) -> TableSource:
    """The kind of a file, by its first bytes or its name."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(b"PK"):
        raise DataError(f"'{path}' is a zip or Excel file; unpack it, or save it as CSV")
    if head == b"PAR1":
        return ParquetSource(parquet=str(path))
    if JSON_LINES & {*path.suffixes} or head.lstrip()[:1] == b"{":
        return JsonlSource(jsonl=str(path))
    return CsvSource(csv=str(path))


def _of_source(contract: Contract, ask: Ask, source: TableSource, scratch: Path) -> list[Path]:
    return files_of(ask.title, source, contract.request, scratch, complete=False)


def _name(ask: Ask, path: Path, given: TableSource | None) -> str:
    """What people know the rows by."""
    return str(path) if given is None or isinstance(given, FileSource) else ask.title


def _file(contract: Contract, path: Path, written: TableSource, name: str) -> File:
    columns = next(records(path, written, None)).values.columns
    constants = {n: value for n, value in _constants(contract, path).items() if n not in columns}
    _complete(contract, name, {*columns, *constants})
    packed = not isinstance(written, CsvSource | JsonlSource) and path.suffix == ".parquet"
    return File(
        path=path,
        name=name,
        written=written,
        columns=columns,
        constants=constants,
        n_rows=pq.read_metadata(path).num_rows if packed else None,
        fingerprint=fingerprint(path),
    )


def _written(contract: Contract, given: TableSource) -> TableSource:
    """As the contract's first source of this kind is written, but for what was given."""
    own = next((s for s in contract.sources.values() if type(s) is type(given)), given)
    said = {key: getattr(given, key) for key in given.model_fields_set}
    return own.model_copy(update=said | {"columns": None})


def _constants(contract: Contract, path: Path) -> dict[str, pl.Series]:
    """Columns that folders named ``column=value`` give to the rows of the files in them."""
    values = {}
    for part in path.parts[:-1]:
        name, equals, text = part.partition("=")
        if not equals or name not in contract.request:
            continue
        value = None if text in {"", NULL_FOLDER} else unquote(text)
        kind = contract.columns[name].type
        typed = cast(pl.Series([value], dtype=pl.String), Form(type=kind), contract.timezone)
        if typed.null_count() and value is not None:
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
