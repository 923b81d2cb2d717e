"""The training loop: prepared rows and a body in, the best weights out. Knows no tracking."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from ..models.heads import Head
from ..models.program import Prepared


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to learn."""

    epochs: int
    """Most passes over the training rows."""
    patience: int
    """Epochs without a better score before training stops."""
    batch_size: int
    """Rows per gradient step."""
    learning_rate: float
    """Peak step size; it falls along a half cosine."""
    weight_decay: float


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one pass over the training rows brought."""

    number: int
    train_loss: float
    validation_loss: float
    validation_score: float
    best: bool


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """The epochs that were run; the body holds the best one's weights."""

    epochs: tuple[Epoch, ...]
    best: Epoch


def fit(
    body: nn.Module,
    head: Head,
    train: tuple[Prepared, Tensor],
    validation: tuple[Prepared, Tensor],
    schedule: Schedule,
    *,
    device: torch.device,
    score: Callable[[Tensor], float],
    on_batch: Callable[[int], None] = lambda _: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> FitResult:
    """AdamW on the head's loss, gradients clipped at norm 1.

    ``score`` judges the head's outputs on the validation rows, more is better; of equal scores the
    lower loss is. Stops after
    ``schedule.patience`` epochs without a better score and restores the best epoch's weights.
    """
    if schedule.epochs < 1:
        raise ValueError(f"epochs must be at least 1, not {schedule.epochs}")
    rows, labels = _move(*train, device)
    held_out, held_labels = _move(*validation, device)
    body.to(device)
    head.to(device)
    optimiser = torch.optim.AdamW(
        body.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    steps = schedule.epochs * math.ceil(len(labels) / schedule.batch_size)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)

    def step(index: Tensor) -> Tensor:
        loss = head.loss(body(rows.numbers[index], rows.codes[index]), labels[index])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(body.parameters(), 1.0)
        optimiser.step()
        rates.step()
        on_batch(len(index))
        return loss.detach() * len(index)

    history: list[Epoch] = []
    best: Epoch | None = None
    weights = copy.deepcopy(body.state_dict())
    for number in range(1, schedule.epochs + 1):
        body.train()
        order = torch.randperm(len(labels)).to(device)
        total = torch.stack([step(index) for index in torch.split(order, schedule.batch_size)])
        raw = infer(body, held_out)
        found, loss = score(head(raw).cpu()), head.loss(raw, held_labels).item()
        epoch = Epoch(
            number=number,
            train_loss=total.sum().item() / len(labels),
            validation_loss=loss,
            validation_score=found,
            best=best is None or (found, -loss) > (best.validation_score, -best.validation_loss),
        )
        history.append(epoch)
        on_epoch(epoch)
        if epoch.best:
            best, weights = epoch, copy.deepcopy(body.state_dict())
        elif best is not None and number - best.number >= schedule.patience:
            break
    body.load_state_dict(weights)
    body.to("cpu").eval()
    head.to("cpu").eval()
    return FitResult(epochs=tuple(history), best=best or history[0])


@torch.no_grad()
def infer(body: nn.Module, rows: Prepared, batch_size: int = 16_384) -> Tensor:
    """Raw values ``[rows, head.width]`` in evaluation mode."""
    body.eval()
    parts = zip(
        torch.split(rows.numbers, batch_size), torch.split(rows.codes, batch_size), strict=True
    )
    return torch.cat([body(numbers, codes) for numbers, codes in parts])


def choose_device(wanted: str) -> torch.device:
    """``auto`` takes a GPU where there is one.

    Raises:
        ConfigError: the device that was asked for is not there.
    """
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if wanted == "auto":
        wanted = next((name for name in ("cuda", "mps") if available[name]), "cpu")
    if not available[wanted]:
        there = ", ".join(name for name, found in available.items() if found)
        raise ConfigError(f"train.device is '{wanted}', but this machine has: {there}; use 'auto'")
    return torch.device(wanted)


def _move(rows: Prepared, labels: Tensor, device: torch.device) -> tuple[Prepared, Tensor]:
    moved = Prepared(numbers=rows.numbers.to(device), codes=rows.codes.to(device))
    return moved, labels.to(device)
