"""The project's training loop, with everything on."""

import tempfile
import time
from pathlib import Path

import torch
from flight_delay.models.preprocess import Prepared
from flight_delay.terminal import progress
from flight_delay.training.batches import InMemory, Labelled
from flight_delay.training.networks import loop
from flight_delay.training.networks.checkpoint import FolderCheckpoints
from flight_delay.training.networks.learner import Schedule
from loops.given import BATCH, LEARNING_RATE, WEIGHT_DECAY, Given

HELD_OUT = 10  # one row in so many is scored as well


def epoch(given: Given) -> float:
    """One epoch that validates, tells its progress and writes a checkpoint."""
    loop.SAVE_ROWS = 1
    n_rows = len(given.labels)
    prepared = Prepared(numbers=given.numbers, codes=given.codes)
    rows = Labelled(rows=prepared, labels=given.labels)
    held = rows[: n_rows // HELD_OUT]
    judge = loop.Validation(
        rows=held, score=lambda found: float(((found > 0.5) == held.labels.bool()).float().mean())
    )
    schedule = Schedule(
        epochs=1,
        patience=1,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
    )
    with tempfile.TemporaryDirectory() as folder, progress("train", n_rows) as bar:
        began = time.perf_counter()
        loop.fit(
            given.network,
            given.head,
            InMemory(rows=rows),
            judge,
            schedule,
            device=torch.device("cpu"),
            checkpoints=FolderCheckpoints(Path(folder)),
            on_progress=lambda p: bar(p.rows, f"loss {p.loss:.4f}, {p.rows_per_s:,.0f} rows/s"),
        )
        return time.perf_counter() - began
