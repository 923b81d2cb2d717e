"""The training loop: encoded rows and a network in, the best weights out. Knows no tracking."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as _log_loss

from ..errors import ConfigError
from ..models.program import Encoded


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one pass over the training rows brought."""

    number: int
    train_loss: float
    validation_loss: float
    validation_score: float
    learning_rate: float
    best: bool


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """The epochs that were run; the network holds the best one's weights."""

    epochs: tuple[Epoch, ...]
    best: Epoch
    stopped_early: bool


def fit(
    network: nn.Module,
    train: tuple[Encoded, Tensor],
    validation: tuple[Encoded, Tensor],
    *,
    epochs: int,
    patience: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    device: torch.device,
    score: Callable[[Tensor], float],
    on_batch: Callable[[int], None] = lambda _: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> FitResult:
    """AdamW on the log loss, the rate falling along a half cosine, gradients clipped at norm 1.

    ``score`` judges validation logits ``[rows]``, more is better. Stops after ``patience`` epochs
    without a better score and restores the best epoch's weights.
    """
    rows, labels = _move(*train, device)
    held_out = _move(*validation, device)
    network.to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    steps = epochs * math.ceil(len(labels) / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    history: list[Epoch] = []
    best: Epoch | None = None
    weights: dict[str, Tensor] = {}
    for number in range(1, epochs + 1):
        network.train()
        total = torch.zeros((), device=device)
        for index in torch.split(torch.randperm(len(labels)).to(device), batch_size):
            logits = network(rows.numbers[index], rows.codes[index])
            loss = _log_loss(logits, labels[index])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.detach() * len(index)
            on_batch(len(index))
        logits = infer(network, held_out[0])
        validation_score = score(logits.cpu())
        better = best is None or validation_score > best.validation_score
        epoch = Epoch(
            number=number,
            train_loss=total.item() / len(labels),
            validation_loss=_log_loss(logits, held_out[1]).item(),
            validation_score=validation_score,
            learning_rate=float(schedule.get_last_lr()[0]),
            best=better,
        )
        history.append(epoch)
        on_epoch(epoch)
        if better:
            best = epoch
            weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
        elif best is not None and number - best.number >= patience:
            break
    if best is None:
        raise ValueError(f"epochs must be at least 1, not {epochs}")
    network.load_state_dict(weights)
    network.to("cpu").eval()
    return FitResult(epochs=tuple(history), best=best, stopped_early=len(history) < epochs)


@torch.no_grad()
def infer(network: nn.Module, rows: Encoded, batch_size: int = 65_536) -> Tensor:
    """Logits ``[rows]`` in evaluation mode."""
    network.eval()
    parts = zip(
        torch.split(rows.numbers, batch_size), torch.split(rows.codes, batch_size), strict=True
    )
    return torch.cat([network(numbers, codes) for numbers, codes in parts])


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


def _move(rows: Encoded, labels: Tensor, device: torch.device) -> tuple[Encoded, Tensor]:
    moved = Encoded(numbers=rows.numbers.to(device), codes=rows.codes.to(device))
    return moved, labels.to(device)
