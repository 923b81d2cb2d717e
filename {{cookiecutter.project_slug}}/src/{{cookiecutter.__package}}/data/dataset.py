"""Dataset versions on disk: found by pointer, read by split, named by what they were made of."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..atomic import pointed
from ..contract import Contract
from ..errors import DataError
from .hashes import row_hashes
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
    """The ``ContentHash`` of what Parquet files hold, one after another."""
    total = ContentHash()
    for path in files:
        for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches():
            total.update(path.stem, pa.Table.from_batches([batch]))
    return total.hexdigest()


class ContentHash:
    """BLAKE2 over row hashes in order: equal whatever the chunks, encoding or compression."""

    def __init__(self) -> None:
        self.parts: dict[str, hashlib.blake2b] = {}

    def update(self, part: str, rows: pa.Table) -> None:
        """Go on with rows of a part, such as a split; parts may take turns."""
        if part not in self.parts:
            names = json.dumps([part, *rows.schema.names]).encode()
            self.parts[part] = hashlib.blake2b(names, digest_size=16)
        self.parts[part].update(row_hashes(rows).data)

    def hexdigest(self) -> str:
        """Of all parts, by name."""
        digests = [self.parts[part].digest() for part in sorted(self.parts)]
        return hashlib.blake2b(b"".join(digests), digest_size=16).hexdigest()
