"""What a report draws beside the record of the bundle: curves, calibration, shares and errors.

It is measured on the test rows when a model is registered, and stored in the bundle's evaluation.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from sklearn import metrics

from ...models.bundle import open_session, run
from ...models.inputs import Inputs
from ...models.intervals import Bootstrap, Interval
from ...models.metrics import METRICS
from ...models.tasks import Outputs, Task
from ...values import canonical_category
from ..rows import Rows

Floats = npt.NDArray[np.float64]
POINTS = np.linspace(0, 1, 101)
BINS, LEAST_ROWS = 15, 30
MOST_LABELS, REST = 12, "all others"
MOST_BARS, MOST_POINTS = 40, 800
BUDGET, FEWEST_ROWS, DRAWS = 400_000, 200, 200
"""Of the importance: rows to predict in all, the fewest at a time, and draws of the bootstrap."""


def measure(
    task: Task, graph: bytes, test: Rows, outputs: Outputs, bootstrap: Bootstrap
) -> dict[str, Any]:
    """All of it, by the name of its plot; ``outputs`` are the graph's on the test rows."""
    return {
        "importance": importance(open_session(graph), task, test, bootstrap),
        **of_outputs(task, test.labels, outputs),
    }


def of_outputs(task: Task, labels: Floats, outputs: Outputs) -> dict[str, Any]:
    """What follows from outputs and labels alone."""
    values = outputs.astype(np.float64)
    if task.contract.task == "regression":
        shown = np.random.default_rng(0).permutation(len(labels))[:MOST_POINTS]
        return {
            "calibration": bins(values, labels),
            "scores": histograms({"observed": labels, "predicted": values}),
            "errors": {
                "points": np.stack([values[shown], labels[shown]], 1),
                "half_within": np.median(np.abs(labels - values)),
            },
        }
    if values.ndim == 1:
        other, positive = names_of(task)
        groups = {positive: values[labels == 1], other: values[labels == 0]}
        decided = task.decisions(outputs).astype(np.int64)
        curves, calibration = ranking(labels, values), bins(values, labels)
    else:
        decided, best = values.argmax(1), values.max(1)
        hit = decided == labels
        groups = {"right": best[hit], "wrong": best[~hit]}
        curves, calibration = {}, bins(best, hit.astype(np.float64))
    return {
        **curves,
        "calibration": calibration,
        "confusion": confusion(names_of(task), labels.astype(np.int64), decided),
        "scores": histograms(groups),
    }


def ranking(labels: Floats, values: Floats) -> dict[str, Floats]:
    """``roc``: recall at each share of false alarms. ``precision_recall``: precision at each recall."""
    if len(np.unique(labels)) < 2:
        return {}
    wrong, hits, _ = metrics.roc_curve(labels, values, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(labels, values)
    first = np.searchsorted(recall[::-1], POINTS[1:])
    return {
        "roc": np.interp(POINTS, wrong, hits),
        "precision_recall": precision[::-1][first],
    }


def bins(predicted: Floats, observed: Floats) -> list[dict[str, float]]:
    """Rows in the order of the prediction, in 15 groups of at least 30: what was predicted, what came."""
    n = max(1, min(BINS, len(predicted) // LEAST_ROWS))
    parts = np.array_split(np.argsort(predicted, kind="stable"), n)
    return [
        {"rows": len(part), "predicted": predicted[part].mean(), "observed": observed[part].mean()}
        for part in parts
    ]


def confusion(
    names: list[str], actual: npt.NDArray[np.int64], decided: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Rows by what they are (down) and what is decided (across); of many labels the commonest."""
    if len(names) > MOST_LABELS:
        rank = np.argsort(-np.bincount(actual, minlength=len(names)), kind="stable").argsort()
        names = [names[k] for k in np.argsort(rank)[:MOST_LABELS]] + [REST]
        actual, decided = (np.minimum(rank[codes], MOST_LABELS) for codes in (actual, decided))
    counts = metrics.confusion_matrix(actual, decided, labels=range(len(names)))
    return {"labels": names, "counts": counts}


def names_of(task: Task) -> list[str]:
    """The labels in the order of their numbers; of two, the positive one last."""
    labels, positive = list(task.contract.labels or ()), task.contract.positive
    if task.contract.task == "multiclass":
        return labels
    other = canonical_category(not positive) if isinstance(positive, bool) else f"not {positive}"
    return [
        *([name for name in labels if name != positive] or [other]),
        canonical_category(positive),
    ]


def histograms(groups: dict[str, Floats]) -> dict[str, Any]:
    """The share of each group's rows in bins that hold all but the outermost hundredth."""
    values = np.concatenate(list(groups.values()))
    low, high = np.quantile(values, [0.005, 0.995])
    n_bins = min(int(2 * np.cbrt(len(values))) + 1, MOST_BARS)  # Rice's rule
    edges = np.linspace(low, high, n_bins + 1) if high > low else np.array([low - 0.5, low + 0.5])
    shares = {name: np.histogram(v, edges)[0] / max(len(v), 1) for name, v in groups.items()}
    medians = {name: np.median(v) if len(v) else None for name, v in groups.items()}
    return {"edges": edges, "shares": shares, "medians": medians}


def importance(
    session: ort.InferenceSession, task: Task, rows: Rows, bootstrap: Bootstrap
) -> dict[str, Interval]:
    """What the deciding metric loses when one feature's values are shuffled, most first.

    Permutation importance (Breiman, Random Forests, 2001), through the exported graph and on a sample of
    many rows. Features that hold the same information share it: each of two may seem to matter little.
    """
    features, random = task.contract.features, np.random.default_rng(bootstrap.seed)
    most = max(BUDGET // (len(features) + 1), FEWEST_ROWS)
    at = np.sort(random.permutation(len(rows))[:most])
    drawn = replace(bootstrap.within(at), resamples=min(bootstrap.resamples, DRAWS))
    inputs, labels, sign = rows.inputs[at], rows.labels[at], METRICS[task.main].sign

    def quality(changed: Inputs) -> tuple[float, Floats]:
        scored = task.scores(labels, run(session, changed))
        values = scored.all()
        return values[task.main], drawn.draw(scored, values)[task.main]

    value, draws = quality(inputs)
    losses = {}
    for name in features:
        without, drawn_without = quality(_shuffled(task, inputs, name, random))
        losses[name] = drawn.interval(sign * (value - without), sign * (draws - drawn_without))
    return dict(sorted(losses.items(), key=lambda one: -np.nan_to_num(one[1].value)))


def _shuffled(task: Task, inputs: Inputs, name: str, random: np.random.Generator) -> Inputs:
    contract = task.contract
    groups = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    (group,) = (group for group, names in groups.items() if name in names)
    values: npt.NDArray[Any] = getattr(inputs, group).copy()
    index = groups[group].index(name)
    values[:, index] = random.permutation(values[:, index])
    changed: dict[str, Any] = {group: values}
    return replace(inputs, **changed)
