"""The one program: a contract row → preprocess → body → head → output."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..contract import Contract
from .bundle import BATCH_ROWS
from .heads import Head
from .inputs import Inputs
from .preprocess import Preprocess
from .tasks import task_of


class Body(nn.Module):
    """Numbers are encoded batch by batch, so that wide encodings take no memory; then a network."""

    def __init__(self, encoder: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.network = network

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, columns]`` and ``[batch, categories]`` to raw values ``[batch, head.width]``."""
        return self.network(self.encoder(numbers), codes)  # type: ignore[no-any-return]


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

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Outputs of the contract's task from the groups ``numeric``, ``codes`` and ``time``."""
        return self.head(self.body(*self.preprocess(inputs)))  # type: ignore[no-any-return]

    def trace(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same with every stage on the way, by name; the last is the output."""
        numbers, codes = self.preprocess(inputs)
        stages = {"numbers": numbers}
        if isinstance(self.body, Body):
            stages["encoded"] = self.body.encoder(numbers)
            stages["raw"] = self.body.network(stages["encoded"], codes)
        else:
            stages["raw"] = self.body(numbers, codes)
        stages["logits"] = self.head.logits(stages["raw"])
        return stages | {self.output: self.head.outputs(stages["logits"])}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> npt.NDArray[np.float32]:
        """The program's own outputs, ``BATCH_ROWS`` at a time, for comparing with the graph's."""
        parts = [
            self(self.preprocess.tensors(inputs[start : start + BATCH_ROWS])).numpy()
            for start in range(0, max(len(inputs), 1), BATCH_ROWS)
        ]
        return np.concatenate(parts)
