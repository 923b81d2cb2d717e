"""Networks over encoded rows; each takes numbers and category codes and returns the head's raw values."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Mlp(nn.Module):
    """Category embeddings beside the numbers, then hidden layers with dropout.

    An embedding has at most ``embedding`` dimensions, fewer for a category of few values. A share
    ``unseen_rate`` of the codes is replaced by that of unseen values, so that a new category is
    answered as an average one. The last bias starts at ``start``, the head's.
    """

    def __init__(
        self,
        *,
        width: int,
        sizes: Sequence[int],
        hidden: Sequence[int],
        embedding: int,
        dropout: float,
        start: Tensor,
        unseen_rate: float = 0.01,
    ) -> None:
        super().__init__()
        dimensions = [min(embedding, size // 2 + 1) for size in sizes]
        self.embeddings = nn.ModuleList(
            nn.Embedding(size, dimension) for size, dimension in zip(sizes, dimensions, strict=True)
        )
        for weight in self.embeddings.parameters():
            nn.init.normal_(weight, std=0.1)
        self.unseen_rate = unseen_rate
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        previous = width + sum(dimensions)
        for size in hidden:
            layers += [nn.Linear(previous, size), nn.ReLU(), nn.Dropout(dropout)]
            previous = size
        last = nn.Linear(previous, len(start))
        last.bias.data.copy_(start)
        self.layers = nn.Sequential(*layers, last)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, width]`` and ``[batch, categories]`` to ``[batch, len(start)]``."""
        if self.training:
            codes = codes * (torch.rand(codes.shape, device=codes.device) >= self.unseen_rate)
        embedded = [embed(codes[:, index]) for index, embed in enumerate(self.embeddings)]
        return self.layers(torch.cat([numbers, *embedded], 1))  # type: ignore[no-any-return]
