"""Where a training went wrong, for a person to mend."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import DivergedError
from ..batches import Labelled

EXTREME = 1000.0
"""Spreads from the median at which a value stands out."""
QUANTILE_CELLS = 10_000_000  # torch takes no more than 2**24


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A batch that may be to blame, in a block of ordinary training rows."""

    number: int
    loss: float
    batch: Labelled
    block: Labelled

    def error(self, what: str, columns: Sequence[str]) -> DivergedError:
        """What happened, where, and to which of the columns it may be due."""
        n_numbers = self.batch.rows.numbers.shape[1]
        names = [f"column '{name}'" for name in columns[:n_numbers]]
        names += [f"number {place + 1}" for place in range(len(names), n_numbers)]
        names.append("the target")
        here, usual = _table(self.batch), _table(self.block)
        found = _not_finite(names, here, usual) or _extreme(names, here, usual)
        said = f"{what}, batch {self.number:,}"
        if not found:
            return DivergedError(f"{said}; no column stands out there: lower train.learning_rate")
        return DivergedError(
            f"{said}; there {', '.join(found)}: give such a column a range in contract.yaml or"
            " mend it in data/transform.py or models/features.py, or else lower"
            " train.learning_rate"
        )


def _table(rows: Labelled) -> Tensor:
    return torch.cat([rows.rows.numbers, rows.labels[:, None]], 1).double().cpu()


def _not_finite(names: Sequence[str], here: Tensor, usual: Tensor) -> list[str]:
    """Infinite values, and gaps in columns that have none elsewhere."""
    gaps = here.isnan().sum(0)
    elsewhere = usual.isnan().sum(0) - gaps
    counts = here.isinf().sum(0) + torch.where(elsewhere > 0, 0, gaps)
    return [
        f"{name} has {count:,} values that are not finite"
        for name, count in zip(names, counts.tolist(), strict=True)
        if count
    ]


def _extreme(names: Sequence[str], here: Tensor, usual: Tensor) -> list[str]:
    """The three that are farthest from what is usual, in spreads between the quartiles."""
    usual = usual[:: usual.numel() // QUANTILE_CELLS + 1]
    low, middle, high = usual.nanquantile(torch.tensor([0.25, 0.5, 0.75]).double(), 0)
    spread = torch.where(high > low, high - low, middle.abs().clamp(min=1.0))
    far = ((here - middle).abs() / spread).nan_to_num(0).amax(0)
    worst = sorted(zip(far.tolist(), names, strict=True), reverse=True)[:3]
    return [
        f"{name} is {distance:,.0f} times its spread away from its median"
        for distance, name in worst
        if distance > EXTREME
    ]
