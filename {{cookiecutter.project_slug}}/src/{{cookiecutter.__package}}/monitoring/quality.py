"""How good the answers were, where outcomes are known. Pure: windows in, findings out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import MonitorConfig
from ..models.tasks import Task
from .drift import persistent
from .windows import Window


@dataclass(frozen=True, kw_only=True)
class Quality:
    """One window's quality on the rows whose outcome is known."""

    window: str
    rows: int
    labelled: int
    observed: float | None
    """Mean label: the share of positive rows, or the mean value; none for multiclass."""
    predicted: float | None
    """Mean output, to compare with it."""
    metrics: Mapping[str, float]
    breach: bool
    alert: bool


def assess(
    task: Task, windows: Sequence[Window], tested: Mapping[str, Any], config: MonitorConfig
) -> list[Quality]:
    """Quality of each window that has ``min_rows`` labelled rows, not all of one label.

    ``tested`` holds the model's test metrics with intervals; a window breaches when its deciding
    metric is ``max_score_drop`` below the interval's lower end, so that days as bad as the test
    span's are not an alert.
    """
    lowest = tested[task.main]["low"]
    assessed: list[Quality] = []
    for window in windows:
        known = ~np.isnan(window.rows.labels)
        labels, outputs = window.rows.labels[known], window.rows.outputs[known]
        if known.sum() < config.min_rows or task.variety(labels) < 2:
            continue
        metrics = task.scores(labels, outputs).all()
        scalar = outputs.ndim == 1
        breach = lowest is not None and metrics[task.main] < lowest - config.max_score_drop
        breaches = [*(past.breach for past in assessed), breach]
        assessed.append(
            Quality(
                window=window.name,
                rows=len(window.rows),
                labelled=int(known.sum()),
                observed=float(labels.mean()) if scalar else None,
                predicted=float(outputs.mean()) if scalar else None,
                metrics=metrics,
                breach=breach,
                alert=persistent(breaches, config.persistence),
            )
        )
    return assessed
