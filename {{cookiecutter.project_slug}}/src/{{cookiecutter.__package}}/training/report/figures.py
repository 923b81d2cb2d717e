"""What a report draws beside the record of the bundle: curves, calibration, shares and errors.

It is measured on the test rows when a model is registered, and kept in the bundle's evaluation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from ...models.bundle import open_session
from ...models.intervals import Bootstrap, Interval
from ...models.metrics import (
    Counts,
    Floats,
    Integers,
    Ranking,
    confidence_bins,
    per_bin,
    ratio,
)
from ...models.tasks import Outputs, Task
from ...values import canonical_category
from ..rows import Rows
from .importance import importance

MOST_LABELS, REST = 30, "all others"
MOST_BINS, GROUPS, MOST_POINTS = 40, 20, 800
POINTS = 101
VALUE_BINS = 15


def measure(
    task: Task, graph: bytes, test: Rows, outputs: Outputs, bootstrap: Bootstrap
) -> dict[str, Any]:
    """All of it, by the name of its plot; ``outputs`` are the graph's on the test rows."""
    return {
        "importance": importance(open_session(graph), task, test, bootstrap),
        **of_outputs(task, test.labels, outputs, bootstrap),
    }


def of_outputs(
    task: Task, labels: Floats, outputs: Outputs, bootstrap: Bootstrap
) -> dict[str, Any]:
    """What follows from outputs and labels alone."""
    regression = task.contract.task == "regression"
    return {
        **curves(task, labels, outputs, bootstrap),
        "calibration": calibration(task, labels, outputs, bootstrap),
        "confusion": None if regression else confusion(task, labels, outputs),
        "classes": class_qualities(task, labels, outputs) if outputs.ndim == 2 else None,
        "scores": scores(task, labels, outputs),
        "residuals": residuals(labels, outputs) if regression else None,
    }


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
    exact = ranking.falling(np.zeros(len(labels), np.int64), np.ones((1, 1)), exact=True)
    lines = [
        line
        for line in zip(*ranking.falling(bootstrap.drawn, bootstrap.counts), strict=True)
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


def confusion(task: Task, labels: Floats, outputs: Outputs) -> dict[str, Any]:
    """Rows by what they are (down) and what is decided (across); of many labels the commonest."""
    if outputs.ndim == 1:
        names, decided = outcomes(task), task.decisions(outputs).astype(np.int64)
    else:
        names, decided = list(task.contract.labels or ()), outputs.argmax(1)
    actual = labels.astype(np.int64)
    if len(names) > MOST_LABELS:
        rank = np.argsort(-np.bincount(actual, minlength=len(names)), kind="stable").argsort()
        names = [names[k] for k in np.argsort(rank)[:MOST_LABELS]] + [REST]
        actual, decided = (np.minimum(rank[codes], MOST_LABELS) for codes in (actual, decided))
    counts = np.bincount(actual * len(names) + decided, minlength=len(names) ** 2)
    return {"labels": names, "counts": counts.reshape(len(names), -1)}


@dataclass(frozen=True, kw_only=True)
class ClassQuality:
    """How well one label is told from the others; NaN where it is never decided for or there."""

    label: str
    support: int
    """Rows that have it."""
    precision: float
    recall: float
    f1: float
    auc: float


def class_qualities(task: Task, labels: Floats, outputs: Outputs) -> list[ClassQuality]:
    """Quality of each label."""
    names = task.contract.labels or ()
    codes, decided = np.arange(len(names)), outputs.argmax(1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, decided, labels=codes, zero_division=np.nan
    )
    return [
        ClassQuality(
            label=name,
            support=int(support[k]),
            precision=float(precision[k]),
            recall=float(recall[k]),
            f1=float(f1[k]),
            auc=(
                float(roc_auc_score(labels == k, outputs[:, k]))
                if 0 < support[k] < len(labels)
                else np.nan
            ),
        )
        for k, name in enumerate(names)
    ]


def outcomes(task: Task) -> list[str]:
    """A binary task's two, the other one first."""
    positive = task.contract.positive
    other = canonical_category(not positive) if isinstance(positive, bool) else f"not {positive}"
    labels = task.contract.labels
    if labels:
        (other,) = (label for label in labels if label != positive)
    return [other, canonical_category(positive)]


def scores(task: Task, labels: Floats, outputs: Outputs) -> dict[str, Any]:
    """Histograms of what the model answers, by what came true."""
    values, groups = outputs.astype(np.float64), dict[str, Floats]()
    if task.contract.task == "regression":
        groups = {"observed": labels, "predicted": values}
    elif outputs.ndim == 1:
        other, positive = outcomes(task)
        groups = {positive: values[labels == 1], other: values[labels == 0]}
    else:
        hit = outputs.argmax(1) == labels
        groups = {"right": values.max(1)[hit], "wrong": values.max(1)[~hit]}
    edges = _edges(np.concatenate(list(groups.values())))
    return {
        "edges": edges,
        "counts": {name: _histogram(found, edges) for name, found in groups.items()},
        "medians": {
            name: np.median(found) if len(found) else None for name, found in groups.items()
        },
    }


def residuals(labels: Floats, outputs: Outputs) -> dict[str, Any]:
    """Observed − predicted: its histogram, its spread along the prediction, some of the rows."""
    predicted = outputs.astype(np.float64)
    rest, order = labels - predicted, np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, GROUPS) if len(part)]
    shown = np.random.default_rng(0).permutation(len(rest))[:MOST_POINTS]
    edges = _edges(rest)
    return {
        "edges": edges,
        "counts": _histogram(rest, edges),
        "quantiles": dict(zip(("10", "50", "90"), np.quantile(rest, [0.1, 0.5, 0.9]), strict=True)),
        "half_within": np.median(np.abs(rest)),
        "along": [
            [predicted[part].mean(), *np.quantile(rest[part], [0.1, 0.5, 0.9])] for part in parts
        ],
        "points": np.stack([predicted[shown], rest[shown]], 1),
    }


def _edges(values: Floats) -> Floats:
    """Of bins that hold all but the outermost hundredth, which would squash the others."""
    low, high = np.quantile(values, [0.005, 0.995])
    bins = min(int(2 * np.cbrt(len(values))) + 1, MOST_BINS)  # Rice's rule
    return np.linspace(low, high, bins + 1) if high > low else np.array([low - 0.5, low + 0.5])


def _histogram(values: Floats, edges: Floats) -> Integers:
    return np.histogram(values, edges)[0]
