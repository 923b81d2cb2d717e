"""What a report draws: calibration and curves, with bands from the same blocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.metrics import confidence_bins
from ...models.ranking import Counts, Floats, Ranking, per_bin, ratio
from ...models.tasks import Task
from .bootstrap import Bootstrap, Interval

POINTS = 101
VALUE_BINS = 15


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Rows of like outputs: what was predicted and what came."""

    rows: int
    predicted: float
    """Mean probability of what was decided (binary: of the positive value), or mean value."""
    observed: Interval
    """Share that it was true for, or mean label."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A curve with a band that holds each point, not the whole curve, with the confidence."""

    x: Floats
    """``[points]``, rising from 0 to 1."""
    y: Floats
    low: Floats
    high: Floats


def calibration(
    task: Task, labels: Floats, outputs: npt.NDArray[Any], bootstrap: Bootstrap
) -> tuple[Bin, ...]:
    """The bins of the calibration error that have rows; of a regression, 15 of as many rows each."""
    predicted, hits = outputs.astype(np.float64), labels
    if predicted.ndim == 2:
        predicted, hits = predicted.max(1), (predicted.argmax(1) == labels).astype(np.float64)
    bins = confidence_bins(predicted) if task.certainty(outputs) is not None else _ranks(predicted)
    bins = np.unique(bins, return_inverse=True)[1].astype(np.int64)
    n_bins = int(bins.max()) + 1
    rows, sums = np.bincount(bins), np.bincount(bins, hits)
    means = np.bincount(bins, predicted) / rows
    n_drawn = bootstrap.counts.shape[1]
    drawn_hits, drawn_rows = (
        bootstrap.counts @ per_bin(bootstrap.drawn, n_drawn, bins, n_bins, values)
        for values in (hits, None)
    )
    draws = ratio(drawn_hits, drawn_rows)
    return tuple(
        Bin(
            rows=int(rows[k]),
            predicted=float(means[k]),
            observed=bootstrap.interval(float(sums[k] / rows[k]), draws[:, k]),
        )
        for k in range(n_bins)
    )


def curves(
    task: Task, labels: Floats, outputs: npt.NDArray[Any], bootstrap: Bootstrap
) -> Mapping[str, Curve]:
    """``roc`` (x false alarms, y recall) and ``precision_recall`` (x recall, y precision).

    For binary tasks where both labels occur; others have none.
    """
    if task.output != "probability" or task.variety(labels) < 2:
        return {}
    ranking = Ranking(labels, outputs.astype(np.float64))
    at = np.linspace(0, 1, POINTS)
    (exact,) = ranking.falling(np.zeros(len(labels), np.int64), np.ones((1, 1)), exact=True)
    lines = [
        line
        for both in ranking.falling(bootstrap.drawn, bootstrap.counts)
        for line in zip(*both, strict=True)
        if 0 < line[0][-1] < line[1][-1]  # a draw may have one label alone
    ]
    found = {}
    for name, curve in (("roc", _roc), ("precision_recall", _precision_recall)):
        value = curve(exact[0][0], exact[1][0], at)
        drawn = np.stack([curve(*line, at) for line in lines] or [np.full(POINTS, np.nan)])
        low, high = np.quantile(drawn, bootstrap.tails, axis=0, method="weibull")
        found[name] = Curve(x=at, y=value, low=low, high=high)
    return found


def _roc(found: Counts, called: Counts, at: Floats) -> Floats:
    """Recall where ``at`` of the negative rows are called positive, straight between scores."""
    wrong = called - found
    x, y = np.append(0, wrong / wrong[-1]), np.append(0, found / found[-1])
    return np.asarray(np.interp(at, x, y), np.float64)


def _precision_recall(found: Counts, called: Counts, at: Floats) -> Floats:
    """Precision at the highest score from which on recall is ``at``: steps, as precision has."""
    first = np.searchsorted(found, np.maximum(at * found[-1], 1))
    return np.asarray(found[first] / called[first], np.float64)


def _ranks(values: Floats) -> npt.NDArray[np.int64]:
    """Bins of as many rows each; equal values share one."""
    _, place, rows = np.unique(values, return_inverse=True, return_counts=True)
    before = np.cumsum(rows) - rows
    return np.asarray((before * VALUE_BINS // len(values))[place])
