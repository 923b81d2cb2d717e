"""Numbers and categories to what a linear model or a network takes; fitted on training rows alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

MOST_ENCODED, FEWEST_BINS = 1024, 3
LARGEST = 1.0e37  # differences of two such numbers are finite in float32


class Encoder(nn.Module):
    """Piecewise-linear encoding of numbers between quantiles of the training rows.

    A number is ``clip((x − low) / width, 0, 1)`` for each of its bins, so what lies outside the
    training range counts as its edge (Gorishniy et al., On Embeddings for Numerical Features in
    Tabular Deep Learning, 2022, with the outer bins clipped too). A number that is missing, not
    finite or beyond ±1e37 has zeros and a flag; columns without one in training get no flag.
    """

    source: Tensor
    low: Tensor
    width: Tensor
    flagged: Tensor

    def __init__(
        self, source: list[int], low: list[float], width: list[float], flagged: list[int]
    ) -> None:
        """Of each bin its column, start and width; then the columns that have a flag."""
        super().__init__()
        self.register_buffer("source", torch.tensor(source, dtype=torch.int64))
        self.register_buffer("low", torch.tensor(low, dtype=torch.float32))
        self.register_buffer("width", torch.tensor(width, dtype=torch.float32))
        self.register_buffer("flagged", torch.tensor(flagged, dtype=torch.int64))
        self.size = len(source) + len(flagged)
        """Columns of the encoded matrix."""

    def forward(self, values: Tensor) -> Tensor:
        """Columns ``[batch, columns]`` to ``[batch, size]``."""
        missing = ~(values.abs() <= LARGEST)
        values = torch.where(missing, -LARGEST, values)
        encoded = ((values.index_select(1, self.source) - self.low) / self.width).clamp(0, 1)
        return torch.cat([encoded, missing.index_select(1, self.flagged).float()], 1)


def fit_encoder(columns: Tensor, bins: int) -> Encoder:
    """Cut each column of ``[rows, columns]`` at its quantiles; equal cuts become one.

    Numbers of a wide table are cut into fewer bins, so that the encoding has some 1,000 columns.
    """
    bins = max(min(bins, MOST_ENCODED // max(columns.shape[1], 1)), FEWEST_BINS)
    source: list[int] = []
    low: list[float] = []
    width: list[float] = []
    flagged = []
    for index, values in enumerate(columns.T.double().numpy()):
        known = values[np.abs(values) <= LARGEST]
        if len(known) < len(values):
            flagged.append(index)
        if len(known):
            cuts = np.quantile(known, np.linspace(0, 1, bins + 1))
            edges = np.unique(cuts.astype(np.float32))  # else a width may round to 0
            source += [index] * (len(edges) - 1)
            low += edges[:-1].tolist()
            width += np.diff(edges).tolist()
    return Encoder(source, low, width, flagged)


class Categories(nn.Module):
    """An embedding of each category: at most ``most`` dimensions, fewer for few values.

    In training a share ``unseen_rate`` of the codes is replaced by that of unseen values, so that a
    new category is predicted like an average one.
    """

    def __init__(self, sizes: Sequence[int], most: int, unseen_rate: float = 0.01) -> None:
        super().__init__()
        dimensions = [min(most, size // 2 + 1) for size in sizes]
        self.embeddings = nn.ModuleList(map(nn.Embedding, sizes, dimensions))
        for weight in self.embeddings.parameters():
            nn.init.normal_(weight, std=0.1)
        self.width = sum(dimensions)
        self.unseen_rate = unseen_rate

    def forward(self, codes: Tensor) -> Tensor:
        """``[batch, categories]`` to ``[batch, width]``."""
        if self.training:
            codes = codes * (torch.rand(codes.shape, device=codes.device) >= self.unseen_rate)
        embedded = [embed(codes[:, index]) for index, embed in enumerate(self.embeddings)]
        return torch.cat(embedded, 1) if embedded else codes.float()
