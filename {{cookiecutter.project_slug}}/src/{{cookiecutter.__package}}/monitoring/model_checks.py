"""The served model itself: how old it is, and whether it still predicts what was logged."""

from collections.abc import Iterator
from datetime import date, datetime

import numpy as np

from ..models.bundle import TOLERANCE
from ..models.versions import Versions
from .finding import Check, Finding, Kind
from .window import Window


def judge(window: Window) -> list[Finding]:
    """Its age in days, and the share of a sample of rows that it predicts otherwise offline."""
    return [*_ages(window), *_parity(window)]


def _ages(window: Window) -> Iterator[Finding]:
    """To the window's end, and not to now, so that a window is judged alike whenever it is."""
    span, config = window.bundle.metadata.get("span"), window.config.staleness
    if span is not None:
        yield _age(window, "training data", date.fromisoformat(span["last"]), config.threshold)
    folder = window.bundle.path.parent
    version = Versions(folder.parent, folder.name).get(window.version)
    trained = datetime.fromisoformat(version.created).astimezone(window.contract.zone).date()
    yield _age(window, "model", trained, config.model_days)


def _age(window: Window, subject: str, since: date, limit: float) -> Finding:
    """In a replay the training may be later than the window; then nothing is stale."""
    days = max(0.0, float((window.last - since).days))
    return Finding(
        kind="staleness",
        subject=subject,
        measure="days",
        value=days,
        limit=limit,
        rows=len(window.rows),
        breach=days > limit,
    )


def _parity(window: Window) -> Iterator[Finding]:
    """Whether predictions are within ``1e-5·(scale + |b|)`` of those logged; all should be."""
    rows, most = window.rows, window.config.parity.sample_rows
    n = min(len(rows), most)
    if not n:
        return
    sample = rows[np.arange(n) * len(rows) // n]
    predicted = window.bundle.predict(sample.inputs(window.contract)).astype(np.float64)
    tolerance = TOLERANCE * (window.bundle.task.scale(sample.outputs) + np.abs(sample.outputs))
    apart = ~(np.abs(predicted - sample.outputs) <= tolerance)
    differing = int((apart if apart.ndim == 1 else apart.any(1)).sum())
    text = f"{differing:,} of {n:,} logged predictions differ from those made offline"
    yield Finding(
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
    kinds=[
        Kind(
            name="staleness",
            lead="the {subject} is old",
            title="Age",
            note="Age of the model and of its training data. The line rises until a new version"
            " serves.",
        ),
        Kind(
            name="parity",
            lead="predictions differ from those made offline",
            title="Parity",
            note="Share of logged predictions that differ when the bundle predicts the same rows"
            " again. It should be 0.",
            whole=True,
        ),
    ],
    judge=judge,
)
