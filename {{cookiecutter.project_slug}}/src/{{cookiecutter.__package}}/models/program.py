"""The one program: a contract row → preprocess → body → head → output."""

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn import functional

from ..contract import Contract
from .bundle import BATCH_ROWS
from .inputs import Inputs
from .metrics import Floats
from .preprocess import Preprocess
from .tasks import task_of

HOTTEST = 20.0


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
    temperature: Tensor
    """Divides raw values; 1 unless calibrated (Guo et al., 2017)."""

    def __init__(self, task: str, labels: Floats, n_classes: int = 0) -> None:
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

    def logits(self, raw: Tensor) -> Tensor:
        """Calibrated raw values, of the same shape."""
        return raw / self.temperature

    def outputs(self, logits: Tensor) -> Tensor:
        """``[batch, width]`` to ``[batch]``, or ``[batch, classes]``."""
        if self.task == "multiclass":
            return torch.softmax(logits, 1)
        value = logits.squeeze(1)
        return torch.sigmoid(value) if self.task == "binary" else value * self.scale + self.shift

    def forward(self, raw: Tensor) -> Tensor:
        """``[batch, width]`` to the task's outputs."""
        return self.outputs(self.logits(raw))

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


@torch.no_grad()
def fit_temperature(head: Head, raw: Tensor, labels: Tensor) -> None:
    """Set the head's temperature to the one of least loss on held-out rows ``[rows, width]``.

    Ranks stay as they are (Guo et al., On Calibration of Modern Neural Networks, 2017).
    """

    def loss(log_temperature: float) -> float:
        return float(head.loss(raw / math.exp(log_temperature), labels))

    widest = math.log(HOTTEST)
    best = minimize_scalar(loss, bounds=(-widest, widest), method="bounded")
    head.temperature.fill_(math.exp(best.x))


class Body(nn.Module):
    """Numbers are encoded batch by batch, so that wide encodings take no memory; then a network."""

    def __init__(self, encoder: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.network = network

    def stages(self, numbers: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Encoded numbers, and raw values ``[batch, head.width]``."""
        encoded = self.encoder(numbers)
        return encoded, self.network(encoded, codes)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, columns]`` and ``[batch, categories]`` to raw values ``[batch, head.width]``."""
        return self.stages(numbers, codes)[1]


class Program(nn.Module):
    """Everything between a row and its prediction; what ``forward`` does is the exported graph.

    ``body`` is a ``Body``, or ``Trees``.
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
        encoded, raw = self.body.stages(numbers, codes)  # type: ignore[operator]
        logits = self.head.logits(raw)
        stages = {"numbers": numbers, "encoded": encoded, "raw": raw, "logits": logits}
        return stages | {self.output: self.head.outputs(logits)}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> npt.NDArray[np.float32]:
        """The program's own outputs, ``BATCH_ROWS`` at a time, for comparing with the graph's."""
        parts = [
            self(self.preprocess.tensors(inputs[start : start + BATCH_ROWS]))[self.output].numpy()
            for start in range(0, max(len(inputs), 1), BATCH_ROWS)
        ]
        return np.concatenate(parts)
