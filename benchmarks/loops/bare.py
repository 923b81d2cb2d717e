"""What can hardly be left out."""

import time

import torch
from loops.given import BATCH, Given


def epoch(given: Given) -> float:
    """Index the tensors for each batch, go forward and backward, and step."""
    optimiser = given.optimiser()
    given.network.train()
    began = time.perf_counter()
    for index in torch.randperm(len(given.labels)).split(BATCH):
        raw = given.network(given.numbers[index], given.codes[index])
        loss = given.head.loss(raw, given.labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - began
