"""Numbers and categories to what a network takes; fitted on training rows alone."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..values import MISSING_CATEGORY
from .inputs import Texts

UNSEEN = 0
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

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("source", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("low", torch.zeros(0))
        self.register_buffer("width", torch.zeros(0))
        self.register_buffer("flagged", torch.zeros(0, dtype=torch.int64))

    @property
    def size(self) -> int:
        """Columns of the encoded matrix."""
        return len(self.source) + len(self.flagged)

    def fit(self, columns: Tensor, bins: int) -> None:
        """Cut each column of ``[rows, names]`` at its quantiles; equal cuts become one."""
        source, low, width, flagged = [], [], [], []
        for index in range(len(self.names)):
            values = columns[:, index].numpy().astype(np.float64)
            known = values[np.abs(values) <= LARGEST]
            if len(known) < len(values):
                flagged.append(index)
            if len(known):
                cuts = np.quantile(known, np.linspace(0, 1, bins + 1))
                edges = np.unique(cuts.astype(np.float32))  # else a width may round to 0
                source += [index] * (len(edges) - 1)
                low += list(edges[:-1])
                width += list(np.diff(edges))
        self.source = torch.tensor(source, dtype=torch.int64)
        self.low = torch.tensor(low, dtype=torch.float32)
        self.width = torch.tensor(width, dtype=torch.float32)
        self.flagged = torch.tensor(flagged, dtype=torch.int64)

    def forward(self, values: Tensor) -> Tensor:
        """Columns ``[batch, names]`` to ``[batch, size]``."""
        missing = ~(values.abs() <= LARGEST)
        values = torch.where(missing, -LARGEST, values)
        encoded = ((values[:, self.source] - self.low) / self.width).clamp(0, 1)
        return torch.cat([encoded, missing[:, self.flagged].float()], 1)


def fit_vocabulary(values: Texts, minimum_count: int = 10) -> list[str]:
    """The values of one category that occur often enough to be learned, most frequent first."""
    counts = Counter(values.tolist())
    often = [value for value, n in counts.items() if n >= min(minimum_count, len(values))]
    kept = sorted(often, key=lambda value: (-counts[value], value))
    return kept if MISSING_CATEGORY in kept else [*kept, MISSING_CATEGORY]


def codes(vocabularies: Sequence[Sequence[str]], category: Texts) -> Tensor:
    """Texts ``[rows, columns]`` to codes; 0 is a value that training did not see."""
    encoded = np.empty(category.shape, np.int64)
    for index, vocabulary in enumerate(vocabularies):
        code = {value: number for number, value in enumerate(vocabulary, start=UNSEEN + 1)}
        encoded[:, index] = [code.get(value, UNSEEN) for value in category[:, index]]
    return torch.from_numpy(encoded)
