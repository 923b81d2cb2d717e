"""Many small networks that share most of their weights, and answer as their mean.

Gorishniy, Kotelnikov & Babenko, TabM: Advancing Tabular Deep Learning with Parameter-Efficient
Ensembling, ICLR 2025; the adapters are those of Wen et al., BatchEnsemble, 2020.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...config import Positive
from ...models.program import Body, Categories, fit_encoder
from . import Fitted, TrainingSet
from .loop import NetworkSettings, fit_network


class Settings(NetworkSettings):
    """``train.model`` of kind ``tabm``."""

    members: Positive = 16
    """Networks in the ensemble; the paper has 32."""
    hidden: tuple[Positive, ...] = (128, 128)
    """Width of each hidden layer, shared by the members."""


class SharedLinear(nn.Module):
    """One linear layer for all members; each scales its inputs and outputs, and has its own bias."""

    def __init__(self, inputs: int, outputs: int, members: int, *, random: bool) -> None:
        """The first layer's input scales are ``random`` signs, so that the members differ."""
        super().__init__()
        self.layer = nn.Linear(inputs, outputs, bias=False)
        signs = torch.randint(0, 2, (members, inputs)) * 2.0 - 1 if random else None
        self.scale_in = nn.Parameter(torch.ones(members, inputs) if signs is None else signs)
        self.scale_out = nn.Parameter(torch.ones(members, outputs))
        bound = inputs**-0.5
        self.bias = nn.Parameter(torch.empty(members, outputs).uniform_(-bound, bound))

    def forward(self, values: Tensor) -> Tensor:
        """``[batch, members or 1, inputs]`` to ``[batch, members, outputs]``."""
        return self.layer(values * self.scale_in) * self.scale_out + self.bias  # type: ignore[no-any-return]


class TabM(nn.Module):
    """Members ``[batch, members, outputs]`` in training, their mean's raw values else."""

    def __init__(
        self,
        *,
        width: int,
        categories: Categories,
        hidden: Sequence[int],
        members: int,
        dropout: float,
        start: Tensor,
        task: str,
    ) -> None:
        """``task`` says how the members' raw values become one."""
        super().__init__()
        self.categories = categories
        self.task = task
        previous = width + categories.width
        layers: list[nn.Module] = []
        for size in hidden:
            shared = SharedLinear(previous, size, members, random=not layers)
            layers += [shared, nn.ReLU(), nn.Dropout(dropout)]
            previous = size
        self.layers = nn.Sequential(*layers)
        bound = previous**-0.5
        weights = torch.empty(members, previous, len(start)).uniform_(-bound, bound)
        self.last = nn.Parameter(weights)
        self.bias = nn.Parameter(start.repeat(members, 1))

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, width]`` and ``[batch, categories]`` to raw values."""
        columns = torch.cat([numbers, self.categories(codes)], 1)
        deep = self.layers(columns.unsqueeze(1))
        raw = (deep.unsqueeze(3) * self.last).sum(2) + self.bias
        return raw if self.training else pool(self.task, raw)


def pool(task: str, raw: Tensor) -> Tensor:
    """Members ``[batch, members, width]`` to the raw values of their mean output."""
    if task == "multiclass":
        return torch.log_softmax(raw, 2).logsumexp(1)
    if task == "binary":
        positive, negative = functional.logsigmoid(raw), functional.logsigmoid(-raw)
        return positive.logsumexp(1) - negative.logsumexp(1)
    return raw.mean(1)


def fit(training: TrainingSet, settings: Settings) -> Fitted:
    """Train all members at once, each on its own loss."""
    encoder = fit_encoder(training.train.numbers, settings.bins)
    network = TabM(
        width=encoder.size,
        categories=Categories(training.preprocess.sizes, settings.embedding),
        hidden=settings.hidden,
        members=settings.members,
        dropout=settings.dropout_for(training.contract.task),
        start=training.head.start,
        task=training.contract.task,
    )
    return fit_network(training, Body(encoder, network), "tabm")
