"""How good probabilities of one value are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .ranking import Ranking
from .scored import (
    SMALLEST,
    Draws,
    Floats,
    Integers,
    Scored,
    block_sums,
    calibration_error,
    gaps,
    ratio,
)


@dataclass(frozen=True)
class Scores(Scored):
    """Probabilities ``[rows]`` on rows with labels ``[rows]`` (0 or 1)."""

    labels: Floats
    probabilities: Floats
    threshold: float = 0.5
    """Probability from which a row is called positive."""

    @cached_property
    def ranking(self) -> Ranking:
        """The rows by their probability."""
        return Ranking(self.labels, self.probabilities)

    def areas(self, block: Integers, counts: Floats, *, exact: bool) -> Draws:
        """Areas under the ROC curve and under precision over recall."""
        return self.ranking.areas(block, counts, exact=exact)

    def sums(self, block: Integers, n_blocks: int) -> dict[str, Floats]:
        """Rows, losses, decisions and what calibration is off."""
        p = np.clip(self.probabilities, SMALLEST, 1 - SMALLEST)
        called = (self.probabilities >= self.threshold).astype(np.float64)
        values = {
            "rows": np.ones(len(p)),
            "loss": -np.where(self.labels == 1, np.log(p), np.log1p(-p)),
            "squares": (self.probabilities - self.labels) ** 2,
            "called": called,
            "positive": self.labels,
            "hits": called * self.labels,
        }
        found = {name: block_sums(block, n_blocks, each) for name, each in values.items()}
        return found | {"gaps": gaps(block, n_blocks, self.probabilities, self.labels)}

    def metrics(self, sums: Mapping[str, Floats]) -> Draws:
        """Mean negative log-likelihood in nats, clipped at 1e-7; Brier (1950); F1; calibration."""
        rows = sums["rows"]
        return {
            "log_loss": sums["loss"] / rows,
            "brier": sums["squares"] / rows,
            "f1": ratio(2 * sums["hits"], sums["called"] + sums["positive"], 0.0),
            "ece": calibration_error(sums["gaps"], rows),
        }
