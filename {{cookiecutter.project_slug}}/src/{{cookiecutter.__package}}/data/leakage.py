"""Features that alone tell the target: too good to be known before it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..contract import Contract

SUSPECT = 0.98
BINS = 64


def tell_alone(rows: pa.Table, contract: Contract) -> Iterator[tuple[str, float]]:
    """Features whose AUC alone is at least 0.98, learnt on half of the rows and held to the rest.

    A number's values count by their quantile bins, a category's one by one, gaps as a value.
    """
    target = rows[contract.target].to_pylist()
    positive = np.array([value == contract.positive for value in target])
    learn = np.random.default_rng(0).random(len(positive)) < 0.5  # rows may alternate
    for name in contract.features:
        codes = _codes(rows[name].combine_chunks(), contract.columns[name].type)
        n_codes = int(codes.max(initial=0)) + 1
        hits = np.bincount(codes[learn], positive[learn], n_codes)
        seen = np.bincount(codes[learn], minlength=n_codes)
        rate = (hits + positive.mean()) / (seen + 1)
        found = _auc(positive[~learn], rate[codes[~learn]])
        if found >= SUSPECT:
            yield name, found


def _codes(values: pa.Array, kind: str) -> npt.NDArray[np.int64]:
    """A small whole number for each value, 0 for a gap."""
    if kind in {"integer", "float", "timestamp"}:
        plain = values.cast(pa.int64()) if kind == "timestamp" else values
        numbers = plain.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return np.zeros(len(numbers), np.int64)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        binned: Any = np.searchsorted(edges, numbers, side="right") + 1
        return np.where(np.isnan(numbers), 0, binned)
    encoded = values.dictionary_encode()
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return np.asarray(codes + 1)


def _auc(positive: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties at their middle."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return 0.5
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    ranks = float(middle[place][positive].sum())
    return (ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)
