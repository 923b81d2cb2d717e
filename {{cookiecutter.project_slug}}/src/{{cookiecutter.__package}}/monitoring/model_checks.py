"""What is judged without labels: drift, the model's age, and whether it still predicts what was logged."""

from collections.abc import Iterator
from datetime import date

from ..models.profile import SCORE, read_profiles
from .checks import Check
from .decision import compare
from .finding import Finding
from .windows import Window

SAMPLE_ROWS = 5_000


def judge(window: Window) -> list[Finding]:
    """Every profiled column and the predictions beside the bundle's profile; then age and parity."""
    config, rows = window.config, window.rows
    profiles = read_profiles(window.bundle.profile)
    inputs = [profile for profile in profiles if profile.name != SCORE]
    scores = [profile for profile in profiles if profile.name == SCORE]
    columns = rows.columns([profile.name for profile in inputs])
    predicted = [window.bundle.task.drift_values(rows.outputs)]
    return [
        *compare("data_drift", inputs, columns, config.data_drift, config.min_rows),
        *compare("prediction_drift", scores, predicted, config.prediction_drift, config.min_rows),
        *_age(window),
        _parity(window),
    ]


def _age(window: Window) -> Iterator[Finding]:
    """Days to the window's end, and not to now, so that a window is judged alike whenever it is."""
    span, limit = window.bundle.metadata.get("span"), window.config.staleness.threshold
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
    """Whether predictions are within ``1e-5·(scale + |b|)`` of those logged; all should be."""
    sample = window.rows.sample(SAMPLE_ROWS)
    logged, n = sample.outputs, len(sample)
    predicted = window.bundle.predict(sample.inputs(window.contract))
    apart = window.bundle.task.parity_errors(logged, predicted) > 1
    differing = int(apart.reshape(n, -1).any(1).sum())
    text = f"{differing:,} of {n:,} logged predictions differ from those made offline"
    return Finding(
        kind="parity",
        subject="predictions",
        measure="differing_share",
        value=differing / n,
        limit=0.0,
        rows=n,
        breach=differing > 0,
        sudden=text if differing else "",
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
