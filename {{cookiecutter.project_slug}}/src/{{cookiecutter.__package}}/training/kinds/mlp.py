"""A multilayer perceptron over encoded numbers and embedded categories."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ...config import Positive, Section, Values
from ...models.encode import Categories, encoder_of
from ...models.program import Body
from .kind import Fitted, Kind, Lesson
from .network import fit_network

# Noise on inputs costs a regression more than it guards against.
DROPOUT = {"binary": 0.1, "multiclass": 0.1, "regression": 0.0}


class Settings(Section):
    """``train.model`` of kind ``mlp``."""

    hidden: tuple[Positive, ...] = (64, 32)
    """Width of each hidden layer."""
    embedding: Positive = 8
    """Most dimensions a category is embedded in."""
    numbers: Literal["piecewise", "periodic"] = "piecewise"
    """How a number is encoded: linearly between its quantiles, or by waves of learned frequency."""
    bins: Positive = 16
    """Quantile bins of a piecewise-linear encoding."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of inputs and activations dropped in training; null is 0.1, and 0 for a regression."""


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


def fit(lesson: Lesson, settings: Settings) -> Fitted:
    """Train by AdamW on the head's loss."""
    encoder = encoder_of(settings.numbers, lesson.train.rows.numbers, settings.bins)
    given = settings.dropout
    network = Mlp(
        width=encoder.size,
        categories=Categories(lesson.front.sizes, settings.embedding),
        hidden=settings.hidden,
        dropout=DROPOUT[lesson.task.contract.task] if given is None else given,
        start=lesson.head.start,
    )
    return fit_network(lesson, Body(encoder, network), "mlp")


SPACE = {
    "model.hidden": Values(choices=((64, 32), (128, 64), (256, 128), (128, 128, 64))),
    "model.embedding": Values(low=2, high=32, log=True),
    "learning_rate": Values(low=3e-4, high=1e-2, log=True),
    "weight_decay": Values(low=1e-6, high=1e-1, log=True),
    "model.dropout": Values(low=0.0, high=0.4),
}
KIND = Kind(settings=Settings, fit=fit, space=SPACE)
