"""What every task's metrics share: sums of each block of rows, from which all of them follow.

A bootstrap over blocks draws how often each block counts. A metric that is a function of sums over
rows is then one of ``counts @ sums``: no draw sees a row.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Draws = dict[str, Floats]
"""A metric's draws ``[draws]`` by its name; NaN where a draw gives it no meaning."""
SMALLEST = 1e-7
ECE_BINS = 15


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How a metric is called and read."""

    title: str
    sign: int
    """1 where more is better, −1 where less is."""
    raised: bool = False
    """Whether noise alone raises it, so that draws, which are noisier, lie too high."""


METRICS: Mapping[str, Metric] = {
    "auc": Metric(title="AUC", sign=1),
    "auc_pr": Metric(title="average precision", sign=1),
    "log_loss": Metric(title="log loss", sign=-1),
    "brier": Metric(title="Brier", sign=-1),
    "f1": Metric(title="F1", sign=1),
    "f1_weighted": Metric(title="weighted F1", sign=1),
    "accuracy": Metric(title="accuracy", sign=1),
    "ece": Metric(title="calibration error", sign=-1, raised=True),
    "r2": Metric(title="R²", sign=1),
    "rmse": Metric(title="RMSE", sign=-1),
    "mae": Metric(title="MAE", sign=-1),
    "pinball_10": Metric(title="pinball 0.1", sign=-1),
    "pinball_90": Metric(title="pinball 0.9", sign=-1),
}


class Scored(ABC):
    """A model's predictions on rows whose labels ``[rows]`` are known."""

    labels: Floats

    @abstractmethod
    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        """Sums over the rows of each block, ``[blocks]`` or ``[blocks, bins]``."""

    @abstractmethod
    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        """Metrics of such sums, a row of them for each draw."""

    def areas(
        self,
        block: Integers,  # noqa: ARG002 - not every task ranks
        counts: Floats,  # noqa: ARG002
        *,
        exact: bool,  # noqa: ARG002
    ) -> Draws:
        """Metrics of the order of the rows, which are no function of few sums."""
        return {}

    def all(self) -> dict[str, float]:
        """Every metric on the rows as they are; NaN where it has no meaning."""
        found = self._drawn(np.zeros(len(self.labels), np.int64), np.ones((1, 1)), exact=True)
        return {name: float(values[0]) for name, values in found.items()}

    def draws(self, block: Integers, counts: Floats) -> Draws:
        """Every metric when block ``b`` counts ``counts[draw, b]`` times.

        ``block`` numbers each row's, from 0 on and without gaps.
        """
        return self._drawn(block, counts, exact=False)

    def summed(self, block: Integers, counts: Floats) -> Draws:
        """The same of the metrics that follow from sums, which is much quicker."""
        sums = self.sums(block, counts.shape[1])
        return self.metrics({name: counts @ values for name, values in sums.items()})

    def _drawn(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        found = self.summed(block, counts)
        return self.areas(block, counts, exact=exact) | found


def per_bin(
    block: Integers, n_blocks: int, bins: Integers, n_bins: int, values: Floats | None = None
) -> Floats:
    """The sum of values, else the number of rows, by block and bin ``[blocks, bins]``."""
    flat = block_sums(block * n_bins + bins, n_blocks * n_bins, values)
    return np.reshape(flat, (n_blocks, n_bins))


def block_sums(block: Integers, n_blocks: int, values: Floats | None = None) -> Floats:
    """The sum of values, else the number of rows, by block ``[blocks]``."""
    found: Floats = np.bincount(block, values, n_blocks).astype(np.float64, copy=False)
    return found


def ratio(above: Floats, below: Floats, otherwise: float = np.nan) -> Floats:
    """A quotient that is ``otherwise`` where it would divide by zero."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=result, where=below != 0)
    return result


def confidence_bins(probabilities: Floats) -> Integers:
    """Which of 15 bins of equal width on [0, 1] each probability is in."""
    return np.minimum((probabilities * ECE_BINS).astype(np.int64), ECE_BINS - 1)


def gaps(block: Integers, n_blocks: int, probabilities: Floats, hits: Floats) -> Floats:
    """What probabilities promise beyond what came true, summed by block and bin."""
    bins = confidence_bins(probabilities)
    return per_bin(block, n_blocks, bins, ECE_BINS, probabilities - hits)


def calibration_error(gap: Floats, rows: Floats) -> Floats:
    """Expected calibration error: the mean over rows of how far their bin is off.

    15 bins of equal width, as in Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    return np.asarray(np.abs(gap).sum(-1) / rows, np.float64)
