"""Which columns changed more than they ordinarily do. Pure: profiles and columns in, findings out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..config import DriftConfig
from ..models import effects
from ..models.effects import Counts
from ..models.profile import ColumnProfile
from .finding import Finding
from .sudden import category_fault, missing_fault, number_fault

LEAST_EXPECTED = 5.0
"""Rows that a bin must be expected to have for the chi-square test to hold (Cochran, 1954)."""


def compare(
    kind: str,
    profiles: Sequence[ColumnProfile],
    columns: Mapping[str, npt.NDArray[Any]],
    config: DriftConfig,
    min_rows: int,
) -> list[Finding]:
    """Each column beside its profile: the measure that decides, then those that are only shown.

    A measure breaches when its p-value, adjusted over all of them (Benjamini and Hochberg, 1995), is
    below ``alpha`` and the lower bound of the effect is above the limit: the larger of
    ``threshold`` and what the training span shows between ordinary windows. Sudden changes breach
    whatever the p-value.
    """
    findings = [
        replace(finding, kind=kind)
        for profile in profiles
        if len(columns[profile.name]) >= min_rows
        for finding in _column(profile, columns[profile.name], config.threshold, min_rows)
    ]
    raw = [finding.p_value for finding in findings if finding.p_value is not None]
    adjusted = iter(stats.false_discovery_control(raw) if raw else [])
    return [
        one if one.p_value is None else _decided(one, float(next(adjusted)), config.alpha)
        for one in findings
    ]


def _decided(finding: Finding, p_value: float, alpha: float) -> Finding:
    """A finding with its adjusted p-value, and whether it breaches."""
    surely_large = (finding.low or 0.0) > (finding.limit or 0.0)
    breach = bool(finding.sudden) or (p_value < alpha and surely_large)
    return replace(finding, p_value=p_value, breach=breach)


def _column(
    profile: ColumnProfile, column: npt.NDArray[Any], threshold: float, min_rows: int
) -> Iterator[Finding]:
    reference = np.array(profile.counts)
    if profile.kind == "category":
        values = Counter(column.tolist())
        current = profile.tally_values(values)
        sudden = missing_fault(profile, current) or category_fault(profile, values)
        yield from _distance(profile, reference, current, threshold, sudden)
        return
    current = profile.tally(column)
    if len(column) - current[-1] >= min_rows and reference[:-1].any():
        sudden = number_fault(profile, column, current)
        yield from _distance(profile, reference, current, threshold, sudden)
    yield _missing(profile, reference, current, threshold)


def _distance(
    profile: ColumnProfile, reference: Counts, current: Counts, threshold: float, sudden: str
) -> Iterator[Finding]:
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
    yield _judged(finding, margin, limit, p, sudden)
    shown = {
        "psi": effects.stability_index(before, now),
        "kl": effects.divergence(before, now),
        "total_variation": effects.total_variation(before, now),
    }
    if profile.kind == "numeric":
        shown["ks"] = effects.kolmogorov_smirnov(reference[:-1], current[:-1])
    shown.pop(measure, None)
    for name, value in shown.items():
        yield replace(finding, measure=name, value=value)


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
    return _judged(finding, margin, limit, p, missing_fault(profile, current))


def _judged(finding: Finding, margin: float, limit: float, p: float, sudden: str) -> Finding:
    """A finding with its interval, and with what decides of it."""
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
