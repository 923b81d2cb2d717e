"""Estimates quality before labels arrive.

Confidence-based performance estimation: a calibrated probability says how likely each label is,
so a metric's expectation over the labels follows from the probabilities alone (Garg et al.,
Leveraging Unlabeled Data to Predict Out-of-Distribution Performance, 2022; NannyML's CBPE).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from ...config import CheckConfig
from ...models.intervals import Bootstrap
from ...models.metrics import METRICS, ByDraw, Draws, Floats, log_losses, rank_areas
from ..finding import Finding
from ..windows import Window
from . import Check
from .quality import bootstrap_of, finding_of, worse_end

KIND = "quality_estimate"


class QualityEstimateConfig(CheckConfig):
    """``quality_estimate.yaml``: quality, estimated from the probabilities alone."""

    threshold: Annotated[float, Field(gt=0)] = 0.05
    """Smallest drop of AUC, below that of the test rows, that matters."""


def judge(window: Window) -> list[Finding]:
    """Each metric that can be expected; the one that decides is judged as if it were measured."""
    served = window.rows
    if window.bundle.task.output == "value" or len(served) < window.config.min_rows:
        return []
    outputs = served.outputs.astype(np.float64)
    bootstrap = bootstrap_of(window.bundle.contract, served.seconds)
    once = expected(outputs, Draws.once(len(outputs)))
    values = {name: float(by_draw[0]) for name, by_draw in once.items()}
    return list(_findings(window, bootstrap, values, expected(outputs, bootstrap.draws)))


def expected(outputs: Floats, draws: Draws) -> ByDraw:
    """Metrics of probabilities ``[rows]`` or ``[rows, classes]`` if they are true.

    In each draw: AUC of one against the rest, log loss, and the Brier score or the accuracy.
    """
    columns = outputs[:, None] if outputs.ndim == 1 else outputs
    areas = [rank_areas(column, column, draws)["auc"] for column in columns.T]
    both = np.column_stack([outputs, 1 - outputs]) if outputs.ndim == 1 else outputs
    means = {"log_loss": (both * log_losses(both)).sum(1)}
    if outputs.ndim == 1:
        means["brier"] = outputs * (1 - outputs)
    else:
        means["accuracy"] = outputs.max(1)
    by_draw = {name: draws.mean(each) for name, each in means.items()}
    return {"auc": np.nanmean(areas, axis=0), **by_draw}


def _findings(
    window: Window, bootstrap: Bootstrap, values: Mapping[str, float], draws: ByDraw
) -> Iterator[Finding]:
    main = window.bundle.task.main
    threshold = window.settings[KIND].threshold
    for name, value in values.items():
        tested = window.bundle.metadata["metrics"]["model"] if name == main else {}
        interval, near = bootstrap.interval(value, draws[name]), worse_end(tested, name)
        about = {"kind": KIND, "subject": name, "measure": f"expected_{name}"}
        sign, rows = METRICS[name].sign, len(window.rows)
        yield finding_of(interval, near, threshold, sign, rows=rows, **about)


CHECK = Check(
    kinds={KIND: "quality is estimated to have fallen"},
    judge=judge,
    settings=lambda config: config.settings(KIND, QualityEstimateConfig),
)
