"""The last step of the program: what a network returns to outputs, and its loss in training."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .metrics import Floats


class Head(nn.Module):
    """Raw values ``[batch, width]`` to outputs; made for a task by ``make_head``."""

    width: int = 1
    start: Tensor
    """Raw values ``[width]`` that answer as the training labels alone would."""

    def loss(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of raw values against labels ``[batch]``."""
        raise NotImplementedError


class BinaryHead(Head):
    """A logit to a probability ``[batch]``; log loss."""

    def __init__(self, labels: Floats) -> None:
        super().__init__()
        rate = (labels.sum() + 0.5) / (len(labels) + 1)
        self.register_buffer("start", torch.tensor([math.log(rate / (1 - rate))]))

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, 1]`` to ``[batch]``."""
        return torch.sigmoid(raw.squeeze(1))

    def loss(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return functional.binary_cross_entropy_with_logits(raw.squeeze(1), labels)


class MulticlassHead(Head):
    """Logits to probabilities ``[batch, classes]``; log loss."""

    def __init__(self, labels: Floats, n_classes: int) -> None:
        super().__init__()
        self.width = n_classes
        counts = np.bincount(labels.astype(np.int64), minlength=n_classes) + 0.5
        self.register_buffer("start", torch.from_numpy(np.log(counts / counts.sum())).float())

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, classes]`` to the same shape."""
        return torch.softmax(raw, 1)

    def loss(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy."""
        return functional.cross_entropy(raw, labels.long())


class RegressionHead(Head):
    """A standardised value to the target's unit ``[batch]``; squared error in standard deviations."""

    shift: Tensor
    scale: Tensor

    def __init__(self, labels: Floats) -> None:
        super().__init__()
        self.register_buffer("start", torch.zeros(1))
        self.register_buffer("shift", torch.tensor(float(labels.mean())))
        self.register_buffer("scale", torch.tensor(float(labels.std()) or 1.0))

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, 1]`` to ``[batch]``."""
        return raw.squeeze(1) * self.scale + self.shift

    def loss(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Mean squared error of standardised values."""
        return functional.mse_loss(raw.squeeze(1), (labels - self.shift) / self.scale)


def make_head(task: str, labels: Floats, n_classes: int) -> Head:
    """The head of a contract's task, fitted to the training labels."""
    if task == "multiclass":
        return MulticlassHead(labels, n_classes)
    return RegressionHead(labels) if task == "regression" else BinaryHead(labels)
