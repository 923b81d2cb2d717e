"""The one program: a contract row → preprocess → body → head → output."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..contract import Contract
from .bundle import in_batches
from .inputs import Inputs
from .metrics import Floats
from .preprocess import Preprocess
from .tasks import Outputs, task_of

MOST_ENCODED, FEWEST_BINS = 1024, 3
UNSEEN_RATE = 0.01
LARGEST = 1.0e37  # differences of two such numbers are finite in float32


class Encoder(nn.Module):
    """Piecewise-linear encoding of numbers between quantiles of the training rows.

    A number is ``clip((x − low) / width, 0, 1)`` for each of its bins, so what lies outside the
    training range counts as its edge (Gorishniy et al., On Embeddings for Numerical Features in
    Tabular Deep Learning, 2022, with the outer bins clipped too). A number that is missing, not
    finite or beyond ±1e37 has zeros and a flag; columns without one in training get no flag.
    """

    source: Tensor
    """Of each bin its column."""
    low: Tensor
    width: Tensor
    flagged: Tensor
    """The columns that have a flag."""

    def __init__(
        self, source: list[int], low: list[float], width: list[float], flagged: list[int]
    ) -> None:
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

    In training a hundredth of the codes is replaced by that of unseen values, so that a new category
    is predicted like an average one.
    """

    def __init__(self, sizes: Sequence[int], most: int) -> None:
        super().__init__()
        dimensions = [min(most, size // 2 + 1) for size in sizes]
        self.embeddings = nn.ModuleList(map(nn.Embedding, sizes, dimensions))
        for weight in self.embeddings.parameters():
            nn.init.normal_(weight, std=0.1)
        self.width = sum(dimensions)

    def forward(self, codes: Tensor) -> Tensor:
        """``[batch, categories]`` to ``[batch, width]``."""
        if self.training:
            codes = codes * (torch.rand(codes.shape, device=codes.device) >= UNSEEN_RATE)
        embedded = [embed(codes[:, index]) for index, embed in enumerate(self.embeddings)]
        return torch.cat(embedded, 1) if embedded else codes.float()


class Body(nn.Module):
    """Numbers are encoded batch by batch, so that wide encodings take no memory; then a network."""

    def __init__(self, encoder: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.network = network

    def forward(self, numbers: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """``[batch, columns]`` and ``[batch, categories]`` to encoded numbers and raw values
        ``[batch, head.width]``.
        """
        encoded = self.encoder(numbers)
        return encoded, self.network(encoded, codes)


class Blend(nn.Module):
    """Several bodies beside each other: the weighted mean of their raw values.

    Of probabilities it is a mean of log-odds: a logarithmic opinion pool (Genest & Zidek, 1986).
    """

    weights: Tensor

    def __init__(self, bodies: Sequence[nn.Module], weights: Sequence[float]) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(bodies)
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, numbers: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """As of a ``Body``; the encoded numbers are those of the first."""
        encoded, raw = zip(*(body(numbers, codes) for body in self.bodies), strict=True)
        return encoded[0], torch.stack(raw, 2) @ self.weights


class Head(nn.Module):
    """Raw values ``[batch, width]`` to a task's outputs, fitted to the training labels.

    A logit becomes a probability ``[batch]``, several become probabilities ``[batch, classes]``, a
    standardised value becomes one in the target's unit ``[batch]``.
    """

    start: Tensor
    """Raw values ``[width]`` whose outputs are those of the training labels alone."""
    shift: Tensor
    scale: Tensor
    """Mean and standard deviation of a regression's labels."""

    def __init__(self, task: str, labels: Floats, n_classes: int = 0) -> None:
        super().__init__()
        self.task = task
        start, shift, scale = np.zeros(1), 0.0, 1.0
        if task == "multiclass":
            counts = np.bincount(labels.astype(np.int64), minlength=n_classes) + 0.5
            start = np.log(counts / counts.sum())
        elif task == "binary":
            rate = (labels.sum() + 0.5) / (len(labels) + 1)
            start = np.log([rate / (1 - rate)])
        else:
            shift, scale = float(labels.mean()), float(labels.std()) or 1.0
        self.width = len(start)
        self.register_buffer("start", torch.from_numpy(start).float())
        self.register_buffer("shift", torch.tensor(shift))
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, width]`` to ``[batch]``, or ``[batch, classes]``."""
        if self.task == "multiclass":
            return torch.softmax(raw, 1)
        value = raw.squeeze(1)
        return torch.sigmoid(value) if self.task == "binary" else value * self.scale + self.shift

    def loss(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Mean log loss, or squared error in standard deviations.

        Raw values may be those of several members, ``[batch, members, width]``: each learns alone.
        """
        if raw.ndim == 3:
            labels, raw = labels.repeat_interleave(raw.shape[1]), raw.flatten(0, 1)
        if self.task == "multiclass":
            return functional.cross_entropy(raw, labels.long())
        if self.task == "binary":
            return functional.binary_cross_entropy_with_logits(raw.squeeze(1), labels)
        return functional.mse_loss(raw.squeeze(1), self.targets(labels))

    def targets(self, labels: Tensor) -> Tensor:
        """What raw values are to come close to: labels, standardised for a regression."""
        return (labels - self.shift) / self.scale


class Program(nn.Module):
    """Everything between a row and its prediction; what ``forward`` does is the exported graph.

    ``body`` is a ``Body``, ``Trees`` or a ``Blend`` of these.
    """

    def __init__(
        self, contract: Contract, preprocess: Preprocess, body: nn.Module, head: Head
    ) -> None:
        super().__init__()
        self.output = task_of(contract).output
        self.preprocess = preprocess
        self.body = body
        self.head = head

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every stage by name, from the groups ``numeric``, ``codes`` and ``time``; the last is the
        output of the contract's task.
        """
        numbers, codes = self.preprocess(inputs)
        encoded, raw = self.body(numbers, codes)
        return {"numbers": numbers, "encoded": encoded, "raw": raw, self.output: self.head(raw)}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Outputs:
        """The program's own outputs, for comparing with the graph's."""
        tensors = self.preprocess.tensors
        return in_batches(inputs, lambda rows: self(tensors(rows))[self.output].numpy())
