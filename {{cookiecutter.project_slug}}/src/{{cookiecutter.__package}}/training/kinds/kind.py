"""What every kind of model is: settings, and a function from examples to a fitted body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ...config import Section, TrainConfig
from ...contract import Contract
from ...models.heads import Head
from ...models.preprocess import Preprocess
from ...models.tasks import Task
from ..batches import Batches, Labelled
from ..networks.checkpoint import Checkpoints


@dataclass(frozen=True, kw_only=True)
class Round:
    """How a training fares after an epoch or a tree."""

    number: int
    """From 1 on."""
    most: int
    """The last, unless the training stops before."""
    score: float
    """On the rows that are held out; more is better."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What is to be learned, from what, and how long."""

    contract: Contract
    task: Task
    preprocess: Preprocess
    head: Head
    """Raw values of a body to outputs, and their loss."""
    train: Labelled
    """Rows in memory: all, or a sample."""
    stream: Batches | None
    """All rows, where ``train`` is a sample of them."""
    held_out: Labelled | None
    """Rows on which to stop; without any, ``rounds`` says how long."""
    rounds: int | None = None
    """Epochs or trees to take where nothing is held out."""
    settings: TrainConfig
    checkpoints: Checkpoints
    """Where a training that takes long is kept, should it be interrupted."""
    on_round: Callable[[Round], None] = lambda _: None
    """Told of each round where rows are held out; ends the training by raising."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A body that has learned."""

    body: nn.Module
    """``(numbers, codes)`` to raw values ``[batch, head.width]``."""
    rounds: int = 1
    """Epochs or trees that it took to be at its best."""
    unit: str = "epoch"
    """What a round is."""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Losses and scores by round, to be drawn."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of model: one module of this package, and one line in its ``__init__``."""

    settings: type[Section]
    """The keys that ``train.model`` takes beside ``kind``."""
    fit: Callable[[Lesson, Any], Fitted]
    """Learns; gets the lesson and the kind's own settings."""
    search: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings that are worth searching, named as in ``train.yaml`` (``learning_rate``, ``model.hidden``).

    Each has ``low``, ``high`` and ``log`` (whether numbers are drawn evenly by factors), or ``choices``.
    """
