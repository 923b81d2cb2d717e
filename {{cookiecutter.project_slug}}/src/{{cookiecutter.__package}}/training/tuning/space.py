"""What is searched of each kind, and how drawn values become settings to train with."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.distributions import FloatDistribution as Float
from optuna.distributions import IntDistribution as Int
from pydantic import ValidationError

from ...config import Config, ModelConfig, TrainConfig, explain
from ...errors import ConfigError
from ..kinds import read_kind
from .settings import tuning_of

OWN = "model."
NETWORK: Mapping[str, BaseDistribution] = {
    "model.embedding": Int(2, 32, log=True),
    "model.dropout": Float(0.0, 0.4),
    "learning_rate": Float(3e-4, 1e-2, log=True),
    "weight_decay": Float(1e-6, 1e-1, log=True),
}
SEARCH: Mapping[str, dict[str, BaseDistribution]] = {
    "linear": {
        "model.bins": Int(4, 64, log=True),
        "model.penalty": Float(0.01, 1000.0, log=True),
    },
    "lightgbm": {
        "model.num_leaves": Int(4, 256, log=True),
        "model.min_data_in_leaf": Int(5, 500, log=True),
        "model.learning_rate": Float(0.02, 0.2, log=True),
        "model.feature_fraction": Float(0.4, 1.0),
        "model.lambda_l2": Float(0.01, 100.0, log=True),
    },
    "mlp": {
        "model.hidden": CategoricalDistribution(["[64, 32]", "[128, 64]", "[256, 128]"]),
        **NETWORK,
    },
    "tabm": {
        "model.hidden": CategoricalDistribution(["[64, 64]", "[128, 128]", "[256, 256]"]),
        **NETWORK,
    },
}
"""By kind the settings that are worth searching, named as in ``train.yaml``; lists are texts."""
OF_AUTO = ("lightgbm", "mlp")
CODE = ("models/features.py", "training/kinds/*.py", "training/tuning/space.py")
"""A person's own code that changes what is learned, and what is searched."""


def kinds_of(config: Config) -> tuple[str, ...]:
    """The kinds of model to search.

    Raises:
        ConfigError: one is no kind, or it is not said what is worth searching of it.
    """
    named = config.train.model.kind
    chosen = tuning_of(config).kinds or (OF_AUTO if named == "auto" else (named,))
    for name in chosen:
        read_kind(of_kind(config.train, name).model)
        if name not in SEARCH:
            raise ConfigError(
                f"nothing is said of what to search of kind '{name}': add it to SEARCH in"
                " training/tuning/space.py"
            )
    return chosen


def of_kind(settings: TrainConfig, kind: str) -> TrainConfig:
    """The settings as they are, for one kind of model alone."""
    if settings.model.kind == kind:
        return settings
    return settings.model_copy(update={"model": ModelConfig(kind=kind)})


def applied(settings: TrainConfig, drawn: Mapping[str, Any]) -> TrainConfig:
    """The settings with drawn values, by dotted name, in their places.

    Raises:
        ConfigError: a value is none that its setting takes.
    """
    values = settings.model_dump()
    for name, value in drawn.items():
        place = values["model"] if name.startswith(OWN) else values
        place[name.removeprefix(OWN)] = value
    try:
        changed = TrainConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, "train")) from None
    read_kind(changed.model)
    return changed


def decoded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Drawn values as settings take them; Optuna's database takes lists as texts alone."""
    return {k: json.loads(v) if isinstance(v, str) else v for k, v in params.items()}


def study_name(model: str, dataset: str, settings: TrainConfig, kind: str) -> str:
    """Another one where the dataset, the settings or the code differ: scores may follow from these."""
    text = dataset + of_kind(settings, kind).model_dump_json()
    package = Path(__file__).parents[2]
    for path in sorted(path for pattern in CODE for path in package.glob(pattern)):
        text += path.read_text("utf-8")
    return f"{model}-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
