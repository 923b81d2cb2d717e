"""Features that alone predict the target: too good to be known before it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from ..contract import Contract

SUSPECT = 0.98
ROWS_PER_BIN, FEWEST_BINS, MOST_BINS = 24, 8, 1024
MOST_ROWS, SAMPLE_RUNS = 20_000, 10
PRIOR = 0.5
"""Rows that the mean of all counts for in the mean of a bin."""
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def sampled(path: Path) -> pl.DataFrame:
    """All rows of a small file; of a large one some runs of rows from all over it."""
    rows, n_rows, size = pl.scan_parquet(path), pq.read_metadata(path).num_rows, MOST_ROWS // 5
    if n_rows > SAMPLE_RUNS * size:
        starts = np.linspace(0, n_rows - size, SAMPLE_RUNS).astype(int).tolist()
        rows = pl.concat([rows.slice(start, size) for start in starts])
    return rows.collect()


def suspects(rows: pl.DataFrame, contract: Contract) -> dict[str, float]:
    """Features whose ``telling`` is at least 0.98."""
    return {name: share for name, share in tellings(rows, contract) if share >= SUSPECT}


def tellings(rows: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, float]]:
    """Every feature, and its ``telling`` on some 20,000 of the rows."""
    rows = rows.gather_every(max(1, len(rows) // MOST_ROWS))
    target = rows[contract.target]
    for name in contract.features:
        yield name, telling(rows[name], target, contract.task, contract.positive)


def telling(values: pl.Series, target: pl.Series, task: str, positive: Any = None) -> float:
    """How well a column alone predicts the target, learnt on half of the rows, held to the rest.

    Binary: the AUC. Else the share of the variance explained, of a number or of all labels. A
    number's values count by their quantile bins, a category's one by one, gaps as a value.
    """
    codes = _codes(values)
    learn = np.random.default_rng(0).random(len(codes)) < 0.5  # rows may alternate
    if task == "regression":
        targets = [target.cast(pl.Float64).to_numpy()]
    else:
        labels = np.array([str(value) for value in target.to_list()], object)
        names = [str(positive)] if task == "binary" else np.unique(labels)
        targets = [(labels == name).astype(np.float64) for name in names]
    pairs = [(one[~learn], _means(codes, one, learn)) for one in targets]
    if task == "binary":
        return _auc(pairs[0][0] > 0, pairs[0][1])
    spread = sum(((one - one.mean()) ** 2).sum() for one, _ in pairs if len(one))
    return (
        float(1 - sum(((one - mean) ** 2).sum() for one, mean in pairs) / spread) if spread else 0.0
    )


def _means(codes: Codes, labels: Floats, learn: npt.NDArray[np.bool_]) -> Floats:
    """Mean label of each code, drawn a little to the mean of all; for the rows not learnt."""
    size = int(codes.max(initial=0)) + 1
    overall = labels[learn].mean() if learn.any() else 0.0
    total = np.bincount(codes[learn], labels[learn], size) + PRIOR * overall
    means: Floats = (total / (np.bincount(codes[learn], minlength=size) + PRIOR))[codes[~learn]]
    return means


def _codes(values: pl.Series) -> Codes:
    """A small whole number for each value, 0 for a gap."""
    values = values.cast(pl.Int64) if isinstance(values.dtype, pl.Datetime) else values
    if not values.dtype.is_numeric():
        return values.cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = numbers[~np.isnan(numbers)]
    n_bins = min(max(len(known) // ROWS_PER_BIN, FEWEST_BINS), MOST_BINS)
    shares = np.linspace(0, 1, n_bins + 1)[1:-1]
    ends = np.unique(np.quantile(known, shares)) if len(known) else known
    return np.where(np.isnan(numbers), 0, np.searchsorted(ends, numbers, side="right") + 1)


def _auc(positive: npt.NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties at their middle."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return 0.5
    ranks = pl.Series(score).rank("average").to_numpy()[positive].sum()
    return float(ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)
