"""What a dataset's splits hold: the labels of each."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from ..contract import Contract
from ..errors import DataError
from .split import SPLITS

SAMPLE_ROWS, SAMPLE_RUNS = 40_000, 10


def sampled(path: Path) -> pl.DataFrame:
    """All rows of a small file; of a large one some runs of rows from all over it."""
    n_rows = pq.read_metadata(path).num_rows
    rows, size = pl.scan_parquet(path), SAMPLE_ROWS // SAMPLE_RUNS
    if n_rows <= SAMPLE_ROWS:
        return rows.collect()
    starts = np.linspace(0, n_rows - size, SAMPLE_RUNS).astype(int)
    return pl.concat(pl.collect_all([rows.slice(start, size) for start in starts.tolist()]))


def label_statistics(folder: Path, contract: Contract) -> dict[str, dict[str, Any]]:
    """Rows of each split, with the share of positive ones, of each label, or the mean value.

    Raises:
        DataError: a split has no rows, or the training rows' labels are all the same.
    """
    statistics: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        labels = pl.read_parquet(folder / f"{split}.parquet", columns=[contract.target])
        n_rows = len(labels)
        if not n_rows:
            raise DataError(f"the {split} split has no rows: change data.split")
        counts = dict(labels.to_series().value_counts().rows())
        if split == "train":
            _differ(sorted(counts, key=str), n_rows, contract)
        statistics[split] = {"rows": n_rows}
        if contract.task == "regression":
            statistics[split]["mean"] = float(labels.to_series().mean())  # type: ignore[arg-type]
        elif contract.task == "binary":
            statistics[split]["positive_rate"] = counts.get(contract.positive, 0) / n_rows
        else:
            shares = {name: counts.get(name, 0) / n_rows for name in contract.labels or ()}
            statistics[split]["shares"] = shares
    return statistics


def _differ(labels: list[Any], n_rows: int, contract: Contract) -> None:
    target, positive = contract.target, contract.positive
    if contract.task == "regression" and len(labels) < 2:
        raise DataError(f"'{target}' is {labels[0]:g} in all training rows: nothing to learn")
    if len(labels) < 2 or (positive is not None and positive not in labels):
        needed = "two different ones" if positive is None else f"some with {positive}"
        raise DataError(
            f"the {n_rows:,} training rows have '{target}' = {', '.join(map(str, labels))}, but"
            f" {needed} are needed: change data.split, or target and positive in contract.yaml"
        )


def split_text(split: dict[str, Any]) -> str:
    """A split's statistics in a few words."""
    rows = f"{split['rows']:,}"
    if "positive_rate" in split:
        return f"{rows} ({split['positive_rate']:.1%} positive)"
    if "mean" in split:
        return f"{rows} (mean {split['mean']:.4g})"
    label, share = max(split["shares"].items(), key=lambda one: one[1])
    return f"{rows} ({share:.0%} {label})"
