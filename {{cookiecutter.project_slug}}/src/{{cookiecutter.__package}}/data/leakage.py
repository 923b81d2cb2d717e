"""Features that alone predict the target: too good to be known before it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.tree import DecisionTreeRegressor

from ..contract import Contract

SUSPECT = 0.98
MOST_ROWS, RUN_ROWS, N_RUNS = 20_000, 2_000, 10
LEAF_ROWS, LEAF_ROWS_OF_CATEGORY = 24, 4
"""A tree's leaves have at least so many rows: a category of few rows may be a leaf of its own."""


def sampled(path: Path) -> pl.DataFrame:
    """All rows of a small file; of a large one some runs of rows from all over it."""
    rows, n_rows = pl.scan_parquet(path), pq.read_metadata(path).num_rows
    starts = range(0, n_rows, max(RUN_ROWS, n_rows // N_RUNS))
    return pl.concat([rows.slice(start, RUN_ROWS) for start in starts]).collect()


def suspects(rows: pl.DataFrame, contract: Contract) -> dict[str, float]:
    """Features whose ``feature_score`` is at least 0.98."""
    return {name: share for name, share in feature_scores(rows, contract) if share >= SUSPECT}


def feature_scores(rows: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, float]]:
    """Every feature, and its ``feature_score`` on some 20,000 of the rows."""
    rows = rows.gather_every(max(1, len(rows) // MOST_ROWS))
    target = rows[contract.target]
    for name in contract.features:
        yield name, feature_score(rows[name], target, contract.task, contract.positive)


def feature_score(values: pl.Series, target: pl.Series, task: str, positive: Any = None) -> float:
    """How well a tree predicts the target from a column alone, fitted to half of the rows.

    On the other half: the AUC of a binary task, else the share of the variance explained, of a
    number or of all labels.
    """
    if task == "regression" or not len(target):
        parts = [target]
    else:
        names = [positive] if task == "binary" else target.unique(maintain_order=True)
        parts = [target == name for name in names]
    targets = np.array([part.cast(pl.Float64).to_numpy() for part in parts]).T
    learn = np.random.default_rng(0).random(len(values)) < 0.5  # rows may alternate
    held = targets[~learn]
    if not 0 < len(held) < len(values) or (held == held[0]).all():
        return 0.5 if task == "binary" else 0.0
    leaf_rows = LEAF_ROWS
    if isinstance(values.dtype, pl.Datetime):
        values = values.cast(pl.Int64)
    elif not values.dtype.is_numeric():
        values, leaf_rows = values.cast(pl.String).rank("dense"), LEAF_ROWS_OF_CATEGORY
    codes = values.cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(-1, 1)
    tree = DecisionTreeRegressor(min_samples_leaf=leaf_rows, random_state=0)
    scores = tree.fit(codes[learn], targets[learn]).predict(codes[~learn]).reshape(held.shape)
    if task == "binary":
        return float(roc_auc_score(held, scores))
    return float(r2_score(held, scores, multioutput="variance_weighted"))
