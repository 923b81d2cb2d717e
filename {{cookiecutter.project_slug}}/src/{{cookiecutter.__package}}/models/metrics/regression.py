"""How good predicted numbers are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .scored import Draws, Floats, Integers, Scored, block_sums, ratio


@dataclass(frozen=True)
class ValueScores(Scored):
    """Predicted values ``[rows]`` on rows with known ones ``[rows]``."""

    labels: Floats
    values: Floats

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        """Moments of the labels about their mean, and what the values are off."""
        error = self.labels - self.values
        centred = self.labels - self.labels.mean()
        values = {
            "rows": np.ones(len(error)),
            "labels": centred,
            "label_squares": centred**2,
            "squares": error**2,
            "under": np.maximum(error, 0),
            "over": np.maximum(-error, 0),
        }
        return {name: block_sums(block, n_blocks, each) for name, each in values.items()}

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        """Share of the variance explained; errors in the target's unit.

        ``pinball_90`` costs 0.9 for each unit too low and 0.1 for each too high, ``pinball_10`` the
        other way round (Koenker & Bassett, 1978): which of them is larger says where values lean.
        """
        rows, under, over = sums["rows"], sums["under"], sums["over"]
        squared = sums["squares"] / rows
        variance = sums["label_squares"] / rows - (sums["labels"] / rows) ** 2
        variance = np.where(variance > self._rounding(), variance, 0)
        return {
            "r2": 1 - ratio(squared, variance),
            "rmse": np.sqrt(squared),
            "mae": (under + over) / rows,
            "pinball_10": (0.1 * under + 0.9 * over) / rows,
            "pinball_90": (0.9 * under + 0.1 * over) / rows,
        }

    def _rounding(self) -> float:
        """The most that the variance of equal labels comes to by rounding."""
        spread = np.ptp(self.labels)
        return float(1e-14 * spread**2 + (1e-15 * np.abs(self.labels).max(initial=0)) ** 2)
