"""The bare loop over a DataLoader of tensors."""

import time

from loops.given import BATCH, Given
from torch.utils.data import DataLoader, TensorDataset


def epoch(given: Given) -> float:
    """The DataLoader works in this process, as is usual for rows that are in memory."""
    rows = TensorDataset(given.numbers, given.codes, given.labels)
    optimiser = given.optimiser()
    given.network.train()
    began = time.perf_counter()
    for numbers, codes, labels in DataLoader(rows, batch_size=BATCH, shuffle=True):
        loss = given.head.loss(given.network(numbers, codes), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - began
