"""The training loop: prepared rows and a body in, the best weights out. Knows no tracking."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...models.heads import Head
from ...models.preprocess import Prepared
from ..batches import Batches, Labelled
from .checkpoint import Checkpoints, NoCheckpoints
from .learner import Epoch, Learner, Progress, Schedule

SAVE_ROWS = 200_000
"""Rows that are learned between checkpoints, so that short epochs are not slowed."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Rows that are held out, and how outputs on them are judged: more is better."""

    rows: Labelled
    score: Callable[[Tensor], float]


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """The epochs that were run; the body holds the best one's weights."""

    epochs: tuple[Epoch, ...]
    best: Epoch


def fit(
    body: nn.Module,
    head: Head,
    train: Batches,
    validation: Validation | None,
    schedule: Schedule,
    *,
    device: torch.device,
    precision: torch.dtype = torch.float32,
    stop_after: int | None = None,
    columns: Sequence[str] = (),
    checkpoints: Checkpoints | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> FitResult:
    """AdamW on the head's loss, and the weights of the epoch with the best score.

    Of equal scores the lower loss is better. Stops after ``schedule.patience`` epochs without a
    better one. Without validation rows the last weights are kept; ``stop_after`` ends before the
    schedule does. ``columns`` names the numbers for messages. What ``checkpoints`` hold is gone on
    from, and ends as if there had been no interruption.

    Raises:
        DivergedError: the loss is not finite, or grows without bound.
    """
    last = min(stop_after or schedule.epochs, schedule.epochs)
    if last < 1:
        raise ValueError(f"epochs must be at least 1, not {last}")
    checkpoints = checkpoints or NoCheckpoints()
    learner = Learner(body.to(device), head.to(device), train, schedule, device, precision)
    if snapshot := checkpoints.latest():
        learner.restore(snapshot)
    save_every = math.ceil(SAVE_ROWS / len(train))
    while len(learner.history) < last and learner.waited < schedule.patience:
        train_loss = learner.learn(columns, on_progress)
        on_epoch(learner.conclude(train_loss, _judged(body, head, validation, device)))
        if len(learner.history) % save_every == 0:
            checkpoints.save(learner.snapshot())
    body.load_state_dict(learner.weights)
    body.to("cpu").eval()
    head.to("cpu").eval()
    return FitResult(epochs=tuple(learner.history), best=learner.best or learner.history[0])


def _judged(
    body: nn.Module, head: Head, validation: Validation | None, device: torch.device
) -> tuple[float, float] | None:
    """Score and loss on the rows that are held out."""
    if validation is None:
        return None
    rows = validation.rows.to(device)
    raw = infer(body, rows.rows)
    return validation.score(head(raw).cpu()), head.loss(raw, rows.labels).item()


@torch.no_grad()
def infer(body: nn.Module, rows: Prepared, batch_size: int = 16_384) -> Tensor:
    """Raw values ``[rows, head.width]`` in evaluation mode."""
    body.eval()
    parts = zip(
        torch.split(rows.numbers, batch_size), torch.split(rows.codes, batch_size), strict=True
    )
    return torch.cat([body(numbers, codes) for numbers, codes in parts])
