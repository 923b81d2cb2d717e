"""Rows of a window whose outcome is known, once it may be judged, and how sure that makes."""

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from ..models.bundle import Bundle
from ..models.days import DAY_S, local_days
from ..models.intervals import Bootstrap, Interval, numbered
from ..models.ranking import Floats, Integers
from .seen import Seen
from .served import Served

RESAMPLES, CONFIDENCE, SEED = 500, 0.95, 0
DAYS, HOUR_S = 5, 3_600
EVALUATION = "evaluation.json"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Outcomes beside answers."""

    rows: Integers
    """Their places in the window."""
    labels: Floats
    outputs: npt.NDArray[Any]
    bootstrap: Bootstrap


def labelled(seen: Seen) -> Labelled | None:
    """The window's labelled rows; none while others may still come, or while they are too few."""
    served, task = seen.window.rows, seen.bundle.task
    rows = np.flatnonzero(~np.isnan(served.labels))
    labels = served.labels[rows]
    if len(rows) < seen.config.min_rows or task.variety(labels) < 2 or not is_mature(seen):
        return None
    return Labelled(
        rows=rows,
        labels=labels,
        outputs=served.outputs[rows],
        bootstrap=bootstrap_of(seen.contract, served.seconds[rows]),
    )


def is_mature(seen: Seen) -> bool:
    """Whether the labels of the window's last row had their time, or nearly all are there already.

    Labels that come early are often of one kind: quality on them is that of no window.
    """
    if coverage(seen.window.rows) >= seen.config.quality.min_coverage:
        return True
    if seen.newest_s is None:
        return False
    if seen.contract.time is None:
        end = float(seen.window.rows.seconds.max(initial=0))
    else:
        after = seen.window.last + timedelta(days=1)
        end = datetime.combine(after, time(), seen.contract.zone).timestamp()
    return seen.newest_s >= end + seen.config.label_delay_days * DAY_S


def coverage(served: Served) -> float:
    """The share of rows whose outcome is known."""
    return float((~np.isnan(served.labels)).mean()) if len(served) else 0.0


def bootstrap_of(contract: Contract, seconds: Integers) -> Bootstrap:
    """Draws of whole days; of hours where the rows have few days, of rows where they have no time.

    Hours of a day are alike, so that intervals of short windows are too narrow; that an alert
    needs several windows has to bear it.
    """
    if contract.time is None:
        block, unit = np.arange(len(seconds)), "rows"
    else:
        block, unit = numbered(local_days(seconds, contract.zone)), "days"
        if block.max(initial=0) + 1 < DAYS:
            block, unit = numbered(seconds // HOUR_S), "hours"
    return Bootstrap(block=block, unit=unit, resamples=RESAMPLES, confidence=CONFIDENCE, seed=SEED)


def evaluation_of(bundle: Bundle) -> dict[str, Any]:
    """What was found on the test rows; nothing of a bundle that does not hold it."""
    path = bundle.path / EVALUATION
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def ends(interval: Interval) -> tuple[float | None, float | None]:
    """The ends of an interval that has any."""
    known = interval.low == interval.low
    return (interval.low, interval.high) if known else (None, None)


def worse(interval: Interval, near: float | None, threshold: float, sign: int) -> bool:
    """Whether a metric is worse than ``near``, by more than ``threshold``, and surely so.

    ``near`` is the worse end of the test span's interval, ``sign`` 1 where more is better. The
    value itself has to be ``threshold`` beyond it, so that many rows do not make a trifle matter;
    the whole interval has to be beyond it, so that few rows do not make noise matter.
    """
    if near is None or interval.low != interval.low:
        return False
    best = interval.high if sign > 0 else interval.low
    return sign * (interval.value - near) < -threshold and sign * (best - near) < 0
