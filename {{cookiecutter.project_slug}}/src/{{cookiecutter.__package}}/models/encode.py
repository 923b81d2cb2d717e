"""Numbers and categories to what a network takes; fitted on training rows alone."""

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..values import MISSING_CATEGORY
from .inputs import Texts

UNSEEN = 0
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

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("source", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("low", torch.zeros(0))
        self.register_buffer("width", torch.zeros(0))
        self.register_buffer("flagged", torch.zeros(0, dtype=torch.int64))

    @property
    def size(self) -> int:
        """Columns of the encoded matrix."""
        return len(self.source) + len(self.flagged)

    def fit(self, columns: Tensor, bins: int) -> None:
        """Cut each column of ``[rows, columns]`` at its quantiles; equal cuts become one."""
        source, low, width, flagged = [], [], [], []
        for index in range(columns.shape[1]):
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
        """Columns ``[batch, columns]`` to ``[batch, size]``."""
        missing = ~(values.abs() <= LARGEST)
        values = torch.where(missing, -LARGEST, values)
        encoded = ((values.index_select(1, self.source) - self.low) / self.width).clamp(0, 1)
        return torch.cat([encoded, missing.index_select(1, self.flagged).float()], 1)


class Waves(nn.Module):
    """Periodic embeddings of numbers: learned waves, then a small layer for each column.

    ``[sin(2πcx), cos(2πcx)]`` with learned frequencies ``c``, then a linear layer and ReLU
    (Gorishniy et al., 2022, there called PLR). Numbers are standardised and clipped to the training
    range; those that are missing, not finite or beyond ±1e37 have zeros and a flag.
    """

    low: Tensor
    high: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, columns: Tensor, *, waves: int = 16, dimensions: int = 8) -> None:
        """``columns`` are training rows ``[rows, columns]``."""
        super().__init__()
        known = torch.where(columns.abs() <= LARGEST, columns, torch.nan).double().numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a column may have no value at all
            self.register_buffer("low", _column(np.nanmin(known, 0)))
            self.register_buffer("high", _column(np.nanmax(known, 0)))
            self.register_buffer("centre", _column(np.nanmean(known, 0)))
            self.register_buffer("spread", _column(np.nanstd(known, 0)).clamp_min(1e-30))
        n_columns = columns.shape[1]
        self.frequencies = nn.Parameter(torch.randn(n_columns, waves) * 0.1)
        bound = (2 * waves) ** -0.5
        weights = torch.empty(n_columns, 2 * waves, dimensions).uniform_(-bound, bound)
        self.weights = nn.Parameter(weights)
        self.bias = nn.Parameter(torch.zeros(n_columns, dimensions))
        self.size = n_columns * (dimensions + 1)

    def forward(self, values: Tensor) -> Tensor:
        """Columns ``[batch, columns]`` to ``[batch, size]``."""
        known = values.abs() <= LARGEST
        inside = torch.where(known, values, self.centre).clamp(self.low, self.high)
        turns = ((inside - self.centre) / self.spread).unsqueeze(2) * self.frequencies
        waves = torch.cat([torch.sin(2 * torch.pi * turns), torch.cos(2 * torch.pi * turns)], 2)
        embedded = torch.relu((waves.unsqueeze(3) * self.weights).sum(2) + self.bias)
        embedded = embedded * known.unsqueeze(2)
        return torch.cat([embedded.flatten(1), (~known).float()], 1)


class Categories(nn.Module):
    """An embedding of each category: at most ``most`` dimensions, fewer for few values.

    In training a share ``unseen_rate`` of the codes is replaced by that of unseen values, so that a
    new category is answered as an average one.
    """

    def __init__(self, sizes: Sequence[int], most: int, unseen_rate: float = 0.01) -> None:
        super().__init__()
        dimensions = [min(most, size // 2 + 1) for size in sizes]
        self.embeddings = nn.ModuleList(
            nn.Embedding(size, dimension) for size, dimension in zip(sizes, dimensions, strict=True)
        )
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


def encoder_of(numbers: str, columns: Tensor, bins: int) -> "Encoder | Waves":
    """The encoding that a setting ``piecewise`` or ``periodic`` names, fitted to training rows."""
    return Waves(columns) if numbers == "periodic" else fit_encoder(columns, bins)


def fit_encoder(numbers: Tensor, bins: int) -> Encoder:
    """An encoder for ``[rows, columns]``.

    Numbers of a wide table are cut into fewer bins, so that the encoding has some 1,000 columns.
    """
    encoder = Encoder()
    if numbers.shape[1]:
        encoder.fit(numbers, max(min(bins, MOST_ENCODED // numbers.shape[1]), FEWEST_BINS))
    return encoder


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


def _column(values: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.nan_to_num(values)).float()
