"""skorch: a NeuralNet on the tensors as a dictionary; without validation or printing."""

import time

import skorch
import torch
from loops.given import BATCH, LEARNING_RATE, WEIGHT_DECAY, Given


class Loss(torch.nn.Module):
    """A head's loss as the criterion."""

    def __init__(self, given: Given) -> None:
        """Nothing is copied."""
        super().__init__()
        self.given = given

    def forward(self, raw: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """The loss of one batch."""
        return self.given.head.loss(raw, wanted)


def epoch(given: Given) -> float:
    """One ``partial_fit``."""
    net = skorch.NeuralNet(
        given.network,
        criterion=Loss(given),
        optimizer=torch.optim.AdamW,
        lr=LEARNING_RATE,
        optimizer__weight_decay=WEIGHT_DECAY,
        batch_size=BATCH,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    net.initialize()
    began = time.perf_counter()
    net.partial_fit({"numbers": given.numbers, "codes": given.codes}, given.labels)
    return time.perf_counter() - began
