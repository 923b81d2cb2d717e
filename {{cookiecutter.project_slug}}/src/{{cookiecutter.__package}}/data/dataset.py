"""Datasets on disk: found by pointer, read by split, named by what they hold."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import Contract
from ..errors import DataError
from ..storage import file_hash, read_pointer
from .split import SPLITS, Split


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One immutable version: a Parquet file per split, the contract and a manifest."""

    path: Path

    @property
    def name(self) -> str:
        """The version's name: a hash of its contract and of every row of every split."""
        return self.path.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Sources, row counts, statistics of the run that first made it."""
        content: dict[str, Any] = json.loads((self.path / "manifest.json").read_text())
        return content

    @cached_property
    def contract(self) -> Contract:
        """The contract that its rows were checked against."""
        return Contract.model_validate_json((self.path / "contract.json").read_text())

    def read(self, split: Split, columns: Iterable[str] | None = None) -> pa.Table:
        """The rows of a split in source order; all columns unless some are named."""
        names = None if columns is None else list(columns)
        return pq.read_table(
            self.path / f"{split}.parquet", columns=names, read_dictionary=self.categories
        )

    @property
    def categories(self) -> list[str]:
        """Columns of which each text is kept once in memory."""
        return [n for n, column in self.contract.columns.items() if column.type == "category"]


def current(directory: Path) -> Dataset:
    """The dataset that the pointer names.

    Raises:
        DataError: there is none yet.
    """
    name = read_pointer(directory / "datasets" / "current")
    if name is None or not (directory / "datasets" / name).is_dir():
        raise DataError(f"no dataset in '{directory}' yet; make one with: make data")
    return Dataset(path=directory / "datasets" / name)


def content_hash(folder: Path) -> str:
    """A hash of every split's file; polars writes the same rows as the same bytes."""
    hashes = [file_hash(folder / f"{split}.parquet") for split in SPLITS]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
