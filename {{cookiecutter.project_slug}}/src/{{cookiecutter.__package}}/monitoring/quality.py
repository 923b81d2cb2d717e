"""How good predictions were once labels are known: metrics, slices, calibration."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from ..contract import Contract
from ..models.days import DAY_S, local_days
from ..models.intervals import Bootstrap, Interval, numbered
from ..models.metrics import METRICS, Integers
from .checks import Check
from .finding import Finding
from .read_log import Served
from .windows import Window

RESAMPLES, CONFIDENCE, SEED = 500, 0.95, 0
FEWEST_DAYS = 5
"""Blocks from which days are drawn."""
NEARLY_ALL = 0.95
"""Share of labelled rows from which a window is judged before its labels had their time."""


def judge(window: Window) -> list[Finding]:
    """Every metric with its interval; the one that decides is judged, in each slice as well.

    Where all labels are of one class, what needs two, such as AUC, is NaN.
    """
    labelled = np.flatnonzero(~np.isnan(window.rows.labels))
    share, n = coverage(window.rows), len(window.rows)
    findings = [Finding(kind="quality", subject="labels", measure="coverage", value=share, rows=n)]
    if len(labelled) >= window.config.min_rows and is_mature(window):
        known = window.rows[labelled]
        bootstrap = bootstrap_of(window.contract, known.seconds)
        evaluation = json.loads(window.bundle.files.get("evaluation.json", "{}"))
        findings += _metrics(window, known, bootstrap)
        findings += _slices(window, known, bootstrap, evaluation.get("slices", []))
        findings.append(_bias(window, known, bootstrap, evaluation.get("bias") or {}))
    return findings


def is_mature(window: Window) -> bool:
    """Whether the labels of the window's last row had their time, or nearly all are there already.

    Labels that come early are often of one kind: quality on them is that of no window.
    """
    if coverage(window.rows) >= NEARLY_ALL:
        return True
    if window.newest_s is None:
        return False
    after = window.record.last + timedelta(days=1)
    end = datetime.combine(after, time(), window.contract.zone).timestamp()
    return window.newest_s >= end + window.config.label_delay_days * DAY_S


def coverage(served: Served) -> float:
    """The share of rows whose label is known."""
    return float((~np.isnan(served.labels)).mean()) if len(served) else 0.0


def bootstrap_of(contract: Contract, seconds: Integers) -> Bootstrap:
    """Draws of whole days; of rows where there are few days, or where rows have no time.

    Rows of a day are alike, so that intervals of short windows are too narrow; that an alert
    needs several windows has to bear it.
    """
    block, unit = numbered(local_days(seconds, contract.zone)), "days"
    if contract.time is None or block.max(initial=0) + 1 < FEWEST_DAYS:
        block, unit = np.arange(len(seconds)), "rows"
    return Bootstrap(block=block, unit=unit, resamples=RESAMPLES, confidence=CONFIDENCE, seed=SEED)


def ends(interval: Interval) -> tuple[float | None, float | None]:
    """The ends of an interval that has any."""
    known = interval.low == interval.low
    return (interval.low, interval.high) if known else (None, None)


def finding_of(
    interval: Interval, near: float | None, threshold: float, sign: int, **about: Any
) -> Finding:
    """Judged against ``near``, the worse end of the test span's interval; ``sign`` is 1 where more is better.

    The value itself has to be ``threshold`` beyond it, so that many rows do not make a trifle matter;
    the whole interval has to be beyond it, so that few rows do not make noise matter.
    """
    (low, high), limit, breach = ends(interval), None, False
    if near is not None:
        limit, best = near - sign * threshold, high if sign > 0 else low
        is_far = sign * (interval.value - limit) < 0
        breach = is_far and best is not None and sign * (best - near) < 0
    return Finding(value=interval.value, low=low, high=high, limit=limit, breach=breach, **about)


def worse_end(tested: dict[str, dict[str, float | None]], name: str) -> float | None:
    """The end of a metric's interval on the test rows on the worse side, where it is known."""
    return tested.get(name, {}).get("low" if METRICS[name].sign > 0 else "high")


def _metrics(window: Window, known: Served, bootstrap: Bootstrap) -> Iterator[Finding]:
    task, threshold = window.bundle.task, window.config.quality.threshold
    values, draws = bootstrap.measure(task.scores(known.labels, known.outputs))
    for name in task.metrics:
        tested = window.bundle.metadata["metrics"]["model"] if name == task.main else {}
        near, interval = worse_end(tested, name), bootstrap.interval(values[name], draws[name])
        useless = near is not None and interval.high < task.chance
        about = {"kind": "quality", "subject": name, "measure": name, "rows": len(known)}
        sudden = "worse than a model that has learned nothing" if useless else ""
        yield finding_of(interval, near, threshold, METRICS[name].sign, sudden=sudden, **about)


def _slices(
    window: Window, known: Served, bootstrap: Bootstrap, tested: list[dict[str, Any]]
) -> Iterator[Finding]:
    """The deciding metric at each value of a category that is a slice, against the same on test rows.

    Intervals are as wide as those of so many slices have to be, to hold all together.
    """
    task, labels = window.bundle.task, known.labels
    name, sign = task.main, METRICS[task.main].sign
    metrics = {(one["column"], one["value"]): one["metrics"] for one in tested}
    large = []
    for column in [name for name in window.contract.slices if name in window.contract.category]:
        texts = known.read([column])[column].to_numpy()
        for text in np.unique(texts.astype(str)).tolist():
            rows = np.flatnonzero(texts == text)
            if len(rows) >= window.config.min_rows and np.ptp(labels[rows]) > 0:
                large.append(((column, text), rows))
    for part, rows in large:
        within = bootstrap.within(rows)
        values, draws = within.measure(task.scores(labels[rows], known.outputs[rows]))
        interval = within.interval_of_many(values[name], draws[name], len(large))
        if task.kind != "regression":  # the metric is a share
            low, high = np.clip((interval.low, interval.high), 0, 1).tolist()
            interval = replace(interval, low=low, high=high)
        near, threshold = worse_end(metrics.get(part, {}), name), window.config.quality.threshold
        about = {"kind": "quality", "subject": name, "measure": name, "rows": len(rows)}
        yield finding_of(interval, near, threshold, sign, part=" = ".join(part), **about)


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
    threshold = window.config.calibration.threshold * scale
    about = {"kind": "calibration", "subject": "mean", "measure": "predicted_less_observed"}
    return finding_of(interval, near, threshold, sign, rows=len(known), **about)


CHECK = Check(kinds={"quality": "quality fell", "calibration": "predictions are off"}, judge=judge)
