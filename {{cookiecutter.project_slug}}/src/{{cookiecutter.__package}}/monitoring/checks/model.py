"""What is judged without labels: drift, the model's age, and whether it still predicts what was logged."""

from collections.abc import Iterator
from datetime import date

import numpy as np

from ...models.profile import SCORE, read_profiles
from ..decision import compare
from ..finding import Finding
from ..windows import Window
from . import Check

SAMPLE_ROWS = 5_000


def judge(window: Window) -> list[Finding]:
    """Every profiled column and the predictions beside the bundle's profile; then age and parity."""
    profiles = read_profiles(window.bundle.profile)
    inputs = [profile for profile in profiles if profile.name != SCORE]
    scores = [profile for profile in profiles if profile.name == SCORE]
    columns = window.rows.columns([profile.name for profile in inputs])
    predicted = [window.bundle.task.drift_values(window.rows.outputs)]
    findings: list[Finding] = []
    for kind, of_kind, values in (
        ("data_drift", inputs, columns),
        ("prediction_drift", scores, predicted),
    ):
        threshold = window.settings[kind].threshold
        findings += compare(kind, of_kind, values, threshold, window.config.min_rows)
    return [*findings, *_age(window), _parity(window)]


def _age(window: Window) -> Iterator[Finding]:
    """Days to the window's end, and not to now, so that a window is judged alike whenever it is."""
    span, limit = window.bundle.metadata.get("span"), window.settings["staleness"].threshold
    if span is not None:  # else rows have no time
        days = float((window.record.last - date.fromisoformat(span["last"])).days)
        yield Finding(
            kind="staleness",
            subject="training data",
            measure="days",
            value=max(0.0, days),  # a replay may be of days before
            limit=limit,
            rows=len(window.rows),
            breach=days > limit,
        )


def _parity(window: Window) -> Finding:
    """Whether predictions are within ``1e-5·(scale + |b|)`` of those logged, in a sample of rows."""
    n, limit = min(len(window.rows), SAMPLE_ROWS), window.settings["parity"].threshold
    sample = window.rows[np.arange(n) * len(window.rows) // n]
    logged = sample.outputs
    predicted = window.bundle.predict(sample.inputs(window.bundle.contract))
    apart = window.bundle.task.parity_errors(logged, predicted) > 1
    differing = int(apart.reshape(n, -1).any(1).sum())
    text = f"{differing:,} of {n:,} logged predictions differ from those made offline"
    breach = differing / n > limit
    return Finding(
        kind="parity",
        subject="predictions",
        measure="differing_share",
        value=differing / n,
        limit=limit,
        rows=n,
        breach=breach,
        sudden=text if breach else "",
    )


CHECK = Check(
    kinds={
        "data_drift": "{subject} drifts",
        "prediction_drift": "predictions drift",
        "staleness": "the {subject} is old",
        "parity": "predictions differ from those made offline",
    },
    judge=judge,
)
