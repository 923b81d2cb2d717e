"""The kinds of model that ``train.model.kind`` names: one module and one line each.

A kind has settings, and a function from a training set to a fitted body.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pydantic import ValidationError
from torch import nn

from ...config import ModelConfig, Section, TrainConfig, explain
from ...contract import Contract
from ...errors import ConfigError
from ...models.preprocess import Preprocess
from ...models.program import Head
from ...models.tasks import Task
from ..rows import Examples

# Each names a module beside this one, and the ``KIND`` in it.
NAMES = (
    "linear",
    "mlp",
    "lightgbm",
    # options, one line each
    "tabm",
)


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
    """Losses and scores by round."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of model: one module of this package, and one line above."""

    settings: type[Section]
    """The keys that ``train.model`` takes beside ``kind``."""
    fit: Callable[[TrainingSet, Any], Fitted]
    """Learns; gets the training set and the kind's own settings."""


def fit(training: TrainingSet, model: ModelConfig) -> Fitted:
    """Fit the kind that ``model`` names."""
    kind, settings = check(model)
    return kind.fit(training, settings)


def check(model: ModelConfig) -> tuple[Kind, Section]:
    """The kind that ``model`` names, and the settings that it is given.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind not in NAMES:
        raise ConfigError(
            f"train.model.kind: '{model.kind}' is none; there are auto, {', '.join(NAMES)}"
        )
    kind: Kind = import_module(f".{model.kind}", __name__).KIND
    try:
        return kind, kind.settings(**(model.model_extra or {}))
    except ValidationError as error:
        raise ConfigError(explain(error, f"train.model of kind '{model.kind}'")) from None
