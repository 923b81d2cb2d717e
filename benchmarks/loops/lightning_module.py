"""Lightning: a LightningModule on a DataLoader; its bar, logger and checkpoints are off."""

import logging
import time
from typing import Any

import lightning
import torch
from loops.given import BATCH, Given
from torch.utils.data import DataLoader, TensorDataset


class Module(lightning.LightningModule):
    """The network and its loss."""

    def __init__(self, given: Given) -> None:
        """Nothing is copied."""
        super().__init__()
        self.network = given.network
        self.given = given

    def training_step(self, batch: Any, _: int) -> Any:
        """The loss of one batch."""
        numbers, codes, labels = batch
        return self.given.head.loss(self.network(numbers, codes), labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The same for all."""
        return self.given.optimiser()


def epoch(given: Given) -> float:
    """One ``fit``, its own start included."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    rows = TensorDataset(given.numbers, given.codes, given.labels)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    began = time.perf_counter()
    trainer.fit(Module(given), DataLoader(rows, batch_size=BATCH, shuffle=True))
    return time.perf_counter() - began
