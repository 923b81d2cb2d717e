"""The last step of the program: what a body returns to outputs, and its loss in training."""

import math

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn import functional

from .ranking import Floats

HOTTEST = 20.0


class Head(nn.Module):
    """Raw values ``[batch, width]`` to a task's outputs.

    A logit becomes a probability ``[batch]``, several become probabilities ``[batch, classes]``, a
    standardised value becomes one in the target's unit ``[batch]``.
    """

    start: Tensor
    """Raw values ``[width]`` whose outputs are those of the training labels alone."""
    shift: Tensor
    scale: Tensor
    """Mean and standard deviation of a regression's labels."""
    temperature: Tensor
    """Divides raw values; 1 unless calibrated (Guo et al., 2017)."""
    offset: Tensor
    """Added to raw values ``[width]``; 0 unless classes were weighted in training."""

    def __init__(self, task: str, labels: Floats, n_classes: int) -> None:
        super().__init__()
        self.task = task
        start, shift, scale = np.zeros(1), 0.0, 1.0
        if task == "multiclass":
            counts = np.bincount(labels.astype(np.int64), minlength=n_classes) + 0.5
            start = np.log(counts / counts.sum())
        elif task == "binary":
            rate = (labels.sum() + 0.5) / (len(labels) + 1)
            start = np.array([math.log(rate / (1 - rate))])
        else:
            shift, scale = float(labels.mean()), float(labels.std()) or 1.0
        self.width = len(start)
        self.register_buffer("start", torch.from_numpy(start).float())
        self.register_buffer("shift", torch.tensor(shift))
        self.register_buffer("scale", torch.tensor(scale))
        self.register_buffer("temperature", torch.ones(1))
        self.register_buffer("offset", torch.zeros(self.width))

    def logits(self, raw: Tensor) -> Tensor:
        """Calibrated raw values, of the same shape."""
        return raw / self.temperature + self.offset

    def outputs(self, logits: Tensor) -> Tensor:
        """``[batch, width]`` to ``[batch]``, or ``[batch, classes]``."""
        if self.task == "multiclass":
            return torch.softmax(logits, 1)
        value = logits.squeeze(1)
        return torch.sigmoid(value) if self.task == "binary" else value * self.scale + self.shift

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, width]`` to the task's outputs."""
        return self.outputs(self.logits(raw))

    def loss(self, raw: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
        """Mean log loss, or squared error in standard deviations; rows count by ``weights`` ``[batch]``.

        Raw values may be those of several members, ``[batch, members, width]``: each learns alone.
        """
        if raw.ndim == 3:
            members = raw.shape[1]
            labels = labels.repeat_interleave(members)
            weights = None if weights is None else weights.repeat_interleave(members)
            raw = raw.flatten(0, 1)
        if self.task == "multiclass":
            losses = functional.cross_entropy(raw, labels.long(), reduction="none")
        elif self.task == "binary":
            losses = functional.binary_cross_entropy_with_logits(
                raw.squeeze(1), labels, reduction="none"
            )
        else:
            losses = (raw.squeeze(1) - self.targets(labels)) ** 2
        return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()

    def targets(self, labels: Tensor) -> Tensor:
        """What raw values are to come close to: labels, standardised for a regression."""
        return (labels - self.shift) / self.scale

    def pool(self, raw: Tensor) -> Tensor:
        """Members ``[batch, members, width]`` to the raw values of their mean output."""
        if self.task == "multiclass":
            return torch.log_softmax(raw, 2).logsumexp(1)
        if self.task == "binary":
            positive, negative = functional.logsigmoid(raw), functional.logsigmoid(-raw)
            return positive.logsumexp(1) - negative.logsumexp(1)
        return raw.mean(1)


def make_head(task: str, labels: Floats, n_classes: int) -> Head:
    """The head of a contract's task, fitted to the training labels."""
    return Head(task, labels, n_classes)


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
