"""Features that alone tell the target: too good to be known before it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import Contract

SUSPECT = 0.98
ROWS_PER_BIN, FEWEST_BINS, MOST_BINS = 24, 8, 1024
MOST_ROWS = 20_000
PRIOR = 0.5
"""Rows that the mean of all counts for in the mean of a bin."""
Floats = npt.NDArray[np.float64]


def tell_alone(rows: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, float]]:
    """Features whose ``telling`` is at least 0.98."""
    return ((name, found) for name, found in tellings(rows, contract) if found >= SUSPECT)


def tellings(rows: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, float]]:
    """Every feature, and its ``telling`` on some 20,000 of the rows."""
    rows = rows.gather_every(max(1, len(rows) // MOST_ROWS))
    target = rows[contract.target]
    for name in contract.features:
        yield name, telling(rows[name], target, contract.task, contract.positive)


def telling(values: pl.Series, target: pl.Series, task: str, positive: Any = None) -> float:
    """How well a column alone tells the target, learnt on half of the rows and held to the rest.

    Binary: the AUC. Multiclass: the share of the errors avoided that naming the most frequent label
    makes. Regression: the share of the variance explained. A number's values count by their
    quantile bins, a category's one by one, gaps as a value.
    """
    codes = _codes(values)
    learn = np.random.default_rng(0).random(len(codes)) < 0.5  # rows may alternate
    if task == "regression":
        labels = target.cast(pl.Float64).to_numpy()
        means = _means(codes[learn], labels[learn], codes)
        return _explained(labels[~learn], means[~learn])
    labels = np.array([str(value) for value in target.to_list()], object)
    if task == "binary":
        hit = (labels == str(positive)).astype(np.float64)
        rates = _means(codes[learn], hit[learn], codes)
        return _auc(hit[~learn] > 0, rates[~learn])
    names, label = np.unique(labels, return_inverse=True)
    chances = [_means(codes[learn], (label[learn] == k) * 1.0, codes) for k in range(len(names))]
    right = (np.argmax(chances, 0) == label)[~learn].mean()
    most = np.bincount(label[~learn], minlength=1).max() / max(int((~learn).sum()), 1)
    return float((right - most) / (1 - most)) if most < 1 else 0.0


def _means(codes: npt.NDArray[np.int64], labels: Floats, asked: npt.NDArray[np.int64]) -> Floats:
    """Mean label of each code, drawn a little to the mean of all; for the codes that are asked."""
    size = int(max(codes.max(initial=0), asked.max(initial=0))) + 1
    total = np.bincount(codes, labels, size) + PRIOR * (labels.mean() if len(labels) else 0.0)
    found: Floats = (total / (np.bincount(codes, minlength=size) + PRIOR))[asked]
    return found


def _codes(values: pl.Series) -> npt.NDArray[np.int64]:
    """A small whole number for each value, 0 for a gap."""
    if isinstance(values.dtype, pl.Datetime):
        values = values.cast(pl.Int64)
    if values.dtype.is_numeric():
        numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return np.zeros(len(numbers), np.int64)
        n_bins = min(max(len(known) // ROWS_PER_BIN, FEWEST_BINS), MOST_BINS)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, n_bins + 1)[1:-1]))
        binned: Any = np.searchsorted(edges, numbers, side="right") + 1
        return np.where(np.isnan(numbers), 0, binned)
    codes = values.cast(pl.String).rank("dense").fill_null(0)
    return codes.cast(pl.Int64).to_numpy()


def _auc(positive: npt.NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties at their middle."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return 0.5
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    ranks = float(middle[place][positive].sum())
    return (ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def _explained(labels: Floats, means: Floats) -> float:
    variance = labels.var() if len(labels) else 0.0
    return float(1 - ((labels - means) ** 2).mean() / variance) if variance else 0.0
