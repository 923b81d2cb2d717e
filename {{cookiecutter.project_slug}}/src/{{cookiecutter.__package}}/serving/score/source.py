"""What is to be scored: files, folders or a database's rows, as typed chunks in a fixed order."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from ...contract import Contract, CsvSource, ParquetSource, SqlSource
from ...contract.source import VARIABLE
from ...data import delimited, tables
from ...data.chunks import Chunk, Layout
from ...data.files import GZIP
from ...errors import DataError

CHUNK_CELLS = 1 << 20
SAMPLE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a person wants to have scored."""

    where: str
    """A file, a pattern, a folder, a database's URL or the environment variable that holds it."""
    table: str | None = None
    query: str | None = None

    @property
    def is_database(self) -> bool:
        """Whether a database is named."""
        variable = re.fullmatch(VARIABLE, self.where) and not Path(self.where).exists()
        return "://" in self.where or bool(variable)

    @property
    def title(self) -> str:
        """A short name, also for a file."""
        if self.is_database:
            return self.table or "query"
        return re.sub(r"[^\w.=-]+", "_", Path(self.where).stem).strip("_") or "rows"


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a source was read: everything in the files before, and what begins up to a line."""

    file: int = 0
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that holds every column that a row needs."""

    path: Path
    name: str
    """What people know it by."""
    written: CsvSource | ParquetSource | SqlSource
    """How: as the contract's own source of this kind is, or as most are."""
    columns: list[str]
    constants: Mapping[str, pa.Array]
    """Columns of one value, which the names of its folders say."""
    n_rows: int | None
    """``None`` where only reading tells."""
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files whose rows come in a fixed order, each at its file and line."""

    contract: Contract
    files: tuple[File, ...]

    @cached_property
    def has_id(self) -> bool:
        """Whether rows are named by the contract's id; else by file and line."""
        known = {name for file in self.files for name in (*file.columns, *file.constants)}
        return self.contract.id in known

    @property
    def n_rows(self) -> int | None:
        """How many rows there are, where every file tells."""
        counts = [file.n_rows for file in self.files]
        return None if None in counts else sum(filter(None, counts))

    @cached_property
    def about(self) -> int | None:
        """About how many rows there are, for a progress bar."""
        counts = [_estimated(file) if file.n_rows is None else file.n_rows for file in self.files]
        return None if None in counts else sum(filter(None, counts))

    def chunks(self, after: Place) -> Iterator[tuple[int, Chunk]]:
        """The rows behind a place, each chunk with its file's number.

        Raises:
            DataError: a file is damaged, or a value breaks a rule whose mode is fail.
        """
        for number, file in enumerate(self.files[after.file :], after.file):
            try:
                for chunk in self._read(file, after.line if number == after.file else 0):
                    yield number, _with_constants(chunk, file.constants)
            except DataError as error:
                told = file.name in str(error)
                raise error if told else DataError(f"'{file.name}': {error}") from None

    def _read(self, file: File, after: int) -> Iterator[Chunk]:
        layout = self._layout(file)
        if isinstance(file.written, CsvSource):
            return delimited.chunks(file.path, file.written, file.columns, layout, after=after)
        size = max(1, min(tables.BATCH_ROWS, CHUNK_CELLS // len(layout.types)))
        missing = file.written.missing
        return tables.chunks(file.path, missing, file.columns, layout, after=after, size=size)

    def _layout(self, file: File) -> Layout:
        contract = self.contract
        tagged = {name for name, column in contract.columns.items() if column.pii}
        personal = tagged.union(*(source.pii for source in contract.sources.values()))
        wanted = [n for n in contract.request if n != contract.id or self.has_id]
        return Layout(
            types={name: contract.columns[name].type for name in wanted},
            others=(),
            modes={name: contract.columns[name].mode("type") for name in wanted},
            personal=frozenset(personal.intersection(file.columns)),
            zone=contract.zone,
            drop=False,
            formats={n: form for n, form in file.written.formats.items() if n in wanted},
        )


def _with_constants(chunk: Chunk, constants: Mapping[str, pa.Array]) -> Chunk:
    rows = chunk.rows
    for name, value in constants.items():
        place = rows.schema.get_field_index(name)
        column = value.take(pa.repeat(0, len(rows)))
        rows = rows.set_column(place, rows.schema.field(place), column)
    return replace(chunk, rows=rows)


def _estimated(file: File) -> int | None:
    """As many rows as lines of the length of the first ones; packed text does not tell."""
    with file.path.open("rb") as opened:
        sample = opened.read(SAMPLE_BYTES)
    if sample.startswith(GZIP):
        return None
    return file.path.stat().st_size * sample.count(b"\n") // max(len(sample), 1)
