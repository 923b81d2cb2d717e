"""All that was measured of a trained model, as one record for JSON; the card shows a part of it.

It is the bundle's ``evaluation.json``, without clock or path: the same training is the same bundle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from ..models.metrics import ClassScores
from ..models.ranking import Floats, Integers
from ..models.tasks import Outputs, Task
from ..values import canonical_category
from .evaluation.bootstrap import Interval
from .evaluation.curves import calibration, curves
from .evaluation.evaluate import DUMMY, LINEAR, MODEL, Evaluation, Slice
from .kinds import Fitted
from .race import Entry

MOST_LABELS, REST = 30, "all others"
MOST_BINS, GROUPS, MOST_POINTS = 40, 20, 800


def training_record(
    task: Task,
    evaluation: Evaluation,
    labels: Floats,
    outputs: Outputs,
    *,
    slices: Sequence[Slice],
    cuts: Mapping[str, Sequence[float]],
    importance: Mapping[str, Interval],
    fitted: Fitted,
    entries: Sequence[Entry],
    size: Mapping[str, int],
) -> dict[str, Any]:
    """The record of one training; ``outputs`` are the graph's on the test rows.

    ``task`` knows the threshold, ``cuts`` is where slices of numbers begin and end, and ``size`` the
    model's ``parameters`` and ``bytes``. What is said of the champion stays out: it would make the
    same training another bundle.
    """
    bootstrap, scored = evaluation.bootstrap, task.scores(labels, outputs)
    regression = task.contract.task == "regression"
    record = {
        "rows": len(labels),
        "blocks": bootstrap.n_blocks,
        "block": bootstrap.unit,
        "confidence": bootstrap.confidence,
        "size": size,
        "metrics": {
            name: {metric: evaluation.interval(name, metric) for metric in task.metrics}
            for name in (MODEL, LINEAR, DUMMY)
        },
        **curves(task, labels, outputs, bootstrap),
        "calibration": calibration(task, labels, outputs, bootstrap),
        "confusion": None if regression else confusion(task, labels, outputs),
        "classes": (
            scored.classes(task.contract.labels or ()) if isinstance(scored, ClassScores) else None
        ),
        "scores": scores(task, labels, outputs),
        "residuals": residuals(labels, outputs) if regression else None,
        "slices": slices,
        "cuts": cuts,
        "importance": importance,
        "learning": learning(fitted),
        # Seconds stay out: they would make the same training another bundle.
        "race": [{"name": e.name, "interval": e.interval, "rounds": e.rounds} for e in entries],
    }
    plain: dict[str, Any] = jsonable(record)
    return plain


def learning(fitted: Fitted) -> dict[str, Any] | None:
    """Curves ``{name: [[round, value], …]}``, and where the best was; none of what has no rounds."""
    curves = {
        name.replace("_", " "): [list(point) for point in enumerate(values, start=1)]
        for name, values in fitted.curves.items()
    }
    if not curves:
        return None
    return {"by": fitted.unit, "best": fitted.rounds, "curves": curves}


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


def jsonable(value: Any) -> Any:
    """Arrays and results as lists and dicts; numbers to six digits; what is not finite is null."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def _edges(values: Floats) -> Floats:
    """Of bins that hold all but the outermost hundredth, which would squash the others."""
    low, high = np.quantile(values, [0.005, 0.995])
    bins = min(int(2 * np.cbrt(len(values))) + 1, MOST_BINS)  # Rice's rule
    return np.linspace(low, high, bins + 1) if high > low else np.array([low - 0.5, low + 0.5])


def _histogram(values: Floats, edges: Floats) -> Integers:
    return np.histogram(values, edges)[0]
