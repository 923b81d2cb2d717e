"""Drift of columns and of predictions: each beside the bundle's profile of it."""

from dataclasses import dataclass

from ..models.profile import SCORE, ColumnProfile, read_profiles
from .decision import compare
from .finding import Check, Finding, Kind
from .window import Array, Window

MOST_DRAWN = 50_000
"""About how many rows of a window a shape is of."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Shares of rows in the bins of a column's profile, the missing ones last."""

    column: str
    edges: tuple[float, ...]
    """Between the bins of a number; none of a category."""
    values: tuple[str, ...]
    """The values of a category, then come all others; none of a number."""
    training: tuple[float, ...]
    window: tuple[float, ...]


def judge(window: Window) -> list[Finding]:
    """Every profiled column of the contract, then the predictions."""
    config, rows = window.config, window.rows
    profiles = read_profiles(window.bundle.profile)
    inputs = [profile for profile in profiles if profile.name != SCORE]
    scores = [profile for profile in profiles if profile.name == SCORE]
    predicted = {SCORE: window.bundle.task.watched(rows.outputs)}
    return [
        *compare("data_drift", inputs, rows.columns, config.data_drift, config.min_rows),
        *compare("prediction_drift", scores, predicted, config.prediction_drift, config.min_rows),
    ]


def shapes_of(window: Window) -> list[Shape]:
    """How values of each column and predictions lie in a window, by some of many rows."""
    columns, rows = window.rows.columns, window.rows
    predicted, step = window.bundle.task.watched(rows.outputs), max(1, len(rows) // MOST_DRAWN)
    return [
        _shape(profile, (predicted if profile.name == SCORE else columns[profile.name])[::step])
        for profile in read_profiles(window.bundle.profile)
    ]


def _shape(profile: ColumnProfile, column: Array) -> Shape:
    counts = profile.count(column)
    return Shape(
        column=profile.name,
        edges=tuple(profile.edges),
        values=tuple(profile.labels[:-2]) if profile.kind == "category" else (),
        training=tuple(round(float(share), 5) for share in profile.shares),
        window=tuple(round(float(count / len(column)), 5) for count in counts),
    )


CHECK = Check(
    kinds=[
        Kind(name="data_drift", lead="{subject} drifts"),
        Kind(
            name="prediction_drift",
            lead="predictions drift",
            title="Drift of predictions",
            note="How far the distribution of predictions is from that on the training rows. The"
            " dashed line is the end of the reference range.",
            whole=True,
        ),
    ],
    judge=judge,
)
