"""What columns looked like in training: counts of fixed bins, and how much they vary anyway.

The profile is all that monitoring needs of the training rows, so that its cost grows with what is
watched and not with what was learned from.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from ..values import MISSING_CATEGORY
from .effects import Counts, total_variation, wasserstein
from .inputs import Inputs

Column = npt.NDArray[Any]
"""Numbers with NaN, or texts, where values are missing."""
BINS = 10
TOP_CATEGORIES, MOST_CATEGORIES = 30, 1_000
SCORE = "_score"
"""The column of predicted probabilities, beside the contract's."""
NO_WINDOW = np.iinfo(np.int64).min
MIN_ROWS = 50
"""Rows below which a window of the training span says nothing."""
PERCENTS = np.arange(1, 100)
REFERENCE_QUANTILE = 0.99
NEARLY_ALL = 0.9
"""Share of a window's rows from which on a window of one value alone is no news."""


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """A column's bins with their rows in the reference, and the reference range of its windows.

    Rows are counted in fine bins: of a number between the percentiles, of a category each value and
    all others; the last bin is of missing values. ``fold`` makes few bins of them, for the chi-square test.
    """

    name: str
    kind: Literal["numeric", "category"]
    edges: tuple[float, ...] = ()
    """Ten equal shares' edges."""
    percentiles: tuple[float, ...] = ()
    """Just below the least value, then the distinct of the 1st to the 99th percentile."""
    values: tuple[str, ...] = ()
    """The most frequent first."""
    counts: tuple[float, ...] = ()
    deviation: float = 0.0
    """Standard deviation of the values within the 1st and the 99th percentile."""
    reference_range: float = 0.0
    """99th percentile of ``effect`` between a window of the span and the rest."""
    reference_range_missing: float = 0.0
    """99th percentile of how far a window's share of missing values lies from the rest's."""
    most_missing: float = 0.0
    """The largest share of missing values in a window."""
    min_magnitude: float = 0.0
    max_magnitude: float = 0.0
    """The least and the largest ``magnitude`` of a window."""
    had_constant_window: bool = False
    """Whether a window held hardly more than one value: a dry week is no broken sensor."""

    @property
    def in_deviations(self) -> bool:
        """Whether ``effect`` is a distance of numbers; else it is a share of rows."""
        return self.kind == "numeric" and self.deviation > 0

    def tally(self, column: Column) -> Counts:
        """How many values of a column fall into each fine bin."""
        if self.kind == "category":
            return self.tally_values(Counter(column.tolist()))
        missing = np.isnan(column)
        where = np.searchsorted(np.array(self.percentiles), column[~missing], side="left")
        counts = np.bincount(where, minlength=len(self.percentiles) + 2).astype(np.float64)
        counts[-1] = missing.sum()
        return counts

    def tally_values(self, counted: Mapping[Any, int]) -> Counts:
        """Fine bins of a category of which each value was counted."""
        counts = [counted.get(value, 0) for value in self.values]
        missing = counted.get(MISSING_CATEGORY, 0)
        other = sum(counted.values()) - sum(counts) - missing
        return np.array([*counts, other, missing], np.float64)

    def fold(self, fine: Counts) -> Counts:
        """Counts of fine bins as those of ten equal shares, or of the most frequent values and all
        others; then of missing values.
        """
        if self.kind == "category":
            top = min(TOP_CATEGORIES, len(self.values))
            return np.array([*fine[:top], fine[top:-1].sum(), fine[-1]])
        into = np.searchsorted(np.array(self.edges), np.array(self.percentiles), side="left")
        folded = np.zeros(len(self.edges) + 2)
        np.add.at(folded, [*into, len(self.edges), len(self.edges) + 1], fine)
        return folded

    def effect(self, reference: Counts, current: Counts) -> float:
        """How far the known values of fine counts lie apart: in standard deviations, or in shares.

        A category's missing values are one value more.
        """
        if self.kind == "category":
            return total_variation(self.fold(reference), self.fold(current))
        if not self.in_deviations:
            return total_variation(reference[:-1], current[:-1])
        return wasserstein(*self.winsorised(reference, current)) / self.deviation

    def winsorised(self, reference: Counts, current: Counts) -> tuple[Counts, Counts, Counts]:
        """Counts of known values up to each percentile and beyond the last, and the percentiles."""
        before, now = (np.append(c[0] + c[1], c[2:-1]) for c in (reference, current))
        return before, now, np.array(self.percentiles[1:])


def columns_of(contract: Contract, inputs: Inputs) -> dict[str, Column]:
    """The columns that drift is judged on, by name; times are not: they always move."""
    numbers = zip(contract.numeric, inputs.numeric.T, strict=True)
    return {**dict(numbers), **dict(zip(contract.category, inputs.category.T, strict=True))}


def read_profiles(profile: Mapping[str, Any]) -> list[ColumnProfile]:
    """The columns of a bundle's ``profile.json``."""
    return [ColumnProfile(**column) for column in profile["columns"]]


def describe(name: str, column: Column, windows: npt.NDArray[np.int64]) -> ColumnProfile:
    """Profile a column; ``windows`` numbers the window of each row, to see how windows differ.

    A row in ``NO_WINDOW`` counts for the shares alone.
    """
    profile = _of_category(name, column) if column.dtype == object else _of_numbers(name, column)
    parts = [column[windows == number] for number in np.unique(windows[windows != NO_WINDOW])]
    parts = [part for part in parts if MIN_ROWS <= len(part) < len(column)]
    total, tallies = profile.tally(column), [profile.tally(part) for part in parts]
    pairs = [(total - tally, tally) for tally in tallies]
    missing = [(_missing_share(rest), _missing_share(tally)) for rest, tally in pairs]
    known = [index for index, shares in enumerate(missing) if max(shares) < 1]
    sizes = [magnitude(column), *(magnitude(parts[index]) for index in known)]
    sizes = [size for size in sizes if size > 0] or [0.0]
    return replace(
        profile,
        counts=tuple(total.tolist()),
        reference_range=_outermost([profile.effect(*pairs[index]) for index in known]),
        reference_range_missing=_outermost([abs(share - rest) for rest, share in missing]),
        most_missing=max([_missing_share(total), *(share for _, share in missing)]),
        min_magnitude=min(sizes),
        max_magnitude=max(sizes),
        had_constant_window=is_nearly_constant(column)
        or any(is_nearly_constant(parts[index], NEARLY_ALL) for index in known),
    )


def _missing_share(counts: Counts) -> float:
    return float(counts[-1] / counts.sum())


def _outermost(distances: list[float]) -> float:
    """The quantile that windows of the training span rarely go beyond."""
    return float(np.quantile(distances or [0.0], REFERENCE_QUANTILE))


def magnitude(column: Column) -> float:
    """How large numbers are whatever their sign: the median of those that are not zero; else 0."""
    if column.dtype == object:
        return 0.0
    known = np.abs(column[~np.isnan(column) & (column != 0)])
    return float(np.median(known)) if len(known) else 0.0


def is_nearly_constant(column: Column, share: float = 1.0) -> bool:
    """Whether one value is at least this share, more than half, of the known ones."""
    if column.dtype == object:
        known = column[column != MISSING_CATEGORY]
        return bool(len(known)) and max(Counter(known.tolist()).values()) >= share * len(known)
    known = column[~np.isnan(column)]
    if not len(known):
        return False
    middle = len(known) // 2  # a value that more than half of them are is their median
    same = np.count_nonzero(known == np.partition(known, middle)[middle])
    return bool(same >= share * len(known))


def _of_category(name: str, column: Column) -> ColumnProfile:
    counts = Counter(column.tolist())
    counts.pop(MISSING_CATEGORY, None)
    order = sorted(counts, key=lambda value: (-counts[value], value))
    values = tuple(map(str, order[:MOST_CATEGORIES]))
    return ColumnProfile(name=name, kind="category", values=values)


def _of_numbers(name: str, column: Column) -> ColumnProfile:
    known = column[~np.isnan(column)].astype(np.float64)
    if not len(known):
        return ColumnProfile(name=name, kind="numeric")
    points = np.percentile(known, PERCENTS)
    below = np.nextafter(np.float32(known.min()), np.float32(-np.inf))
    percentiles = np.unique([below, *points])
    deviation = float(np.clip(known, points[0], points[-1]).std())
    return ColumnProfile(
        name=name,
        kind="numeric",
        edges=tuple(np.unique(points[BINS - 1 :: BINS]).tolist()),
        percentiles=tuple(percentiles.tolist()),
        deviation=deviation if len(percentiles) > 2 else 0.0,
    )
