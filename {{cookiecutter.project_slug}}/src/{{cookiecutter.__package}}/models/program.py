"""The one program: a contract row → front → body → head → output."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..contract import Contract
from .bundle import BATCH_ROWS
from .front import Front
from .heads import Head
from .inputs import Inputs
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
    """Everything between a row and its answer; what ``forward`` does is the exported graph.

    ``body`` is a ``Body``, or ``Trees``.
    """

    def __init__(self, contract: Contract, front: Front, body: nn.Module, head: Head) -> None:
        super().__init__()
        self.output = task_of(contract).output
        self.front = front
        self.body = body
        self.head = head

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Outputs of the contract's task from the groups ``numeric``, ``codes`` and ``time``."""
        return self.head(self.body(*self.front(inputs)))  # type: ignore[no-any-return]

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> npt.NDArray[np.float32]:
        """The program's own answers, ``BATCH_ROWS`` at a time, for comparing with the graph's."""
        parts = [
            self(self.front.tensors(inputs[start : start + BATCH_ROWS])).numpy()
            for start in range(0, max(len(inputs), 1), BATCH_ROWS)
        ]
        return np.concatenate(parts)
