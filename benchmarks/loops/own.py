"""The project's training loop, with everything on."""

import time
from types import SimpleNamespace
from typing import Any

from flight_delay.config import TrainConfig
from flight_delay.models.program import Body
from flight_delay.training.kinds import TrainingSet
from flight_delay.training.kinds.loop import fit_network
from flight_delay.training.rows import Examples
from loops.given import LEARNING_RATE, WEIGHT_DECAY, Given
from torch import nn

HELD_OUT = 10  # one row in so many is scored as well


def epoch(given: Given) -> float:
    """One epoch that validates and shows its progress."""
    rows = Examples(numbers=given.numbers, codes=given.codes, labels=given.labels)
    contract: Any = SimpleNamespace(task="binary", labels=None)
    training = TrainingSet(
        contract=contract,
        preprocess=None,  # the rows are prepared
        head=given.head,
        train=rows,
        held_out=rows[: len(rows) // HELD_OUT],
        # of so many rows a batch has as many as the others' batches
        settings=TrainConfig(epochs=1, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY),
    )
    began = time.perf_counter()
    fit_network(training, Body(nn.Identity(), given.network), "train")
    return time.perf_counter() - began
