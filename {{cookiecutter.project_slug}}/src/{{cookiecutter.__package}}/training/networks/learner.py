"""A body while it learns: one epoch after another, each from what the last one left."""

import copy
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from operator import mul
from typing import Any

import torch
from torch import Tensor, nn

from ...models.heads import Head
from ..batches import Batches, Labelled
from .checkpoint import Snapshot
from .diverged import Suspect

CLIP_NORM = 1.0
WARM_UP = 0.05
"""Share of the steps in which the rate rises."""
EXPLODED = 10.0
"""An epoch's mean loss that is as many times the first batch's ends the training."""


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
    """Peak step size: reached along a line, left along a half cosine."""
    weight_decay: float


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How an epoch is going."""

    epoch: int
    rows: int
    """Learned since the last time."""
    loss: float
    """Their mean loss."""
    rows_per_s: float


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one pass over the training rows brought; NaN where no rows are held out."""

    number: int
    train_loss: float
    validation_loss: float
    validation_score: float
    best: bool


class Learner:
    """A body while it learns; a snapshot holds all that its next epoch follows from."""

    def __init__(
        self,
        body: nn.Module,
        head: Head,
        train: Batches,
        schedule: Schedule,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        self.body, self.head, self.train = body, head, train
        self.schedule, self.device, self.precision = schedule, device, precision
        self.parameters = list(body.parameters())
        self.optimiser = torch.optim.AdamW(
            self.parameters, weight_decay=schedule.weight_decay, fused=True
        )
        self.steps = schedule.epochs * math.ceil(len(train) / schedule.batch_size)
        self.foreach = True if device.type == "cpu" else None  # else torch takes the slower way
        self.step = 0
        self.first_loss: float | None = None
        self.history: list[Epoch] = []
        self.best: Epoch | None = None
        self.weights: Mapping[str, Tensor] = {}

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return len(self.history) - (self.best.number if self.best else 0)

    def learn(self, columns: Sequence[str], on_progress: Callable[[Progress], None]) -> float:
        """One pass over the training rows; their mean loss.

        Losses are looked at block by block: to wait for each would slow a GPU.
        """
        self.body.train()
        epoch, n_batches, n_rows, total = len(self.history) + 1, 0, 0, 0.0
        worst: Suspect | None = None
        began = time.perf_counter()
        for given in self.train.blocks(epoch, self.schedule.batch_size):
            block = given.to(self.device)
            batches = list(block.split(self.schedule.batch_size))
            losses, norms = torch.stack([self._step(batch) for batch in batches]).T.tolist()
            at = _worst(losses, norms)
            suspect = Suspect(
                number=n_batches + at + 1, loss=losses[at], batch=batches[at], block=block
            )
            if not math.isfinite(losses[at] + norms[at]):
                raise suspect.error(f"the loss is not finite in epoch {epoch}", columns)
            if worst is None or suspect.loss > worst.loss:
                worst = suspect
            self.first_loss = losses[0] if self.first_loss is None else self.first_loss
            loss = sum(map(mul, losses, map(len, batches)))
            total, n_rows, n_batches = total + loss, n_rows + len(block), n_batches + len(batches)
            rate = n_rows / (time.perf_counter() - began)
            on_progress(
                Progress(epoch=epoch, rows=len(block), loss=loss / len(block), rows_per_s=rate)
            )
        mean, first = total / n_rows, self.first_loss or 0.0
        if worst is not None and mean > EXPLODED * max(first, 1.0):
            what = f"the loss grew from {first:.3g} to {mean:.3g} in epoch {epoch}"
            raise worst.error(f"{what}, to {worst.loss:.3g} in its worst", columns)
        return mean

    def _step(self, batch: Labelled) -> Tensor:
        """Learn from one batch; its loss, and the norm of its gradient."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.learning_rate * warm_cosine(self.step, self.steps)
        with self._numbers():
            raw = self.body(batch.rows.numbers, batch.rows.codes)
        loss = self.head.loss(raw.float(), batch.labels, batch.weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.parameters, CLIP_NORM, foreach=self.foreach)
        self.optimiser.step()
        self.step += 1
        return torch.stack((loss.detach(), norm))

    def _numbers(self) -> AbstractContextManager[object]:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.precision)

    def conclude(self, train_loss: float, judged: tuple[float, float] | None) -> Epoch:
        """Note an epoch; its weights are kept if it is the best, which without a judge each is."""
        score, loss = judged or (math.nan, math.nan)
        epoch = Epoch(
            number=len(self.history) + 1,
            train_loss=train_loss,
            validation_loss=loss,
            validation_score=score,
            best=judged is None
            or self.best is None
            or (score, -loss) > (self.best.validation_score, -self.best.validation_loss),
        )
        self.history.append(epoch)
        if epoch.best:
            self.best, self.weights = epoch, copy.deepcopy(self.body.state_dict())
        return epoch

    def snapshot(self) -> Snapshot:
        """Weights, the best weights, the optimiser's state and that of the random generators."""
        parts = {
            "body": self.body.state_dict(),
            "best": self.weights,
            "random": {name: source.get_rng_state() for name, source in _random(self.device)},
            **{f"optimiser.{i}": s for i, s in self.optimiser.state_dict()["state"].items()},
        }
        return Snapshot(
            epoch=len(self.history),
            tensors={f"{part}.{n}": t for part, found in parts.items() for n, t in found.items()},
            facts={
                "history": [asdict(epoch) for epoch in self.history],
                "step": self.step,
                "first_loss": self.first_loss,
            },
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Be what the snapshot was taken of."""
        parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in snapshot.tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        state: dict[int, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in parts["optimiser"].items():
            index, _, rest = name.partition(".")
            state[int(index)][rest] = tensor
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})
        self.body.load_state_dict(parts["body"])
        self.weights = parts["best"]
        for name, source in _random(self.device):
            source.set_rng_state(parts["random"][name])
        self.history = [Epoch(**epoch) for epoch in snapshot.facts["history"]]
        self.best = next((epoch for epoch in reversed(self.history) if epoch.best), None)
        self.step, self.first_loss = snapshot.facts["step"], snapshot.facts["first_loss"]


def warm_cosine(step: int, steps: int) -> float:
    """The rate of a step from 0, as a share of its peak: up a line, down a half cosine."""
    rise = math.ceil(steps * WARM_UP)
    if step < rise:
        return (step + 1) / rise
    return 0.5 + 0.5 * math.cos(math.pi * (step + 1 - rise) / (steps + 1 - rise))


def _worst(losses: Sequence[float], norms: Sequence[float]) -> int:
    """Where loss or gradient are not finite for the first time, else the highest loss."""
    broken = [not math.isfinite(loss + norm) for loss, norm in zip(losses, norms, strict=True)]
    return broken.index(True) if any(broken) else losses.index(max(losses))


def _random(device: torch.device) -> list[tuple[str, Any]]:
    """The generators that a body may draw from."""
    own = [] if device.type == "cpu" else [(device.type, torch.get_device_module(device))]
    return [("cpu", torch.random), *own]
