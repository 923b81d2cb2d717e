"""What is watched: a module for each kind of thing, each of which judges one window."""

from ..finding import Finding
from ..seen import Seen, Watch
from . import (
    calibration,
    challenger,
    columns,
    contract,
    estimated,  # part: estimated
    parity,
    predictions,
    quality,
    service,
    staleness,
)

WATCHES: tuple[Watch, ...] = (
    columns.judge,
    predictions.judge,
    quality.judge,
    calibration.judge,
    estimated.judge,  # part: estimated
    staleness.judge,
    contract.judge,
    service.judge,
    parity.judge,
    challenger.judge,
)


def judge(seen: Seen) -> list[Finding]:
    """What every watch found, but for kinds that are turned off in ``monitor.yaml``."""
    found = [finding for watch in WATCHES for finding in watch(seen)]
    return [finding for finding in found if getattr(seen.config, finding.kind).enabled]
