"""A multilayer perceptron over encoded numbers and embedded categories."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...config import Positive
from ...models.program import Body, Categories, fit_encoder
from . import Fitted, TrainingSet
from .loop import NetworkSettings, fit_network


class Settings(NetworkSettings):
    """``train.model`` of kind ``mlp``."""

    hidden: tuple[Positive, ...] = (64, 32)
    """Width of each hidden layer."""


class Mlp(nn.Module):
    """Category embeddings beside the numbers, then hidden layers with dropout, and a straight line.

    The line joins inputs and outputs directly, so that what is linear need not be learned through
    layers (Cheng et al., Wide & Deep Learning, 2016). The last bias starts at ``start``, the head's.
    """

    def __init__(
        self,
        *,
        width: int,
        categories: Categories,
        hidden: Sequence[int],
        dropout: float,
        start: Tensor,
    ) -> None:
        super().__init__()
        self.categories = categories
        previous = inputs = width + categories.width
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        for size in hidden:
            layers += [nn.Linear(previous, size), nn.ReLU(), nn.Dropout(dropout)]
            previous = size
        last = nn.Linear(previous, len(start))
        last.bias.data.copy_(start)
        self.layers = nn.Sequential(*layers, last)
        self.line = nn.Linear(inputs, len(start), bias=False)
        nn.init.zeros_(self.line.weight)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, width]`` and ``[batch, categories]`` to ``[batch, len(start)]``."""
        columns = torch.cat([numbers, self.categories(codes)], 1)
        return self.layers(columns) + self.line(columns)  # type: ignore[no-any-return]


def fit(training: TrainingSet, settings: Settings) -> Fitted:
    """Train by AdamW on the head's loss."""
    encoder = fit_encoder(training.train.numbers, settings.bins)
    network = Mlp(
        width=encoder.size,
        categories=Categories(training.preprocess.sizes, settings.embedding),
        hidden=settings.hidden,
        dropout=settings.dropout_for(training.contract.task),
        start=training.head.start,
    )
    return fit_network(training, Body(encoder, network), "mlp")
