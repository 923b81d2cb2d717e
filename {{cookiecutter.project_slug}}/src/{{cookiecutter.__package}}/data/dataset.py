"""Dataset versions on disk: found by pointer, read by split, named by what they were made of."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..atomic import pointed
from ..contract import Contract
from ..errors import DataError
from .split import Split


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One immutable version: a Parquet file per split, the contract and a manifest."""

    path: Path

    @property
    def name(self) -> str:
        """The version's name: a hash of everything that it was made of."""
        return self.path.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Sources, row counts, hashes."""
        content: dict[str, Any] = json.loads((self.path / "manifest.json").read_text())
        return content

    @cached_property
    def contract(self) -> Contract:
        """The contract that its rows were checked against."""
        return Contract.model_validate_json((self.path / "contract.json").read_text())

    def read(self, split: Split, columns: Iterable[str] | None = None) -> pa.Table:
        """The rows of a split in source order; all columns unless some are named."""
        names = None if columns is None else list(columns)
        return pq.read_table(self.path / f"{split}.parquet", columns=names)


def current(directory: Path) -> Dataset:
    """The dataset that the pointer names.

    Raises:
        DataError: there is none yet.
    """
    name = pointed(directory / "datasets" / "current")
    if name is None or not (directory / "datasets" / name).is_dir():
        raise DataError(f"no dataset in '{directory}' yet; make one with: make data")
    return Dataset(path=directory / "datasets" / name)


def content_hash(files: Iterable[Path]) -> str:
    """SHA-256 over values in row order: equal whatever the chunks, encoding or compression."""
    total = hashlib.sha256()
    for path in files:
        reader = pq.ParquetFile(path)
        columns = {name: hashlib.sha256() for name in reader.schema_arrow.names}
        lengths = {name: hashlib.sha256() for name in columns}
        for batch in reader.iter_batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                _update(columns[name], lengths[name], column)
        for name in columns:
            total.update(name.encode() + columns[name].digest() + lengths[name].digest())
    return total.hexdigest()


def _update(values: "hashlib._Hash", lengths: "hashlib._Hash", column: pa.Array) -> None:
    """Feed a chunk's values to one hash, and its nulls or text lengths to the other."""
    if pa.types.is_string(column.type):
        lengths.update(pc.fill_null(pc.binary_length(column), -1).to_numpy().tobytes())
        values.update("".join(text for text in column.to_pylist() if text is not None).encode())
        return
    lengths.update(column.is_null().cast(pa.int8()).to_numpy().tobytes())
    plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    plain = plain.cast(pa.int8()) if pa.types.is_boolean(plain.type) else plain
    values.update(pc.fill_null(plain, 0).to_numpy().tobytes())
