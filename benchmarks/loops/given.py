"""What every loop is given: the same rows, network and loss."""

from dataclasses import dataclass

import torch
from flight_delay.models.program import Categories, Head
from flight_delay.training.kinds.mlp import Mlp
from torch import Tensor, nn

NUMBERS, CATEGORIES, VALUES = 8, 6, 20
BATCH, LEARNING_RATE, WEIGHT_DECAY = 1024, 1e-3, 1e-2


@dataclass(frozen=True, kw_only=True)
class Given:
    """Rows as tensors ``[rows, 8]``, ``[rows, 6]`` and ``[rows]``, and who learns them."""

    numbers: Tensor
    codes: Tensor
    labels: Tensor
    network: nn.Module
    head: Head

    def optimiser(self) -> torch.optim.Optimizer:
        """The same for all."""
        return torch.optim.AdamW(
            self.network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )


def given(n_rows: int) -> Given:
    """Labels follow a number and a category, with noise."""
    random = torch.Generator().manual_seed(0)
    numbers = torch.randn(n_rows, NUMBERS, generator=random)
    codes = torch.randint(0, VALUES, (n_rows, CATEGORIES), generator=random)
    labels = (numbers[:, 0] + codes[:, 0] / 10 + torch.randn(n_rows, generator=random) > 1).float()
    head = Head("binary", labels.double().numpy(), 0)
    network = Mlp(
        width=NUMBERS,
        categories=Categories([VALUES] * CATEGORIES, 8),
        hidden=(64, 32),
        dropout=0.1,
        start=head.start,
    )
    return Given(numbers=numbers, codes=codes, labels=labels, network=network, head=head)
