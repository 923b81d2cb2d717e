"""Answers that are distributed otherwise than on the training rows."""

from ...models.profile import SCORE, read_profiles
from ..check import Check, Kind
from ..decision import compare
from ..finding import Finding
from ..seen import Seen


def judge(seen: Seen) -> list[Finding]:
    """Probabilities, classes or values beside the bundle's profile of them."""
    return compare(
        "prediction_drift",
        [profile for profile in read_profiles(seen.bundle.profile) if profile.name == SCORE],
        {SCORE: seen.bundle.task.watched(seen.window.rows.outputs)},
        seen.config.prediction_drift,
        seen.config.min_rows,
    )


CHECK = Check(
    kinds=[
        Kind(
            name="prediction_drift",
            lead="answers drift",
            title="Drift of the answers",
            note="How far the answers of a window are distributed from those to the training rows."
            " Ordinary windows stay below the dashed limit.",
            whole=True,
        )
    ],
    judge=judge,
)
