"""How good predictions were once labels are known: metrics, slices, calibration."""

from collections.abc import Iterator, Mapping
from math import isfinite, sqrt
from typing import Any

import numpy as np

from ..models.intervals import Bootstrap, Interval
from ..models.metrics import METRICS, Floats, block_sums, gaps
from ..models.profile import ranges
from ..values import canonical_category
from .finding import Check, Finding, Kind
from .labels import bootstrap_of, coverage, ends, evaluation_of, is_worse, labelled_rows
from .window import Array, Served, Window

ERROR = "ece"
Bins = list[dict[str, Any]]


def judge(window: Window) -> list[Finding]:
    """Every metric with its interval; the one that decides is judged, in each slice as well.

    Where all labels are of one class, what needs two, such as AUC, is left out.
    """
    served = window.rows
    share = coverage(served)
    found = [
        Finding(kind="quality", subject="labels", measure="coverage", value=share, rows=len(served))
    ]
    rows = labelled_rows(window)
    if rows is not None:
        known = served[rows]
        bootstrap = bootstrap_of(window.contract, known.seconds)
        found += _metrics(window, known, bootstrap)
        found += _slices(window, known, bootstrap)
        found += _calibration(window, known, bootstrap)
    return [finding for finding in found if isfinite(finding.value)]


def _finding(
    kind: str,
    subject: str,
    interval: Interval,
    near: float | None,
    threshold: float,
    sign: int,
    **more: Any,
) -> Finding:
    """Judged against the worse end of the test span's interval, where that is known."""
    low, high = ends(interval)
    return Finding(
        **{"kind": kind, "subject": subject, "measure": subject, "low": low, "high": high}
        | {"value": interval.value, "limit": None if near is None else near - sign * threshold}
        | {"breach": is_worse(interval, near, threshold, sign)}
        | more
    )


def _metrics(window: Window, known: Served, bootstrap: Bootstrap) -> Iterator[Finding]:
    task, threshold = window.bundle.task, window.config.quality.threshold
    tested = window.bundle.metadata["metrics"]["model"]
    scored = task.scores(known.labels, known.outputs)
    values = scored.all()
    draws = bootstrap.draw(scored, values)
    for name in task.metrics:
        sign = METRICS[name].sign
        near = _worse_end(tested.get(name), sign) if name == task.main else None
        interval = bootstrap.interval(values[name], draws[name])
        useless = near is not None and interval.high < task.chance
        yield _finding(
            *("quality", name, interval, near, threshold, sign),
            rows=len(known),
            sudden="worse than a model that has learned nothing" if useless else "",
        )


def _slices(window: Window, known: Served, bootstrap: Bootstrap) -> Iterator[Finding]:
    """The deciding metric in each slice with ``min_rows`` labels, against the same on test rows.

    Intervals are as wide as those of so many slices have to be, to hold all together.
    """
    task, threshold = window.bundle.task, window.config.quality.threshold
    name, sign = task.main, METRICS[task.main].sign
    evaluation = evaluation_of(window.bundle)
    results, cuts = evaluation.get("slices", []), evaluation.get("cuts", {})
    tested = {f"{one['column']} = {one['value']}": one["metrics"] for one in results}
    large = [
        (part, rows)
        for part, rows in _parts(window, known, cuts)
        if len(rows) >= window.config.min_rows and task.variety(known.labels[rows]) > 1
    ]
    for part, rows in large:
        scored = task.scores(known.labels[rows], known.outputs[rows])
        within, value = bootstrap.within(rows), scored.all()
        draws = within.draw(scored, value)[name]
        interval = within.interval_of_many(value[name], draws, len(large))
        near = _worse_end(tested.get(part, {}).get(name), sign)
        given = ("quality", name, interval, near, threshold, sign)
        yield _finding(*given, part=part, rows=len(rows))


def _parts(
    window: Window, known: Served, cuts: Mapping[str, list[float]]
) -> Iterator[tuple[str, Array]]:
    """Each part of each slice column that requests have, with its places among the rows."""
    for column in window.contract.slices:
        texts = _texts(window, known, column, cuts.get(column))
        if texts is not None:
            values, place = np.unique(texts.astype(str), return_inverse=True)
            for index, value in enumerate(values):
                yield f"{column} = {value}", np.flatnonzero(place == index)


def _texts(window: Window, known: Served, column: str, cuts: list[float] | None) -> Array | None:
    """A column as the slices of the test rows are called; none where that is unknown."""
    contract = window.contract
    if column in contract.category:
        return known.column(column)
    if column not in contract.numeric:
        return None
    numbers = known.column(column)
    if contract.columns[column].type == "boolean":
        truths = {0.0: False, 1.0: True}
        return np.array([canonical_category(truths.get(number)) for number in numbers], object)
    return None if cuts is None else ranges(numbers, cuts)


def _worse_end(tested: Mapping[str, float | None] | None, sign: int) -> float | None:
    """The end of the test span's interval on the worse side, where it is known."""
    return None if tested is None else tested["low" if sign > 0 else "high"]


def _calibration(window: Window, known: Served, bootstrap: Bootstrap) -> Iterator[Finding]:
    """The mean predicted less the mean observed, and the calibration error of probabilities.

    Of a regression the threshold is a share of the test span's RMSE; of several classes both are of
    the probability of the decision.
    """
    predicted, observed = known.outputs, known.labels
    if predicted.ndim == 2:
        observed = (predicted.argmax(1) == observed).astype(np.float64)
        predicted = predicted.max(1)
    tested, config = window.bundle.metadata["metrics"]["model"], window.config.calibration
    interval = _bias(bootstrap, predicted - observed)
    low, high = _reference_bias(evaluation_of(window.bundle).get("calibration") or [])
    rmse = tested.get("rmse", {}).get("value")
    sign, near = (-1, high) if interval.value >= (low + high) / 2 else (1, low)
    threshold = config.threshold * (1.0 if rmse is None else rmse)
    yield _finding(
        *("calibration", "mean", interval, near, threshold, sign),
        measure="predicted_less_observed",
        rows=len(known),
    )
    if ERROR in window.bundle.task.metrics:
        interval = _error(window, known, bootstrap, predicted, observed)
        near = tested.get(ERROR, {}).get("high")
        yield _finding(
            *("calibration", ERROR, interval, near, config.threshold, -1), rows=len(known)
        )


def _bias(bootstrap: Bootstrap, off: Floats) -> Interval:
    n_blocks = bootstrap.counts.shape[1]
    sums = bootstrap.counts @ block_sums(bootstrap.drawn, n_blocks, off)
    draws = sums / (bootstrap.counts @ block_sums(bootstrap.drawn, n_blocks))
    return bootstrap.interval(float(off.mean()), draws)


def _reference_bias(bins: Bins) -> tuple[float, float]:
    """The interval of the same on the test rows, and 0, from the bins that the bundle holds.

    Bins are taken as independent, so that the squares of their intervals add up.
    """
    rows = sum(one["rows"] for one in bins)
    if not rows:
        return 0.0, 0.0
    off = sum(one["rows"] * (one["predicted"] - one["observed"]["value"]) for one in bins) / rows
    widths = [_half_width(one["observed"]) * one["rows"] / rows for one in bins]
    half = sqrt(sum(width**2 for width in widths))
    return min(0.0, off - half), max(0.0, off + half)


def _half_width(interval: Mapping[str, float | None]) -> float:
    low, high = interval.get("low"), interval.get("high")
    return 0.0 if low is None or high is None else (high - low) / 2


def _error(
    window: Window, known: Served, bootstrap: Bootstrap, predicted: Floats, observed: Floats
) -> Interval:
    """The expected calibration error less what noise adds to it, which a small window has much of.

    The square of a bin's gap is too large by the gap's variance, which is taken off (Kumar, Liang &
    Ma, Verified Uncertainty Calibration, 2019).
    """
    n_blocks = bootstrap.counts.shape[1]
    sums = gaps(bootstrap.drawn, n_blocks, predicted.astype(np.float64), observed)
    noise = (bootstrap.counts @ sums).var(0) * n_blocks / max(n_blocks - 1, 1)
    off = float(np.sqrt(np.maximum(sums.sum(0) ** 2 - noise, 0)).sum() / len(observed))
    scored = window.bundle.task.scores(known.labels, known.outputs)
    draws = scored.summed(bootstrap.drawn, bootstrap.counts)
    interval = bootstrap.interval_of_many(off, draws[ERROR], 1)
    return Interval(value=off, low=float(np.maximum(0.0, interval.low)), high=interval.high)


CHECK = Check(
    kinds=[
        Kind(
            name="quality",
            lead="quality fell",
            title="Quality",
            note="How good predictions were, on rows whose label is known by now, with the interval"
            " of the window's own days. The dashed line is the end of the reference range.",
            whole=True,
        ),
        Kind(
            name="calibration",
            lead="predictions are off",
            title="Calibration",
            note="How far predictions are from labels. It is judged against the interval on the test"
            " rows.",
        ),
    ],
    judge=judge,
)
