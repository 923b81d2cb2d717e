"""How good predictions were once labels are known: metrics and calibration."""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from math import isnan
from typing import Any

import numpy as np

from ...contract import Contract
from ...models.days import DAY_S, local_days
from ...models.intervals import Bootstrap, Interval, numbered
from ...models.metrics import METRICS, Integers
from ..finding import Finding
from ..read_log import Served
from ..windows import Window
from . import Check

RESAMPLES, CONFIDENCE, SEED = 500, 0.95, 0
FEWEST_DAYS = 5
"""Blocks from which days are drawn."""
NEARLY_ALL = 0.95
"""Share of labelled rows from which a window is judged before its labels had their time."""


def judge(window: Window) -> list[Finding]:
    """Every metric with its interval, of which one decides; and how far predictions are off.

    Where all labels are of one class, what needs two, such as AUC, is NaN.
    """
    labelled, n = np.flatnonzero(~np.isnan(window.rows.labels)), len(window.rows)
    share = len(labelled) / n
    findings = [Finding(kind="quality", subject="labels", measure="coverage", value=share, rows=n)]
    if len(labelled) >= window.config.min_rows and is_mature(window):
        known = window.rows[labelled]
        bootstrap = bootstrap_of(window.bundle.contract, known.seconds)
        evaluation = json.loads(window.bundle.files.get("evaluation.json", "{}"))
        findings += _metrics(window, known, bootstrap)
        findings.append(_bias(window, known, bootstrap, evaluation.get("bias") or {}))
    return findings


def is_mature(window: Window) -> bool:
    """Whether the labels of the window's last row had their time, or nearly all are there already.

    Labels that come early are often of one kind: quality on them is that of no window.
    """
    if window.record.labelled >= NEARLY_ALL * window.record.rows:
        return True
    if window.newest_s is None:
        return False
    after = window.record.last + timedelta(days=1)
    end = datetime.combine(after, time(), window.bundle.contract.zone).timestamp()
    return window.newest_s >= end + window.config.label_delay_days * DAY_S


def bootstrap_of(contract: Contract, seconds: Integers) -> Bootstrap:
    """Draws of whole days; of rows where there are few days, or where rows have no time.

    Rows of a day are alike, so that intervals of short windows are too narrow; that an alert
    needs several windows has to bear it.
    """
    block, unit = numbered(local_days(seconds, contract.zone)), "days"
    if contract.time is None or block.max(initial=0) + 1 < FEWEST_DAYS:
        block, unit = np.arange(len(seconds)), "rows"
    return Bootstrap(block=block, unit=unit, resamples=RESAMPLES, confidence=CONFIDENCE, seed=SEED)


def finding_of(
    interval: Interval, near: float | None, threshold: float, sign: int, **about: Any
) -> Finding:
    """Judged against ``near``, the worse end of the test span's interval; ``sign`` is 1 where more is better.

    The value itself has to be ``threshold`` beyond it, so that many rows do not make a trifle matter;
    the whole interval has to be beyond it, so that few rows do not make noise matter.
    """
    low, high = (None if isnan(end) else end for end in (interval.low, interval.high))
    limit, breach = None, False
    if near is not None:
        limit, best = near - sign * threshold, high if sign > 0 else low
        is_far = sign * (interval.value - limit) < 0
        breach = is_far and best is not None and sign * (best - near) < 0
    return Finding(value=interval.value, low=low, high=high, limit=limit, breach=breach, **about)


def worse_end(tested: dict[str, dict[str, float | None]], name: str) -> float | None:
    """The end of a metric's interval on the test rows on the worse side, where it is known."""
    return tested.get(name, {}).get("low" if METRICS[name].sign > 0 else "high")


def _metrics(window: Window, known: Served, bootstrap: Bootstrap) -> Iterator[Finding]:
    task, threshold = window.bundle.task, window.settings["quality"].threshold
    values, draws = bootstrap.measure(task.scores(known.labels, known.outputs))
    for name in task.metrics:
        tested = window.bundle.metadata["metrics"]["model"] if name == task.main else {}
        near, interval = worse_end(tested, name), bootstrap.interval(values[name], draws[name])
        useless = near is not None and interval.high < task.chance
        about = {"kind": "quality", "subject": name, "measure": name, "rows": len(known)}
        sudden = "worse than a model that has learned nothing" if useless else ""
        yield finding_of(interval, near, threshold, METRICS[name].sign, sudden=sudden, **about)


def _bias(window: Window, known: Served, bootstrap: Bootstrap, tested: dict[str, Any]) -> Finding:
    """The mean predicted less the mean observed, judged against the interval of it on the test rows.

    Of a regression the threshold is a share of the test span's RMSE; of several classes it is about
    the probability of the decision.
    """
    interval = bootstrap.bias(known.outputs, known.labels)
    low, high = min(tested.get("low") or 0.0, 0.0), max(tested.get("high") or 0.0, 0.0)
    sign, near = (-1, high) if interval.value >= (low + high) / 2 else (1, low)
    metrics = window.bundle.metadata["metrics"]["model"]
    scale = metrics["rmse"]["value"] if "rmse" in metrics else 1.0
    threshold = window.settings["calibration"].threshold * scale
    about = {"kind": "calibration", "subject": "mean", "measure": "predicted_less_observed"}
    return finding_of(interval, near, threshold, sign, rows=len(known), **about)


CHECK = Check(kinds={"quality": "quality fell", "calibration": "predictions are off"}, judge=judge)
