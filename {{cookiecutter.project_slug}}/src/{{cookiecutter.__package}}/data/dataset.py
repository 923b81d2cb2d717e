"""Datasets on disk: found by pointer, read by split, named by what they hold."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import Contract
from ..errors import DataError
from ..storage import file_hash, read_pointer
from ..terminal import say
from .split import SPLITS, Split
from .validate import main_reasons

MOST_LABELS = 3


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
        categories = [n for n, one in self.contract.columns.items() if one.type == "category"]
        path = self.path / f"{split}.parquet"
        return pq.read_table(path, columns=names, read_dictionary=categories)


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


def label_statistics(folder: Path, contract: Contract) -> dict[str, dict[str, Any]]:
    """Rows of each split, with the mean of a number, or the share of each label."""
    statistics: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        labels = pl.read_parquet(folder / f"{split}.parquet", columns=[contract.target]).to_series()
        values = labels.unique().to_list()
        if not values:
            raise DataError(f"the {split} split has no rows: change data.split")
        if split == "train" and (len(values) < 2 or contract.positive not in {None, *values}):
            raise DataError(
                f"all training rows have '{contract.target}' = {', '.join(map(str, values))}, so"
                " there is nothing to learn: change data.split, or target and positive in"
                " contract.yaml"
            )
        statistics[split] = {"rows": len(labels)}
        if contract.task == "regression":
            statistics[split]["mean"] = labels.mean()
        else:
            shares = labels.cast(pl.String).value_counts(normalize=True, name="share")
            in_order = shares.sort("share", contract.target, descending=[True, False])
            statistics[split]["shares"] = dict(in_order.rows())
    return statistics


def split_text(split: dict[str, Any]) -> str:
    """A split's statistics in a few words."""
    shares = [f"{share:.1%} {label}" for label, share in split.get("shares", {}).items()]
    what = ", ".join(shares[:MOST_LABELS]) or f"mean {split['mean']:.4g}"
    return f"{split['rows']:,} ({what})"


def report(dataset: Dataset, manifest: dict[str, Any]) -> None:
    """Show where every row went, what may leak, and the last line: what is there and where."""
    for name, counts in (manifest["source_rows"] | {"transform": manifest["rows"]}).items():
        (_, total), *ends = counts.items()
        text = ", ".join(f"{n:,} {end}" for end, n in ends if n)
        say(f"{name:<9} {total:,} rows: {text or 'none accepted'}")
        if reasons := manifest["reasons"][name]:
            say(f"          {main_reasons(reasons)}")
    for name, share in manifest["suspects"].items():
        say(f"WARNING   '{name}' alone predicts the target ({share:.3f} of 1 on training rows).")
        say("          Is it known before? If not, say leaks: true in contract.yaml")
    if (cut := manifest["cut"]) and manifest["split"]["by"] == "recent":
        say(f"split     validation from {cut['validation_from']}, test from {cut['test_from']}")
    for name, split in manifest["splits"].items():
        say(f"{name:<11}{split_text(split)}")
    say(f"dataset   {dataset.path}")
