"""The kinds of model that ``train.model.kind`` names: one module and one line each.

A kind's module has ``Settings``, the keys that ``train.model`` takes beside ``kind``, and
``fit(training, settings)``, which returns ``Fitted``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module

from pydantic import ValidationError
from torch import nn

from ...config import ModelConfig, TrainConfig, explain
from ...contract import Contract
from ...errors import ConfigError
from ...models.preprocess import Preprocess
from ...models.program import Head
from ..rows import Examples

# Each names a module beside this one.
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
    preprocess: Preprocess
    head: Head
    """Raw values of a body to outputs, and their loss."""
    train: Examples
    held_out: Examples | None
    """Rows on which to stop; without any, after folds or at a refit, ``rounds`` says how long."""
    rounds: int | None = None
    """Epochs or trees to take where nothing is held out."""
    settings: TrainConfig


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A body that has learned."""

    body: nn.Module
    """``(numbers, codes)`` to encoded numbers and raw values ``[batch, head.width]``."""
    rounds: int = 1
    """Epochs or trees of the best state, which the body has."""
    last_round: int = 1
    """Epochs or trees that were run, those after the best among them."""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Losses and scores by round."""
    refits: bool = False
    """Whether it gains by learning the rows on which it stopped as well, in as many rounds."""


def read_kind(model: ModelConfig) -> Callable[[TrainingSet], Fitted]:
    """How to fit the kind that ``model`` names, with the settings that it is given.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind not in NAMES:
        raise ConfigError(
            f"train.model.kind: '{model.kind}' is none; there are auto, {', '.join(NAMES)}"
        )
    kind = import_module(f".{model.kind}", __name__)
    try:
        settings = kind.Settings(**(model.model_extra or {}))
    except ValidationError as error:
        raise ConfigError(explain(error, f"train.model of kind '{model.kind}'")) from None
    return partial(kind.fit, settings=settings)
