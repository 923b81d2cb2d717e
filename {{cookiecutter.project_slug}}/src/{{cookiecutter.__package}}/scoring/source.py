"""What is to be scored: a source, as in the contract or by the name of its files."""

import glob
from pathlib import Path

from ..contract import Contract, CsvSource, JsonlSource, ParquetSource, TableSource, parse_source
from ..data.rows import Layout, files, layout_of, records
from ..errors import DataError

JSON_LINES = {".jsonl", ".ndjson"}
FOLDER_PATTERNS = ("*.parquet", "*.jsonl*", "*.ndjson*", "*.csv*")
"""The files of a folder that are scored; of one of these kinds."""


def open_source(contract: Contract, where: str, scratch: Path) -> tuple[list[Path], Layout]:
    """The files that ``where`` names, and how they are read; a database's rows go to ``scratch``.

    Raises:
        DataError: nothing is there, or a file cannot be read or lacks a column.
        ConfigError: the source is not written as in the contract.
    """
    source = _as_in_contract(contract, _source(where))
    paths = files("rows", source, contract.request, scratch, complete=False)
    headers = [_header(contract, path, source) for path in paths]
    has_id = any(contract.id in header for header in headers)
    names = [name for name in contract.request if has_id or name != contract.id]
    types = {name: contract.columns[name].type for name in names}
    return paths, layout_of(contract, source, types)


def _source(where: str) -> TableSource:
    """A source as in the contract, or a folder or files of the kind that their name says."""
    if where.lstrip().startswith("{"):
        return parse_source(where)
    if Path(where).is_dir():
        patterns = [one for one in FOLDER_PATTERNS if any(Path(where).rglob(one))]
        if len(patterns) != 1:
            kinds = ", ".join(patterns) or "no file to score"
            raise DataError(f"'{where}' holds {kinds}; name files of one kind: '{where}/*.csv'")
        where = f"{glob.escape(where)}/**/{patterns[0]}"
    suffixes = {*Path(where.rstrip("*")).suffixes}
    if ".parquet" in suffixes:
        return ParquetSource(parquet=where)
    return JsonlSource(jsonl=where) if suffixes & JSON_LINES else CsvSource(csv=where)


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
