"""Whether answers can be taken at their word: what they promise beside what came true."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.metrics import gaps
from ...models.ranking import Floats, block_sums
from ..check import Check, Kind
from ..finding import Finding
from ..labelled import Labelled, ends, evaluation_of, labelled, worse
from ..seen import Seen

ERROR = "ece"


def judge(seen: Seen) -> list[Finding]:
    """The mean promised less the mean that came, and the calibration error of probabilities.

    Both are judged against the test span's. Of a regression what is off is told in the test span's
    RMSE, of several classes it is that of the decisions' probabilities.
    """
    known = labelled(seen)
    if known is None:
        return []
    found = [_bias(seen, known)]
    return [*found, _error(seen, known)] if ERROR in seen.bundle.task.metrics else found


def _bias(seen: Seen, known: Labelled) -> Finding:
    bundle, bootstrap = seen.bundle, known.bootstrap
    promised, came = _promises(known.labels, known.outputs)
    n_blocks = bootstrap.counts.shape[1]
    sums = block_sums(bootstrap.drawn, n_blocks, promised - came)
    draws = bootstrap.counts @ sums / (bootstrap.counts @ block_sums(bootstrap.drawn, n_blocks))
    interval = bootstrap.interval(float((promised - came).mean()), draws)
    low, high = ends(interval)
    rmse = bundle.metadata["metrics"]["model"].get("rmse", {}).get("value")
    ordinary = _tested_bias(evaluation_of(bundle).get("calibration", []))
    threshold = seen.config.calibration.threshold * (1.0 if rmse is None else rmse)
    sign = -1 if interval.value >= ordinary else 1
    return Finding(
        kind="calibration",
        subject="mean",
        measure="predicted_less_observed",
        value=interval.value,
        low=low,
        high=high,
        limit=ordinary - sign * threshold,
        rows=len(known.rows),
        breach=worse(interval, ordinary, threshold, sign),
    )


def _error(seen: Seen, known: Labelled) -> Finding:
    """The expected calibration error less what noise adds to it, which a small window has much of.

    The square of a bin's gap is too large by the gap's variance, which is taken off (Kumar, Liang &
    Ma, Verified Uncertainty Calibration, 2019).
    """
    bootstrap, task = known.bootstrap, seen.bundle.task
    promised, hits = _promises(known.labels, known.outputs)
    n_blocks = bootstrap.counts.shape[1]
    sums = gaps(bootstrap.drawn, n_blocks, promised, hits)
    noise = (bootstrap.counts @ sums).var(0) * n_blocks / max(n_blocks - 1, 1)
    off = np.sqrt(np.maximum(sums.sum(0) ** 2 - noise, 0)).sum() / len(hits)
    draws = task.scores(known.labels, known.outputs).summed(bootstrap.drawn, bootstrap.counts)
    interval = bootstrap.interval_of_many(float(off), draws[ERROR], 1)
    low, high = ends(interval)
    tested = seen.bundle.metadata["metrics"]["model"].get(ERROR, {}).get("high")
    threshold = seen.config.calibration.threshold
    return Finding(
        kind="calibration",
        subject=ERROR,
        measure=ERROR,
        value=interval.value,
        low=None if low is None else max(0.0, low),
        high=high,
        limit=None if tested is None else tested + threshold,
        rows=len(known.rows),
        breach=worse(interval, tested, threshold, -1),
    )


def _promises(labels: Floats, outputs: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """What each answer promises, and what came of it."""
    if outputs.ndim == 1:
        return outputs.astype(np.float64), labels
    return outputs.max(1).astype(np.float64), (outputs.argmax(1) == labels).astype(np.float64)


def _tested_bias(bins: list[dict[str, Any]]) -> float:
    """The same on the test rows, from the bins that the bundle holds; 0 where it holds none."""
    rows = sum(one["rows"] for one in bins)
    if not rows:
        return 0.0
    gaps = [one["rows"] * (one["predicted"] - one["observed"]["value"]) for one in bins]
    return float(sum(gaps) / rows)


CHECK = Check(
    kinds=[
        Kind(
            name="calibration",
            lead="probabilities are off",
            title="Calibration",
            note="How far probabilities lie from what came true. Ordinary windows stay near the test"
            " rows' value.",
        )
    ],
    judge=judge,
)
