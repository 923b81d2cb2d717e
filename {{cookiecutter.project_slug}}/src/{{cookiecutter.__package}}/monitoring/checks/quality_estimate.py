"""How good the answers may be expected to be, before any outcome is known.

Confidence-based performance estimation: a calibrated probability says how likely each outcome is,
so a metric's expectation over the outcomes follows from the probabilities alone (Garg et al.,
Leveraging Unlabeled Data to Predict Out-of-Distribution Performance, 2022; NannyML's CBPE).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from ...config import CheckConfig
from ...models.intervals import Bootstrap
from ...models.metrics import METRICS, SMALLEST, Draws, Floats, Ranking, block_sums
from ..finding import Check, Finding, Kind
from ..labels import bootstrap_of, ends, is_worse
from ..window import Window

KIND = "estimated_quality"
ASSUMPTIONS = (
    "estimated from the probabilities alone: true while they are calibrated on these rows and what"
    " leads to an outcome has not changed; a change of that is not seen before labels come"
)


class QualityEstimateConfig(CheckConfig):
    """``quality_estimate.yaml``: quality as the probabilities themselves let expect it."""

    threshold: Annotated[float, Field(gt=0)] = 0.05
    """Drop of AUC below the test span's."""


def judge(window: Window) -> list[Finding]:
    """Each metric that can be expected; the one that decides is judged as if it were measured."""
    served = window.rows
    if window.bundle.task.output == "value" or len(served) < window.config.min_rows:
        return []
    outputs = served.outputs.astype(np.float64)
    bootstrap = bootstrap_of(window.contract, served.seconds)
    values = {
        name: float(drawn[0])
        for name, drawn in expected(
            outputs, np.zeros(len(outputs), np.int64), np.ones((1, 1)), exact=True
        ).items()
    }
    draws = expected(outputs, bootstrap.drawn, bootstrap.counts, exact=False)
    return list(_findings(window, bootstrap, values, draws))


def expected(outputs: Floats, block: np.ndarray, counts: Floats, *, exact: bool) -> Draws:
    """Metrics of probabilities ``[rows]`` or ``[rows, classes]`` if they are true.

    As in ``models.metrics``, for each draw of how often each block counts: AUC of one against the
    rest, log loss, and the Brier score or the accuracy.
    """
    columns = outputs[:, None] if outputs.ndim == 1 else outputs
    areas = [
        Ranking(column, column).areas(block, counts, exact=exact)["auc"] for column in columns.T
    ]
    both = np.column_stack([outputs, 1 - outputs]) if outputs.ndim == 1 else outputs
    sure = np.clip(both, SMALLEST, 1)
    means = {"log_loss": -(both * np.log(sure)).sum(1)}
    if outputs.ndim == 1:
        means["brier"] = outputs * (1 - outputs)
    else:
        means["accuracy"] = outputs.max(1)
    n_blocks = counts.shape[1]
    rows = counts @ block_sums(block, n_blocks)
    return {"auc": np.nanmean(areas, axis=0)} | {
        name: counts @ block_sums(block, n_blocks, each) / rows for name, each in means.items()
    }


def _findings(
    window: Window, bootstrap: Bootstrap, values: Mapping[str, float], draws: Draws
) -> Iterator[Finding]:
    main, threshold = (
        window.bundle.task.main,
        window.settings_of(KIND, QualityEstimateConfig).threshold,
    )
    tested = window.bundle.metadata["metrics"]["model"].get(main, {}).get("low")
    for name, value in values.items():
        interval = bootstrap.interval(value, draws[name])
        low, high = ends(interval)
        near = tested if name == main else None
        yield Finding(
            kind=KIND,
            subject=name,
            measure=f"expected_{name}",
            value=value,
            low=low,
            high=high,
            limit=None if near is None else near - threshold,
            rows=len(window.rows),
            breach=is_worse(interval, near, threshold, METRICS[name].sign),
        )


CHECK = Check(
    kinds=[
        Kind(
            name=KIND,
            lead="quality is estimated to have fallen",
            title="Estimated quality",
            note=f"What may be expected before outcomes are known, {ASSUMPTIONS}.",
            whole=True,
            settings=lambda config: config.settings("quality_estimate", QualityEstimateConfig),
        )
    ],
    judge=judge,
)
