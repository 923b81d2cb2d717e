"""What every kind of model is: settings, and a function from a training set to a fitted body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ...config import Section, TrainConfig
from ...contract import Contract
from ...models.preprocess import Preprocess
from ...models.program import Head
from ...models.tasks import Task
from ..rows import Examples


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """What to learn from, and how long."""

    contract: Contract
    task: Task
    preprocess: Preprocess
    head: Head
    """Raw values of a body to outputs, and their loss."""
    train: Examples
    held_out: Examples | None
    """Rows on which to stop; without any, ``rounds`` says how long."""
    rounds: int | None = None
    """Epochs or trees to take where nothing is held out."""
    settings: TrainConfig
    on_round: Callable[[int, int, float], None] = lambda *_: None
    """Called after each round with its number, the most rounds, and the score on the rows that are
    held out (more is better); ends the training by raising."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A body that has learned."""

    body: nn.Module
    """``(numbers, codes)`` to raw values ``[batch, head.width]``."""
    rounds: int = 1
    """Epochs or trees of the best state, which the body has."""
    last_round: int = 1
    """Epochs or trees that were run, those after the best among them."""
    unit: str = ""
    """What a round is: epoch or tree; empty of a kind that has none."""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Losses and scores by round, to be drawn."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of model: one module of this package, and one line in its ``__init__``."""

    settings: type[Section]
    """The keys that ``train.model`` takes beside ``kind``."""
    fit: Callable[[TrainingSet, Any], Fitted]
    """Learns; gets the training set and the kind's own settings."""
    search: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings that are worth searching, named as in ``train.yaml`` (``learning_rate``, ``model.hidden``).

    Each has ``low``, ``high`` and ``log`` (whether numbers are drawn evenly by factors), or ``choices``.
    """
