"""What is to be scored: files, folders or a database's rows, as typed chunks in a fixed order."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from ...contract import Contract, TableSource
from ...data.prefetch import prefetch
from ...data.read import GZIP
from ...data.rows import Chunk, Layout, layout_of, read_rows
from ...errors import DataError

SAMPLE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a person wants to have scored."""

    where: str
    """A file, a pattern, a folder, or a source as ``contract.yaml`` says it."""

    @property
    def is_source(self) -> bool:
        """Whether it is written as in the contract."""
        return self.where.lstrip().startswith("{")

    @property
    def title(self) -> str:
        """A short name, also for a file."""
        if self.is_source:
            return re.sub(r"\W+", "_", self.where.rpartition(":")[2]).strip("_") or "rows"
        return re.sub(r"[^\w.=-]+", "_", Path(self.where).stem).strip("_") or "rows"


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a source was read: everything in the files before, and what comes up to a record."""

    file: int = 0
    record: int = 0


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that holds every column that a row needs."""

    path: Path
    name: str
    """What people know it by."""
    written: TableSource
    """How: as the contract's own source of this kind is, or as most are."""
    columns: list[str]
    constants: Mapping[str, pl.Series]
    """Columns of one value, which the names of its folders say."""
    n_rows: int | None
    """``None`` where only reading tells."""
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files whose rows come in a fixed order, each at its file and record."""

    contract: Contract
    files: tuple[File, ...]

    @cached_property
    def has_id(self) -> bool:
        """Whether rows are named by the contract's id; else by file and record."""
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
                chunks = prefetch(read_rows(file.path, self.layout(file), complete=False))
                for chunk in chunks:
                    behind = _behind(chunk, after.record if number == after.file else 0)
                    yield number, _with_constants(behind, file.constants)
            except DataError as error:
                told = file.name in str(error)
                raise error if told else DataError(f"'{file.name}': {error}") from None

    def layout(self, file: File) -> Layout:
        """How a file's columns are read."""
        contract = self.contract
        wanted = [n for n in contract.request if n != contract.id or self.has_id]
        types = {name: contract.columns[name].type for name in wanted}
        layout = layout_of(contract, file.written, types)
        personal = layout.personal.union(*(source.pii for source in contract.sources.values()))
        return replace(layout, personal=personal & {*file.columns})


def _with_constants(chunk: Chunk, constants: Mapping[str, pl.Series]) -> Chunk:
    if not constants:
        return chunk
    places = np.zeros(len(chunk.rows), np.uint32)
    columns = [value.gather(places).alias(name) for name, value in constants.items()]
    return replace(chunk, rows=chunk.rows.with_columns(columns))


def _behind(chunk: Chunk, record: int) -> Chunk:
    """What comes behind a record."""
    if not record:
        return chunk
    passed = int(np.searchsorted(chunk.numbers, record, side="right"))
    return replace(
        chunk,
        rows=chunk.rows.slice(passed),
        others=chunk.others.slice(passed),
        numbers=chunk.numbers[passed:],
        rejected=[one for one in chunk.rejected if one.record > record],
        nulled=[one for one in chunk.nulled if one.record > record],
    )


def _estimated(file: File) -> int | None:
    """As many rows as lines of the length of the first ones; packed text does not tell."""
    with file.path.open("rb") as opened:
        sample = opened.read(SAMPLE_BYTES)
    if sample.startswith(GZIP):
        return None
    return file.path.stat().st_size * sample.count(b"\n") // max(len(sample), 1)
