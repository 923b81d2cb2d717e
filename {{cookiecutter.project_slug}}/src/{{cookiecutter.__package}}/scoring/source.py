"""What is to be scored: files, a folder or a source as in the contract, and how each is read."""

import glob
from pathlib import Path

from ..contract import (
    Contract,
    CsvSource,
    JsonlSource,
    ParquetSource,
    TableSource,
    parse_source,
)
from ..data.read import matching
from ..data.rows import Layout, files, layout_of, records
from ..errors import DataError

JSON_LINES = {".jsonl", ".ndjson"}


def open_files(contract: Contract, where: str, scratch: Path) -> dict[Path, Layout]:
    """The files that ``where`` names, and how each is read; a database's rows go to ``scratch``.

    Raises:
        DataError: nothing is there, or a file cannot be read or lacks a column.
        ConfigError: the source is not written as in the contract.
    """
    if where.lstrip().startswith("{"):
        source = parse_source(where)
        paths = files("rows", source, contract.request, scratch, complete=False)
        sources = dict.fromkeys(paths, source)
    else:
        sources = {path: _kind(path) for path in _find(where)}
    sources = {path: _as_in_contract(contract, source) for path, source in sources.items()}
    headers = [_header(contract, path, source) for path, source in sources.items()]
    has_id = any(contract.id in header for header in headers)
    names = [name for name in contract.request if has_id or name != contract.id]
    types = {name: contract.columns[name].type for name in names}
    return {path: layout_of(contract, source, types) for path, source in sources.items()}


def _find(where: str) -> list[Path]:
    """The file, those that a pattern matches, or a folder's; hidden ones do not count."""
    folder = Path(where)
    if not folder.is_dir():
        return matching(where)
    paths = matching(f"{glob.escape(where)}/**/*")
    return [p for p in paths if not any(n.startswith("_") for n in p.relative_to(folder).parts)]


def _kind(path: Path) -> TableSource:
    """A file as a source, by its first bytes or its name."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(b"PK"):
        raise DataError(f"'{path}' is a zip or Excel file; unpack it, or save it as CSV")
    if head == b"PAR1":
        return ParquetSource(parquet=str(path))
    if JSON_LINES & {*path.suffixes} or head.lstrip()[:1] == b"{":
        return JsonlSource(jsonl=str(path))
    return CsvSource(csv=str(path))


def _as_in_contract(contract: Contract, source: TableSource) -> TableSource:
    """Written as the contract's first source of this kind is, but for what is said here."""
    sources = contract.sources.values()
    own = next((one for one in sources if type(one) is type(source)), source)
    changes = {key: getattr(source, key) for key in source.model_fields_set}
    personal = tuple({name for one in (source, *sources) for name in one.pii})
    return own.model_copy(update=changes | {"columns": None, "pii": personal})


def _header(contract: Contract, path: Path, source: TableSource) -> set[str]:
    """A file's columns, not shown in errors: they may be a row with personal values."""
    columns, features = {*next(records(path, source, None)).values.columns}, contract.features
    absent = [n for n in features if n not in columns and not contract.columns[n].nullable]
    if absent or not columns & {*features}:
        raise DataError(
            f"'{path}' has no column {', '.join(map(repr, absent or features))}; its first line or"
            f" schema must name the contract's columns: {', '.join(features)}"
        )
    return columns
