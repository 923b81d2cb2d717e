"""Columns of requests that are distributed otherwise than in training."""

from ...models.profile import SCORE, columns_of, read_profiles
from ..check import Check, Kind
from ..decision import compare
from ..finding import Finding
from ..seen import Seen


def judge(seen: Seen) -> list[Finding]:
    """Each column of the contract beside the bundle's profile of it."""
    contract = seen.contract
    return compare(
        "data_drift",
        [profile for profile in read_profiles(seen.bundle.profile) if profile.name != SCORE],
        columns_of(seen.window.rows.inputs, contract.numeric, contract.category),
        seen.config.data_drift,
        seen.config.min_rows,
    )


CHECK = Check(
    kinds=[Kind(name="data_drift", lead="{subject} drifts")],
    judge=judge,
)
