"""Logistic or ridge regression on the encoded numbers and one-hot categories."""

from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from ...config import Positive, Section
from ...models.program import Body, fit_encoder
from . import Fitted, TrainingSet

MOST_CELLS = 50_000_000
MOST_STEPS, FLAT = 300, 1e-5


class Settings(Section):
    """``train.model`` of kind ``linear``."""

    bins: Positive = 16
    """Quantile bins of the piecewise-linear encoding of a number."""
    penalty: Annotated[float, Field(gt=0)] = 1.0
    """Weight of half the squared coefficients beside the summed losses of the rows."""


class Linear(nn.Module):
    """A weight for each encoded column and for each category's value; the bias begins at ``start``."""

    def __init__(self, *, width: int, sizes: list[int], start: Tensor) -> None:
        super().__init__()
        self.numbers = nn.Linear(width, len(start))
        self.categories = nn.ModuleList(nn.Embedding(size, len(start)) for size in sizes)
        self.weights = [self.numbers.weight, *self.categories.parameters()]
        for weight in self.weights:
            nn.init.zeros_(weight)
        self.numbers.bias.data.copy_(start)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, width]`` and ``[batch, categories]`` to ``[batch, len(start)]``."""
        raw: Tensor = self.numbers(numbers)
        for index, weights in enumerate(self.categories):
            raw = raw + weights(codes[:, index])
        return raw


def fit(training: TrainingSet, settings: Settings) -> Fitted:
    """The optimum, by L-BFGS; a sample teaches where all rows would not fit in memory."""
    train, head, sizes = training.train, training.head, training.preprocess.sizes
    encoder = fit_encoder(train.numbers, settings.bins)
    network = Linear(width=encoder.size, sizes=sizes, start=head.start)
    most = max(MOST_CELLS // (head.width * (encoder.size + len(sizes))), 1)
    if len(train) > most:
        chosen = np.random.default_rng(0).choice(len(train), most, replace=False)
        train = train[torch.from_numpy(np.sort(chosen))]
    numbers = encoder(train.numbers)
    optimiser = torch.optim.LBFGS(
        network.parameters(),
        max_iter=MOST_STEPS,
        tolerance_grad=FLAT,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        squares = torch.stack([weight.square().sum() for weight in network.weights]).sum()
        value = head.loss(network(numbers, train.codes), train.labels)
        value = value + settings.penalty * squares / (2 * len(train))
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return Fitted(body=Body(encoder, network).eval())
