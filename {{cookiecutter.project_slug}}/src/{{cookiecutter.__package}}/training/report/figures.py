"""What a report draws beside the record of the bundle: curves, calibration, errors, importance.

It is measured on the test rows when a model is registered, and stored in the bundle's evaluation.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from sklearn import metrics

from ...models.bundle import open_session, predict
from ...models.inputs import Inputs
from ...models.metrics import METRICS
from ...models.tasks import Outputs, Task
from ...values import canonical_category
from ..evaluate import Exported
from ..rows import Rows

Floats = npt.NDArray[np.float64]
POINTS = np.linspace(0, 1, 101)
BINS, LEAST_ROWS = 15, 30
MOST_LABELS, MOST_POINTS = 12, 800
BUDGET, FEWEST_ROWS = 200_000, 200
"""Of the importance: rows to predict in all, and the fewest at a time."""


def measure(exported: Exported, test: Rows) -> dict[str, Any]:
    """All of it, by the name of its plot."""
    task = exported.model.task
    return {
        "importance": importance(open_session(exported.graph), task, test),
        **of_outputs(task, test.labels, exported.tested),
    }


def of_outputs(task: Task, labels: Floats, outputs: Outputs) -> dict[str, Any]:
    """What follows from outputs and labels alone."""
    values = outputs.astype(np.float64)
    if task.contract.task == "regression":
        shown = np.random.default_rng(0).permutation(len(labels))[:MOST_POINTS]
        errors = np.stack([values[shown], labels[shown]], 1)
        return {"calibration": bins(values, labels), "errors": errors}
    if values.ndim == 1:
        decided = task.decisions(outputs).astype(np.int64)
        curves, calibration = roc(labels, values), bins(values, labels)
    else:
        decided = values.argmax(1)
        curves, calibration = {}, bins(values.max(1), (decided == labels).astype(np.float64))
    return {**curves, "calibration": calibration, **confusion(task, labels, decided)}


def roc(labels: Floats, values: Floats) -> dict[str, Floats]:
    """Recall at each share of false alarms; rows of one label have none."""
    if len(np.unique(labels)) < 2:
        return {}
    wrong, hits, _ = metrics.roc_curve(labels, values, drop_intermediate=False)
    return {"roc": np.interp(POINTS, wrong, hits)}


def bins(predicted: Floats, observed: Floats) -> list[tuple[float, float]]:
    """What was predicted and what came, on average, in 15 groups by the prediction of at least 30 rows."""
    n = max(1, min(BINS, len(predicted) // LEAST_ROWS))
    parts = np.array_split(np.argsort(predicted, kind="stable"), n)
    return [(predicted[part].mean(), observed[part].mean()) for part in parts]


def confusion(task: Task, labels: Floats, decided: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Rows by what they are (down) and what is decided (across); none of more labels than fit."""
    names = names_of(task)
    if len(names) > MOST_LABELS:
        return {}
    counts = metrics.confusion_matrix(labels.astype(np.int64), decided, labels=range(len(names)))
    return {"confusion": {"labels": names, "counts": counts}}


def names_of(task: Task) -> list[str]:
    """The labels in the order of their numbers; of two, the positive one last."""
    labels, positive = list(task.contract.labels or ()), task.contract.positive
    if task.contract.task == "multiclass":
        return labels
    other = canonical_category(not positive) if isinstance(positive, bool) else f"not {positive}"
    others = [name for name in labels if name != positive] or [other]
    return [*others, canonical_category(positive)]


def importance(session: ort.InferenceSession, task: Task, rows: Rows) -> dict[str, float]:
    """What the deciding metric loses when one feature's values are shuffled, most first.

    Permutation importance (Breiman, Random Forests, 2001), through the exported graph and on a sample of
    many rows. Features that hold the same information share it: each of two may seem to matter little.
    """
    features, random = task.contract.features, np.random.default_rng(0)
    most = max(BUDGET // (len(features) + 1), FEWEST_ROWS)
    at = np.sort(random.permutation(len(rows))[:most])
    inputs, labels, sign = rows.inputs[at], rows.labels[at], METRICS[task.main].sign

    def quality(changed: Inputs) -> float:
        return task.scores(labels, predict(session, changed, task)).all()[task.main]

    before = quality(inputs)
    losses = {
        name: sign * (before - quality(_shuffled(task, inputs, name, random))) for name in features
    }
    return dict(sorted(losses.items(), key=lambda one: -np.nan_to_num(one[1])))


def _shuffled(task: Task, inputs: Inputs, name: str, random: np.random.Generator) -> Inputs:
    contract = task.contract
    groups = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    (group,) = (group for group, names in groups.items() if name in names)
    values: npt.NDArray[Any] = getattr(inputs, group).copy()
    index = groups[group].index(name)
    values[:, index] = random.permutation(values[:, index])
    changed: dict[str, Any] = {group: values}
    return replace(inputs, **changed)
