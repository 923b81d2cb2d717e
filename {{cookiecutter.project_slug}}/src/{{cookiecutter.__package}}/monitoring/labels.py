"""Rows of a window whose label is known, once the window may be judged, and the intervals on them."""

import json
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from ..contract import Contract
from ..models.bundle import Bundle
from ..models.days import DAY_S, local_days
from ..models.intervals import Bootstrap, Interval, numbered
from .window import Integers, Served, Window

RESAMPLES, CONFIDENCE, SEED = 500, 0.95, 0
DAYS, HOUR_S = 5, 3_600


def labelled_rows(window: Window) -> Integers | None:
    """Where labelled rows are; none while other labels may still come, or while they are too few."""
    rows = np.flatnonzero(~np.isnan(window.rows.labels))
    return rows if len(rows) >= window.config.min_rows and is_mature(window) else None


def is_mature(window: Window) -> bool:
    """Whether the labels of the window's last row had their time, or nearly all are there already.

    Labels that come early are often of one kind: quality on them is that of no window.
    """
    if coverage(window.rows) >= window.config.quality.min_coverage:
        return True
    if window.newest_s is None:
        return False
    if window.contract.time is None:
        end = float(window.rows.seconds.max(initial=0))
    else:
        after = window.last + timedelta(days=1)
        end = datetime.combine(after, time(), window.contract.zone).timestamp()
    return window.newest_s >= end + window.config.label_delay_days * DAY_S


def coverage(served: Served) -> float:
    """The share of rows whose label is known."""
    return served.n_labelled / len(served) if len(served) else 0.0


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
    """What was measured on the test rows; nothing of a bundle that does not hold it."""
    path = bundle.path / "evaluation.json"
    content: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return content


def ends(interval: Interval) -> tuple[float | None, float | None]:
    """The ends of an interval that has any."""
    known = interval.low == interval.low
    return (interval.low, interval.high) if known else (None, None)


def is_worse(interval: Interval, near: float | None, threshold: float, sign: int) -> bool:
    """Whether a metric is worse than ``near``, by more than ``threshold``, and surely so.

    ``near`` is the worse end of the test span's interval, ``sign`` 1 where more is better. The
    value itself has to be ``threshold`` beyond it, so that many rows do not make a trifle matter;
    the whole interval has to be beyond it, so that few rows do not make noise matter.
    """
    if near is None or interval.low != interval.low:
        return False
    best = interval.high if sign > 0 else interval.low
    return sign * (interval.value - near) < -threshold and sign * (best - near) < 0
