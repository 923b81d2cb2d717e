"""Whether a challenger is to be ended: what both versions did with the same requests, by typed rules.

Pure: numbers in, figures and the rule that was broken out.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from ...models.effects import Counts, stability_index
from .settings import AbortConfig
from .tally import Pairs

NEGLIGIBLE_S = 0.001
"""Processor time of a request that is no burden, however much more it is than the champion's."""
SURE_SD = 4.0
"""Standard deviations of the index under pure chance that are allowed for: it is looked at often."""
HUNG = 10.0
"""How many times ``late_s`` a run may take."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a window shows; times and divergence are of requests in which neither failed."""

    requests: int
    error_rate: float = 0.0
    champion_error_rate: float = 0.0
    ms: float = 0.0
    """Processor time of a request."""
    champion_ms: float = 0.0
    divergence: float = 0.0
    """Stability index of the scores, less what chance explains; of a bin or less it is 0."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A rule that a challenger broke."""

    rule: str
    reason: str


def figures(pairs: Pairs, n_bins: int, *, ordered: bool = True) -> Figures:
    """The figures of requests whose scores lie in ``n_bins`` bins, ``ordered`` as numbers are."""
    if not len(pairs):
        return Figures(requests=0)
    failed, champion_failed = pairs[:, 0].mean(), pairs[:, 3].mean()
    whole = pairs[(pairs[:, 0] == 0) & (pairs[:, 3] == 0)]
    if not len(whole):
        whole = np.zeros((1, pairs.shape[1]))
    reference, current = (
        np.bincount(whole[:, at].astype(np.int64), minlength=n_bins).astype(np.float64)
        for at in (5, 2)
    )
    return Figures(
        requests=len(pairs),
        error_rate=float(failed),
        champion_error_rate=float(champion_failed),
        ms=float(whole[:, 1].mean()) * 1e3,
        champion_ms=float(whole[:, 4].mean()) * 1e3,
        divergence=divergence(reference, current, ordered=ordered),
    )


def divergence(reference: Counts, current: Counts, *, ordered: bool = True) -> float:
    """The stability index of counts over the same bins, less what chance explains.

    Where both were drawn from one distribution it is ``1/n + 1/m`` times a chi-square variable of as
    many degrees of freedom as there are bins in use, less one (Yurdakul, 2018). On the same
    requests two versions differ by less than that.

    Where bins are ``ordered``, scores that have moved by no more than one bin in the mean diverge
    by 0: few different rows have few different scores, which a hair's breadth takes over an edge.
    """
    n, m = reference.sum(), current.sum()
    moved = np.abs(np.cumsum(reference / n - current / m)).sum()  # Wasserstein's distance, in bins
    if ordered and moved <= 1:
        return 0.0
    degrees = max(int(np.count_nonzero(reference + current)) - 1, 0)
    explained = (degrees + SURE_SD * sqrt(2 * degrees)) * (1 / n + 1 / m)
    return max(0.0, stability_index(reference, current) - float(explained))


def broken(found: Figures, rules: AbortConfig) -> Broken | None:
    """The first rule that a challenger broke, with its figures; ``None`` lets it go on."""
    if found.requests < rules.min_requests:
        return None
    of = f"of {found.requests:,} requests"
    more = found.error_rate - found.champion_error_rate
    if more > rules.max_error_rate:
        reason = (
            f"it failed in {found.error_rate:.2%} {of}, the champion in"
            f" {found.champion_error_rate:.2%}; {rules.max_error_rate:.2%} more may be"
        )
        return Broken(rule="max_error_rate", reason=reason)
    usual_ms = max(found.champion_ms, NEGLIGIBLE_S * 1e3)
    if found.ms > rules.max_latency_ratio * usual_ms:
        reason = (
            f"it took {found.ms:.3g} ms of the processor in the mean {of}, the champion"
            f" {found.champion_ms:.3g} ms; {rules.max_latency_ratio:g} times {usual_ms:.3g} may be"
        )
        return Broken(rule="max_latency_ratio", reason=reason)
    if found.divergence > rules.max_divergence:
        reason = (
            f"its scores diverge from the champion's by a stability index of"
            f" {found.divergence:.3g} beyond chance {of}; {rules.max_divergence:g} may be"
        )
        return Broken(rule="max_divergence", reason=reason)
    return None


def hung(busy_s: float, rules: AbortConfig) -> Broken | None:
    """Whether a run has not come to its end for far too long."""
    if busy_s <= HUNG * rules.late_s:
        return None
    reason = f"one of its answers has taken {busy_s:.1f} s and has not come to an end"
    return Broken(rule="late_s", reason=reason)
