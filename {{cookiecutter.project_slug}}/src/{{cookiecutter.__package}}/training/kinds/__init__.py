"""The kinds of model that ``train.model.kind`` names: one module and one line each."""

from importlib import import_module

from pydantic import ValidationError

from ...config import ModelConfig, Section, explain
from ...errors import ConfigError
from .kind import Fitted, Kind, TrainingSet

# Each names a module beside this one, and the ``KIND`` in it.
NAMES = (
    "linear",
    "mlp",
    "lightgbm",
    # options, one line each
    "tabm",
)
KINDS: dict[str, Kind] = {name: import_module(f".{name}", __name__).KIND for name in NAMES}

__all__ = ["KINDS", "Fitted", "Kind", "TrainingSet", "check", "fit"]


def fit(training: TrainingSet, model: ModelConfig) -> Fitted:
    """Fit the kind that ``model`` names."""
    kind, settings = check(model)
    return kind.fit(training, settings)


def check(model: ModelConfig) -> tuple[Kind, Section]:
    """The kind that ``model`` names, and the settings that it is given.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind not in KINDS:
        raise ConfigError(
            f"train.model.kind: '{model.kind}' is none; there are auto, {', '.join(KINDS)}"
        )
    kind = KINDS[model.kind]
    try:
        return kind, kind.settings(**(model.model_extra or {}))
    except ValidationError as error:
        raise ConfigError(explain(error, f"train.model of kind '{model.kind}'")) from None
