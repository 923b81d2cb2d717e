"""How good the answers were, where outcomes are known. Pure: windows in, findings out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import MonitorConfig
from ..models.metrics import Scores
from .drift import persistent
from .windows import Window


@dataclass(frozen=True, kw_only=True)
class Quality:
    """One window's quality on the rows whose outcome is known."""

    window: str
    rows: int
    labelled: int
    positive_rate: float
    mean_probability: float
    auc: float
    log_loss: float
    breach: bool
    alert: bool


def assess(
    windows: Sequence[Window], tested: Mapping[str, Any], config: MonitorConfig
) -> list[Quality]:
    """Quality of each window that has ``min_rows`` labelled rows of both classes.

    ``tested`` holds the model's test metrics with intervals; a window breaches when its AUC is
    ``max_auc_drop`` below the interval's lower end, so that days as bad as the test span's are not
    an alert.
    """
    limit = tested["auc"]["low"] - config.max_auc_drop
    assessed: list[Quality] = []
    for window in windows:
        known = ~np.isnan(window.rows.labels)
        labels = window.rows.labels[known]
        if known.sum() < config.min_rows or not 0 < labels.mean() < 1:
            continue
        probabilities = window.rows.probabilities[known]
        metrics = Scores(labels, probabilities).all()
        breaches = [past.breach for past in assessed] + [metrics["auc"] < limit]
        assessed.append(
            Quality(
                window=window.name,
                rows=len(window.rows),
                labelled=int(known.sum()),
                positive_rate=float(labels.mean()),
                mean_probability=float(probabilities.mean()),
                auc=metrics["auc"],
                log_loss=metrics["log_loss"],
                breach=breaches[-1],
                alert=persistent(breaches, config.persistence),
            )
        )
    return assessed
