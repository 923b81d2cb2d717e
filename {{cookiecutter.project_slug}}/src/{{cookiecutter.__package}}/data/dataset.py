"""Datasets on disk: found by pointer, read by split, named by what they hold."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import Contract
from ..errors import DataError
from ..storage import file_hash, read_pointer
from ..terminal import say, table
from .split import SPLITS, Split
from .validate import main_reasons


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
    """Rows of each split, with the share of positive ones, of each label, or the mean value."""
    statistics: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        labels = pl.read_parquet(folder / f"{split}.parquet", columns=[contract.target]).to_series()
        counts = dict(labels.value_counts().rows())
        if not counts:
            raise DataError(f"the {split} split has no rows: change data.split")
        if split == "train" and (len(counts) < 2 or contract.positive not in {None, *counts}):
            values = ", ".join(map(str, counts))
            raise DataError(
                f"all training rows have '{contract.target}' = {values}, so there is nothing to"
                " learn: change data.split, or target and positive in contract.yaml"
            )
        shares = {label: count / len(labels) for label, count in counts.items()}
        if contract.task == "regression":
            summary: dict[str, Any] = {"mean": labels.mean()}
        elif contract.task == "binary":
            summary = {"positive_rate": shares.get(contract.positive, 0)}
        else:
            summary = {"shares": {label: shares.get(label, 0) for label in contract.labels or ()}}
        statistics[split] = {"rows": len(labels)} | summary
    return statistics


def split_text(split: dict[str, Any]) -> str:
    """A split's statistics in a few words."""
    rows = f"{split['rows']:,}"
    if "positive_rate" in split:
        return f"{rows} ({split['positive_rate']:.1%} positive)"
    if "mean" in split:
        return f"{rows} (mean {split['mean']:.4g})"
    label, share = max(split["shares"].items(), key=lambda one: one[1])
    return f"{rows} ({share:.0%} {label})"


def report(dataset: Dataset, manifest: dict[str, Any]) -> None:
    """Show where every row went, what may leak, and the last line: what is there and where."""
    for name, counts in (manifest["source_rows"] | {"transform": manifest["rows"]}).items():
        total, *ends = counts
        text = ", ".join(f"{counts[end]:,} {end}" for end in ends if counts[end])
        say(f"{name:<9} {counts[total]:,} rows: {text or 'none accepted'}")
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


def show(directory: Path, name: str | None = None) -> None:
    """Print every version, the oldest first; or of those whose names begin so, where rows went.

    Raises:
        DataError: none begins so.
    """
    folders = [path for path in (directory / "datasets").glob("[!.]*") if path.is_dir()]
    versions = [Dataset(path=path) for path in sorted(folders, key=lambda one: one.stat().st_mtime)]
    if name is not None:
        named = [one for one in versions if one.name.startswith(name)]
        if not named:
            valid = ", ".join(one.name for one in versions) or "none yet"
            raise DataError(f"no dataset begins with '{name}'; valid are {valid}")
        for one in named:
            report(one, one.manifest)
        return
    current_name, rows = read_pointer(directory / "datasets" / "current"), []
    for one in versions:
        made = datetime.fromtimestamp(one.path.stat().st_mtime).astimezone()
        sizes = [one.manifest["splits"][split]["rows"] for split in SPLITS]
        rows.append((one.name, one.name == current_name, f"{made:%Y-%m-%d %H:%M}", *sizes))
    table(f"datasets below {directory}", ["dataset", "current", "made", *SPLITS], rows)
