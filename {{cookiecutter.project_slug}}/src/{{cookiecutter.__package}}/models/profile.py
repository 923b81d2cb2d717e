"""What columns looked like in training: shares of fixed bins, and how much they vary anyway.

The profile is all that monitoring needs of the training rows, so that its cost grows with what is
watched and not with what was learned from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..values import MISSING_CATEGORY
from .inputs import Inputs

BINS = 10
TOP_CATEGORIES = 30
OTHER = "<other>"
MISSING = "<missing>"
SCORE = "_score"
"""The column of predicted probabilities, beside the contract's."""
NO_WINDOW = np.iinfo(np.int64).min
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """A column's bins with their shares in the reference."""

    name: str
    kind: str
    """``numeric`` (edges between bins) or ``category`` (values)."""
    edges: tuple[float, ...]
    values: tuple[str, ...]
    shares: tuple[float, ...]
    """Share of each bin, then of ``<other>`` (category) and of ``<missing>``; they sum to 1."""
    ordinary: float
    """99th percentile of the population stability index between a window of the span and the rest."""

    @property
    def labels(self) -> list[str]:
        """A name for each share."""
        if self.kind == "category":
            return [*self.values, OTHER, MISSING]
        inner = [f"{edge:g}" for edge in self.edges]
        bounds = zip(["-inf", *inner], [*inner, "inf"], strict=True)
        return [*(f"({low}, {high}]" for low, high in bounds), MISSING]

    def count(self, column: npt.NDArray[Any]) -> Counts:
        """How many values of a column fall into each bin."""
        if self.kind == "category":
            known = {value: index for index, value in enumerate(self.values)}
            known[MISSING_CATEGORY] = len(self.values) + 1
            where = np.array([known.get(value, len(self.values)) for value in column], np.int64)
            return np.bincount(where, minlength=len(self.shares)).astype(np.float64)
        missing = np.isnan(column)
        where = np.searchsorted(np.array(self.edges), column[~missing], side="left")
        counts = np.bincount(where, minlength=len(self.shares)).astype(np.float64)
        counts[-1] = missing.sum()
        return counts


def columns_of(
    inputs: Inputs, numeric: tuple[str, ...], category: tuple[str, ...]
) -> dict[str, Any]:
    """The columns that drift is judged on, by name; times are not: they always move."""
    columns: dict[str, Any] = {n: inputs.numeric[:, i] for i, n in enumerate(numeric)}
    return columns | {n: inputs.category[:, i] for i, n in enumerate(category)}


def describe(
    name: str, column: npt.NDArray[Any], windows: npt.NDArray[np.int64], *, minimum_rows: int = 100
) -> ColumnProfile:
    """Profile a column; ``windows`` numbers the window of each row, to see how windows differ.

    A row in ``NO_WINDOW`` counts for the shares alone.
    """
    kind = "category" if column.dtype == object else "numeric"
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    if kind == "numeric":
        known = column[~np.isnan(column)]
        cuts = np.quantile(known, np.arange(1, BINS) / BINS) if len(known) else np.zeros(0)
        edges = tuple(float(edge) for edge in np.unique(cuts))
        n_shares = len(edges) + 2
    else:
        found, counts = np.unique(column.astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        top = [str(found[i]) for i in order if found[i] != MISSING_CATEGORY]
        values = tuple(top[:TOP_CATEGORIES])
        n_shares = len(values) + 2
    empty = ColumnProfile(
        name=name, kind=kind, edges=edges, values=values, shares=(0.0,) * n_shares, ordinary=0.0
    )
    total = empty.count(column)
    effects = []
    for window in np.unique(windows[windows != NO_WINDOW]):
        part = empty.count(column[windows == window])
        if minimum_rows <= part.sum() < total.sum():
            effects.append(stability_index(total - part, part))
    return ColumnProfile(
        name=name,
        kind=kind,
        edges=edges,
        values=values,
        shares=tuple(float(share) for share in total / total.sum()),
        ordinary=float(np.quantile(effects, 0.99)) if effects else 0.0,
    )


def stability_index(reference: Counts, current: Counts) -> float:
    """Population stability index between two counts over the same bins.

    Sum of ``(q − p)·ln(q / p)`` with half a row added to each bin, so that an empty one is finite
    (Siddiqi, Credit Risk Scorecards, 2006; the additive smoothing is Jeffreys').
    """
    p = (reference + 0.5) / (reference + 0.5).sum()
    q = (current + 0.5) / (current + 0.5).sum()
    return float(((q - p) * np.log(q / p)).sum())
