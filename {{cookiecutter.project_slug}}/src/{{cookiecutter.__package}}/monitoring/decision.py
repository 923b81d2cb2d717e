"""Which columns changed more than they ordinarily do. Pure: profiles and columns in, findings out.

A sudden change is one that no ordinary change of the world makes: it needs no second window.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..models import effects
from ..models.effects import Counts
from ..models.profile import ColumnProfile, is_nearly_constant, magnitude
from ..values import MISSING_CATEGORY
from .finding import Finding

ALPHA = 0.01
"""Level of the Benjamini-Hochberg-adjusted test."""
LEAST_EXPECTED = 5.0
"""Rows that a bin must be expected to have for the chi-square test to hold (Cochran, 1954)."""
DEVIATIONS = 3.0
MIN_SUDDEN_SHARE = 0.05
"""Share of rows, by its lower bound, from which on a new value or a jump of missing ones is a sudden change."""
UNIT_FACTOR = 10.0
"""How many times larger or smaller than in any training window numbers have to be."""
TAIL_PERCENTILE = 90
"""Percentile of sizes that tells how far large values reach."""
CHANCE_LEVEL = 1e-6
Column = npt.NDArray[Any]


def compare(
    kind: str,
    profiles: Sequence[ColumnProfile],
    columns: Iterable[Column],
    threshold: float,
    min_rows: int,
) -> list[Finding]:
    """Each column beside its profile: its change, and that of its missing values.

    A measure breaches when its p-value, adjusted over all of them (Benjamini and Hochberg, 1995), is
    below ``ALPHA`` and the lower bound of the effect is above the limit: the larger of
    ``threshold`` and what the training span shows between ordinary windows. Sudden changes breach
    whatever the p-value.
    """
    findings = [
        replace(finding, kind=kind)
        for profile, column in zip(profiles, columns, strict=True)
        for finding in _column(profile, column, threshold, min_rows)
    ]
    raw = [finding.p_value for finding in findings if finding.p_value is not None]
    adjusted = iter(stats.false_discovery_control(raw) if raw else [])
    return [
        one if one.p_value is None else _decided(one, float(next(adjusted))) for one in findings
    ]


def _decided(finding: Finding, p_value: float) -> Finding:
    """A finding with its adjusted p-value, and whether it breaches."""
    is_surely_large = (finding.low or 0.0) > (finding.limit or 0.0)
    breach = bool(finding.sudden) or (p_value < ALPHA and is_surely_large)
    return replace(finding, p_value=p_value, breach=breach)


def _column(
    profile: ColumnProfile, column: Column, threshold: float, min_rows: int
) -> Iterator[Finding]:
    reference = np.array(profile.counts)
    if profile.kind == "category":
        values = Counter(column.tolist())
        current = profile.tally_values(values)
        sudden = missing_fault(profile, current) or category_fault(profile, values)
        yield _distance(profile, reference, current, threshold, sudden)
        return
    current = profile.tally(column)
    if len(column) - current[-1] >= min_rows and reference[:-1].any():
        sudden = number_fault(profile, column, current)
        yield _distance(profile, reference, current, threshold, sudden)
    yield _missing(profile, reference, current, threshold)


def _distance(
    profile: ColumnProfile, reference: Counts, current: Counts, threshold: float, sudden: str
) -> Finding:
    before, now = _bins(profile, reference), _bins(profile, current)
    effect = profile.effect(reference, current)
    if profile.in_deviations:
        measure = "wasserstein"
        margin = effects.wasserstein_margin(*profile.winsorised(reference, current))
        margin /= profile.deviation
    else:
        measure = "total_variation"
        margin = effects.total_variation_margin(before, now)
    finding = Finding(
        kind="", subject=profile.name, measure=measure, value=effect, rows=int(current.sum())
    )
    limit, p = max(threshold, profile.reference_range), p_value(before, now)
    return _with_bounds(finding, margin, limit, p, sudden)


def _missing(
    profile: ColumnProfile, reference: Counts, current: Counts, threshold: float
) -> Finding:
    """The share of missing values; its limit and its bounds are those of the difference."""
    before, now = ((np.array([c[-1], c[:-1].sum()])) for c in (reference, current))
    effect = effects.total_variation(before, now)
    margin = effects.total_variation_margin(before, now)
    finding = Finding(
        kind="", subject=profile.name, measure="missing", value=effect, rows=int(current.sum())
    )
    limit, p = max(threshold, profile.reference_range_missing), p_value(before, now)
    return _with_bounds(finding, margin, limit, p, missing_fault(profile, current))


def _with_bounds(finding: Finding, margin: float, limit: float, p: float, sudden: str) -> Finding:
    """A finding with its bounds, and with what decides of it."""
    low, high = max(0.0, finding.value - margin), finding.value + margin
    return replace(finding, low=low, high=high, limit=limit, p_value=p, sudden=sudden)


def _bins(profile: ColumnProfile, counts: Counts) -> Counts:
    """What is tested: ten shares of a number's known values, or a category's values and missing."""
    if profile.kind == "category":
        return profile.fold(counts)
    return profile.fold(counts)[:-1] if profile.in_deviations else counts[:-1]


def p_value(reference: Counts, current: Counts) -> float:
    """That both were drawn from one distribution: a chi-square test, of two bins Fisher's exact one.

    The rarest bins are put together until the smaller sample is expected to have five rows in each.
    """
    both = np.stack([reference, current])[:, reference + current > 0]
    both = both[:, np.argsort(both.sum(0), kind="stable")]
    if both.shape[1] < 2:
        return 1.0
    expected = both.sum(0) * both.sum(1).min() / both.sum()
    group = np.searchsorted(np.cumsum(expected), LEAST_EXPECTED)  # all up to here are one bin
    pooled = np.column_stack([both[:, : group + 1].sum(1), both[:, group + 1 :]])
    if pooled.shape[1] < 2 or expected[group + 1 :].min(initial=np.inf) < LEAST_EXPECTED:
        two = np.column_stack([both[:, :-1].sum(1), both[:, -1]]).astype(np.int64)
        return float(stats.fisher_exact(two).pvalue)
    even = pooled.sum(0) * pooled.sum(1)[:, None] / pooled.sum()
    statistic = float(((pooled - even) ** 2 / even).sum())
    return float(stats.chi2.sf(statistic, pooled.shape[1] - 1))


def missing_fault(profile: ColumnProfile, current: Counts) -> str:
    """Many more missing values than any window of the training span had."""
    rows, missing = int(current.sum()), int(current[-1])
    if wilson_lower_bound(missing, rows) <= 2 * profile.most_missing + MIN_SUDDEN_SHARE:
        return ""
    usual = f"at most {profile.most_missing:.1%}" if profile.most_missing else "none"
    return f"{missing / rows:.0%} of values are missing, in training {usual} in a window"


def number_fault(profile: ColumnProfile, column: Column, current: Counts) -> str:
    """One value only, or numbers as large as if they were in another unit."""
    if is_nearly_constant(column) and _is_unusual_constant(profile, current):
        value = column[~np.isnan(column)][0] + 0.0  # no -0
        return f"every value is {value:g}, in training they differed in each window"
    now = magnitude(column)
    if now == 0 or profile.min_magnitude == 0:
        return ""
    far = now >= UNIT_FACTOR * profile.max_magnitude or now * UNIT_FACTOR <= profile.min_magnitude
    if far and _tail_moved(profile, column, up=now > profile.max_magnitude):
        usual = sqrt(profile.min_magnitude * profile.max_magnitude)
        times = now / usual if now > usual else usual / now
        return (
            f"values are typically {now:.3g}, in training {usual:.3g}: {times:,.0f} times as"
            f" {'large' if now > usual else 'small'}, as in another unit"
        )
    return ""


def _tail_moved(profile: ColumnProfile, column: Column, *, up: bool) -> bool:
    """Whether the large values moved with the typical ones, as another unit moves all.

    Where values are either small or large, a few more of one kind move the typical one alone.
    """
    before, now = (
        float(np.percentile(sizes[sizes > 0], TAIL_PERCENTILE))
        for sizes in (np.abs(profile.percentiles[1:]), np.abs(column[~np.isnan(column)]))
    )
    return (now / before if up else before / now) >= sqrt(UNIT_FACTOR)


def category_fault(profile: ColumnProfile, values: Mapping[Any, int]) -> str:
    """Values that training never saw, or one value only."""
    rows, known = sum(values.values()), set(profile.values) | {MISSING_CATEGORY}
    unseen = {value: count for value, count in values.items() if value not in known}
    others = profile.counts[-2] / sum(profile.counts)  # of values too many to be kept
    if wilson_lower_bound(sum(unseen.values()), rows) > MIN_SUDDEN_SHARE + 2 * others:
        most = max(unseen, key=lambda value: unseen[value])
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        share = sum(unseen.values()) / rows
        return f"new category {str(most)!r}{more} in {share:.0%} of rows"
    present = set(values) - {MISSING_CATEGORY}
    if len(present) == 1 and _is_unusual_constant(profile, profile.tally_values(values)):
        return f"every value is {str(*present)!r}, in training they differed in each window"
    return ""


def wilson_lower_bound(found: int, rows: int) -> float:
    """Lower bound of a share, by three deviations (Wilson, JASA 1927)."""
    z2 = DEVIATIONS**2
    share = found / rows
    centre = share + z2 / (2 * rows)
    spread = DEVIATIONS * sqrt(share * (1 - share) / rows + z2 / (4 * rows**2))
    return (centre - spread) / (1 + z2 / rows)


def _is_unusual_constant(profile: ColumnProfile, current: Counts) -> bool:
    """Whether one value alone is no chance: training never had such a window."""
    if profile.had_constant_window:
        return False
    reference = np.array(profile.counts)[:-1]
    share = max(reference[np.argmax(current[:-1])] / reference.sum(), 1 / (reference.sum() + 1))
    return bool(current[:-1].sum() * log(share) < log(CHANCE_LEVEL))
