"""Which columns changed more than they ordinarily do. Pure: counts in, findings out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..config import MonitorConfig
from ..models.profile import ColumnProfile, Counts, stability_index

RESAMPLES = 200
LOWER = 0.05


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One column in one window against the training span."""

    window: str
    column: str
    rows: int
    effect: float
    """Population stability index."""
    low: float
    """Its lower confidence bound, one-sided at 95 %."""
    limit: float
    """What the column's training span shows between ordinary windows, or the configured least."""
    p_value: float
    """Of a chi-square test, adjusted over the window's columns (Benjamini and Hochberg, 1995)."""
    breach: bool
    alert: bool
    """A breach in the newest window that ``persistence`` confirms."""


def compare(
    profiles: Sequence[ColumnProfile],
    n_reference: int,
    windows: Mapping[str, Mapping[str, Counts]],
    config: MonitorConfig,
) -> list[Finding]:
    """Every column of every window; ``windows[name][column]`` are counts over the profile's bins.

    A column breaches when it has ``min_rows``, the adjusted p-value is below ``alpha`` and the lower
    bound of the effect is above the column's limit.
    """
    random = np.random.default_rng(0)
    findings: list[Finding] = []
    for window, counts in windows.items():
        judged = [p for p in profiles if counts[p.name].sum() >= config.min_rows]
        raw = [_p_value(_reference(p, n_reference), counts[p.name]) for p in judged]
        adjusted = stats.false_discovery_control(raw) if raw else []
        for column, p_value in zip(judged, adjusted, strict=True):
            reference, current = _reference(column, n_reference), counts[column.name]
            low = _lower_bound(reference, current, random)
            limit = max(config.min_effect, column.ordinary)
            findings.append(
                Finding(
                    window=window,
                    column=column.name,
                    rows=int(current.sum()),
                    effect=stability_index(reference, current),
                    low=low,
                    limit=limit,
                    p_value=float(p_value),
                    breach=bool(p_value < config.alpha and low > limit),
                    alert=False,
                )
            )
    judged_windows = list(dict.fromkeys(finding.window for finding in findings))
    return _confirmed(findings, judged_windows, config.persistence)


def persistent(breaches: Sequence[bool], persistence: tuple[int, int]) -> bool:
    """Whether ``k`` of the last ``m`` breach, the newest among them."""
    k, m = persistence
    return bool(breaches) and breaches[-1] and sum(breaches[-m:]) >= k


def _confirmed(
    findings: list[Finding], order: list[str], persistence: tuple[int, int]
) -> list[Finding]:
    """Mark the newest window's breaches that persisted."""
    if not order:
        return findings
    breached = {(f.column, f.window) for f in findings if f.breach}
    confirmed = []
    for finding in findings:
        past = [(finding.column, window) in breached for window in order]
        alert = finding.window == order[-1] and persistent(past, persistence)
        confirmed.append(Finding(**{**finding.__dict__, "alert": alert}))
    return confirmed


def _reference(column: ColumnProfile, n_reference: int) -> Counts:
    return np.array(column.shares) * n_reference


def _p_value(reference: Counts, current: Counts) -> float:
    """Chi-square test that both were drawn from one distribution."""
    filled = (reference + current) > 0
    if filled.sum() < 2:
        return 1.0
    return float(stats.chi2_contingency(np.stack([reference[filled], current[filled]])).pvalue)


def _lower_bound(reference: Counts, current: Counts, random: np.random.Generator) -> float:
    """Lower bound of the index: its multinomial bootstrap quantile less what pure chance adds."""
    n = int(current.sum())
    draws: npt.NDArray[np.float64] = random.multinomial(n, current / n, RESAMPLES).astype(float)
    indices = [stability_index(reference, draw) for draw in draws]
    chance = (np.count_nonzero(reference + current) - 1) * (1 / n + 1 / reference.sum())
    return max(0.0, float(np.quantile(indices, LOWER) - chance))
