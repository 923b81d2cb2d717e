"""The last step of the program: what a body returns to outputs, and its loss in training."""

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from .ranking import Floats

HOTTEST = 20.0


class Head(nn.Module, ABC):
    """Raw values ``[batch, width]`` to outputs; made for a task by ``make_head``."""

    start: Tensor
    """Raw values ``[width]`` whose outputs are those of the training labels alone."""
    temperature: Tensor
    """Divides raw values; 1 unless calibrated (Guo et al., 2017)."""
    offset: Tensor
    """Added to raw values ``[width]``; 0 unless classes were weighted in training."""

    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.width = len(start)
        self.register_buffer("start", start)
        self.register_buffer("temperature", torch.ones(1))
        self.register_buffer("offset", torch.zeros(self.width))

    def logits(self, raw: Tensor) -> Tensor:
        """Calibrated raw values, of the same shape."""
        return raw / self.temperature + self.offset

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, width]`` to the task's outputs."""
        return self.outputs(self.logits(raw))

    @abstractmethod
    def outputs(self, logits: Tensor) -> Tensor:
        """``[batch, width]`` to ``[batch]``, or ``[batch, classes]``."""

    @abstractmethod
    def losses(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Loss of each row's raw values against its label, both ``[batch]``."""

    @abstractmethod
    def pool(self, raw: Tensor) -> Tensor:
        """Members ``[batch, members, width]`` to the raw values of their mean output."""

    def loss(self, raw: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
        """Mean loss, rows counted by ``weights`` ``[batch]``.

        Raw values may be those of several members, ``[batch, members, width]``: each learns alone.
        """
        if raw.ndim == 3:
            members = raw.shape[1]
            labels = labels.repeat_interleave(members)
            weights = None if weights is None else weights.repeat_interleave(members)
            raw = raw.flatten(0, 1)
        losses = self.losses(raw, labels)
        return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()

    def targets(self, labels: Tensor) -> Tensor:
        """What raw values are to come close to."""
        return labels


class BinaryHead(Head):
    """A logit to a probability ``[batch]``; log loss."""

    def __init__(self, labels: Floats) -> None:
        rate = (labels.sum() + 0.5) / (len(labels) + 1)
        super().__init__(torch.tensor([math.log(rate / (1 - rate))]))

    @override
    def outputs(self, logits: Tensor) -> Tensor:
        return torch.sigmoid(logits.squeeze(1))

    @override
    def losses(self, raw: Tensor, labels: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(raw.squeeze(1), labels, reduction="none")

    @override
    def pool(self, raw: Tensor) -> Tensor:
        positive, negative = functional.logsigmoid(raw), functional.logsigmoid(-raw)
        return positive.logsumexp(1) - negative.logsumexp(1)


class MulticlassHead(Head):
    """Logits to probabilities ``[batch, classes]``; log loss."""

    def __init__(self, labels: Floats, n_classes: int) -> None:
        counts = np.bincount(labels.astype(np.int64), minlength=n_classes) + 0.5
        super().__init__(torch.from_numpy(np.log(counts / counts.sum())).float())

    @override
    def outputs(self, logits: Tensor) -> Tensor:
        return torch.softmax(logits, 1)

    @override
    def losses(self, raw: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(raw, labels.long(), reduction="none")

    @override
    def pool(self, raw: Tensor) -> Tensor:
        return torch.log_softmax(raw, 2).logsumexp(1)


class RegressionHead(Head):
    """A standardised value to the target's unit ``[batch]``; squared error in standard deviations."""

    shift: Tensor
    scale: Tensor

    def __init__(self, labels: Floats) -> None:
        super().__init__(torch.zeros(1))
        self.register_buffer("shift", torch.tensor(float(labels.mean())))
        self.register_buffer("scale", torch.tensor(float(labels.std()) or 1.0))

    @override
    def outputs(self, logits: Tensor) -> Tensor:
        return logits.squeeze(1) * self.scale + self.shift

    @override
    def losses(self, raw: Tensor, labels: Tensor) -> Tensor:
        return (raw.squeeze(1) - self.targets(labels)) ** 2

    @override
    def pool(self, raw: Tensor) -> Tensor:
        return raw.mean(1)

    @override
    def targets(self, labels: Tensor) -> Tensor:
        return (labels - self.shift) / self.scale


def make_head(task: str, labels: Floats, n_classes: int) -> Head:
    """The head of a contract's task, fitted to the training labels."""
    if task == "multiclass":
        return MulticlassHead(labels, n_classes)
    return RegressionHead(labels) if task == "regression" else BinaryHead(labels)


@torch.no_grad()
def fit_temperature(head: Head, raw: Tensor, labels: Tensor) -> None:
    """Set the head's temperature to the one of least loss on held-out rows ``[rows, width]``.

    Ranks stay as they are (Guo et al., On Calibration of Modern Neural Networks, 2017).
    """

    def loss(log_temperature: float) -> float:
        return float(head.loss(raw / math.exp(log_temperature) + head.offset, labels))

    widest = math.log(HOTTEST)
    best = minimize_scalar(loss, bounds=(-widest, widest), method="bounded")
    head.temperature.fill_(math.exp(best.x))
