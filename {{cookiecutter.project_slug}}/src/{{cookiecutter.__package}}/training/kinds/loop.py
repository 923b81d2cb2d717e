"""The training loop of networks of every kind: AdamW on the head's loss, the best epoch's weights."""

import copy
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import nn

from ...config import Positive, Section, TrainConfig
from ...errors import DivergedError
from ...models.bundle import BATCH_ROWS
from ...models.program import Body, Head
from ...terminal import progress
from ..rows import Examples
from . import Fitted, TrainingSet

SMALLEST_BATCH, LARGEST_BATCH, FEWEST_BATCHES = 32, 1024, 16
ROWS_IN_ALL, FEWEST_EPOCHS, MOST_EPOCHS = 1_200_000, 5, 200
FEWEST_PATIENCE, PATIENCE_SHARE = 3, 8  # in which a falling rate still finds a better epoch
WARM_UP, CLIP_NORM = 0.05, 1.0
# Noise on inputs costs a regression more than it guards against.
DROPOUT = {"binary": 0.1, "multiclass": 0.1, "regression": 0.0}


class NetworkSettings(Section):
    """What ``train.model`` says of networks of every kind."""

    embedding: Positive = 8
    """Most dimensions a category is embedded in."""
    bins: Positive = 16
    """Quantile bins of the piecewise-linear encoding of a number."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of inputs and activations dropped in training; null is 0.1, and 0 for a regression."""

    def dropout_for(self, task: str) -> float:
        """The share that is dropped."""
        return DROPOUT[task] if self.dropout is None else self.dropout


def schedule_of(settings: TrainConfig, n_rows: int) -> tuple[int, int, int]:
    """Most epochs, unless the settings say it, patience and batch size: few rows are seen often."""
    power_of_two = 1 << max(n_rows // FEWEST_BATCHES, 1).bit_length() - 1
    epochs = settings.epochs or min(max(ROWS_IN_ALL // n_rows, FEWEST_EPOCHS), MOST_EPOCHS)
    patience = max(epochs // PATIENCE_SHARE, FEWEST_PATIENCE)
    return epochs, patience, min(max(power_of_two, SMALLEST_BATCH), LARGEST_BATCH)


def fit_network(training: TrainingSet, body: Body, title: str) -> Fitted:
    """Train a body in place until the loss on held-out rows gains nothing more.

    Without held-out rows the last epoch is the best. ``title`` is what progress is called.

    Raises:
        DivergedError: the loss is not finite.
    """
    settings, head, n_rows = training.settings, training.head, len(training.train)
    epochs, patience, batch_size = schedule_of(settings, n_rows)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    body.to(device)
    head.to(device)
    train = training.train.to(device)
    held_out = None if training.held_out is None else training.held_out.to(device)
    optimiser, rates = _optimiser(body, settings, epochs * math.ceil(n_rows / batch_size))
    curves: dict[str, list[float]] = {"train_loss": [], "validation_loss": []}
    lowest, best_epoch, weights, epoch = math.inf, 0, body.state_dict(), 0
    last = min(training.rounds or epochs, epochs)
    with progress(f"{title} {device}", last) as bar:
        while epoch < last and epoch - best_epoch < patience:
            epoch += 1
            batches = shuffled(train, settings.seed, epoch, batch_size)
            loss = _learn(body, head, batches, optimiser, rates)
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss of {title} is not finite in epoch {epoch}: lower"
                    " train.learning_rate, or give columns with extreme values a range in"
                    " contract.yaml"
                )
            curves["train_loss"].append(loss)
            bar(1, f"epoch {epoch}: loss {loss:.4f}")
            if held_out is not None:
                loss = _loss(body, head, held_out)
                curves["validation_loss"].append(loss)
            if held_out is None or loss < lowest:
                lowest, best_epoch, weights = loss, epoch, copy.deepcopy(body.state_dict())
    body.load_state_dict(weights)
    body.to("cpu").eval()
    head.to("cpu").eval()
    return Fitted(body=body, rounds=best_epoch, last_round=epoch, curves=curves)


def shuffled(train: Examples, seed: int, epoch: int, batch_size: int) -> Iterator[Examples]:
    """Each row once, in an order that follows from the seed and the epoch."""
    order = torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(len(train)))
    return (train[batch] for batch in torch.split(order.to(train.labels.device), batch_size))


def _learn(
    body: nn.Module,
    head: Head,
    batches: Iterator[Examples],
    optimiser: torch.optim.Optimizer,
    rates: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    """One pass over the training rows; their mean loss, which a GPU is asked for once."""
    body.train()
    parameters, total, n_rows = list(body.parameters()), torch.zeros(()), 0
    foreach = True if parameters[0].device.type == "cpu" else None  # else torch takes a slower way
    for batch in batches:
        loss = head.loss(body(batch.numbers, batch.codes)[1], batch.labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, CLIP_NORM, foreach=foreach)
        optimiser.step()
        rates.step()
        total = total.to(loss.device) + loss.detach() * len(batch)
        n_rows += len(batch)
    return float(total) / n_rows


def _optimiser(
    body: nn.Module, settings: TrainConfig, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW whose rate rises along a line and falls along a half cosine, step by step."""
    rise = math.ceil(steps * WARM_UP)

    def rate(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return 0.5 + 0.5 * math.cos(math.pi * (step + 1 - rise) / (steps + 1 - rise))

    lr, decay = settings.learning_rate, settings.weight_decay
    optimiser = torch.optim.AdamW(body.parameters(), lr=lr, weight_decay=decay, fused=True)
    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, rate)


@torch.no_grad()
def _loss(body: nn.Module, head: Head, examples: Examples) -> float:
    """The mean loss of all rows, some at a time."""
    body.eval()
    numbers, codes = (torch.split(part, BATCH_ROWS) for part in (examples.numbers, examples.codes))
    raw = [body(*batch)[1] for batch in zip(numbers, codes, strict=True)]
    return head.loss(torch.cat(raw), examples.labels).item()
