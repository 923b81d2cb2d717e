"""What is to be scored: files, folders or a source as in the contract, as typed chunks in order."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..contract import (
    Contract,
    CsvSource,
    FileSource,
    JsonlSource,
    ParquetSource,
    TableSource,
    parse_source,
)
from ..data.rows import Chunk, Layout, files, layout_of, read_rows, records
from ..errors import DataError

HIDDEN = ("_", ".")
JSON_LINES = {".jsonl", ".ndjson"}


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of rows, and how its columns are read."""

    path: Path
    name: str
    """What people know it by."""
    layout: Layout

    def chunks(self) -> Iterator[Chunk]:
        """Its rows.

        Raises:
            DataError: it is damaged.
        """
        try:
            yield from read_rows(self.path, self.layout, complete=False)
        except DataError as error:
            text = str(error)
            raise error if self.name in text else DataError(f"'{self.name}': {text}") from None


def open_files(contract: Contract, where: str, scratch: Path) -> list[File]:
    """The files that a path, folder, pattern or source names; a database's rows go to ``scratch``.

    Raises:
        DataError: nothing is there, or a file cannot be read or lacks a column.
        ConfigError: the source is not written as in the contract.
    """
    given = parse_source(where) if where.lstrip().startswith("{") else None
    try:
        if given is None:
            paths = find_files(where)
        else:
            paths = files("rows", given, contract.request, scratch, complete=False)
        sources = {path: _as_in_contract(contract, given or _kind(path)) for path in paths}
        headers = {path: next(records(path, sources[path], None)).values.columns for path in paths}
    except OSError as error:
        raise DataError(f"'{error.filename}' cannot be read: {error.strerror}") from None
    is_file = given is None or isinstance(given, FileSource)
    names = {path: str(path) if is_file else "the source's rows" for path in paths}
    for path in paths:
        _check_columns(contract, path, names[path], {*headers[path]})
    has_id = any(contract.id in header for header in headers.values())
    return [
        File(path=path, name=names[path], layout=_layout(contract, sources[path], has_id=has_id))
        for path in paths
    ]


def find_files(where: str) -> list[Path]:
    """The files that a path, folder or pattern names, sorted; in folders without hidden ones.

    Raises:
        DataError: there is none.
    """
    matches = glob.glob(where, recursive=True)  # noqa: PTH207 - Path's takes hidden files too
    named = [Path(where)] if Path(where).exists() else [Path(name) for name in matches]
    found = {
        file
        for path in named
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file() and not _hidden(file.relative_to(path))
    }
    if not found:
        raise DataError(
            f"'{where}' names no file; name a CSV, Parquet or JSON Lines file, a folder, a pattern"
            " in quotes, or a source as in contract.yaml, such as '{parquet: rows.parquet}'"
        )
    return sorted(found)


def _hidden(path: Path) -> bool:
    return any(part.startswith(HIDDEN) for part in path.parts)


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


def _as_in_contract(contract: Contract, given: TableSource) -> TableSource:
    """Written as the contract's first source of this kind is, but for what was given."""
    own = next((one for one in contract.sources.values() if type(one) is type(given)), given)
    changes = {key: getattr(given, key) for key in given.model_fields_set}
    return own.model_copy(update=changes | {"columns": None})


def _layout(contract: Contract, source: TableSource, *, has_id: bool) -> Layout:
    names = [name for name in contract.request if has_id or name != contract.id]
    layout = layout_of(contract, source, {name: contract.columns[name].type for name in names})
    personal = layout.personal.union(*(one.pii for one in contract.sources.values()))
    return replace(layout, personal=personal)


def _check_columns(contract: Contract, path: Path, name: str, columns: set[str]) -> None:
    """A header is not shown: it may be a row with personal values."""
    features = contract.features
    absent = [n for n in features if n not in columns and not contract.columns[n].nullable]
    if absent or not columns & {*features}:
        raise DataError(
            f"'{name}' has no column {', '.join(map(repr, absent or features))}; its first line or"
            f" schema must name the contract's columns: {', '.join(features)}"
        )
    for part in path.parts[:-1]:
        column, equals, _ = part.partition("=")
        if equals and column in contract.request and column not in columns:
            raise DataError(f"'{name}': its folder is {part}; write {column} as a column, too")
