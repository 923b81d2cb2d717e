"""What is searched: the ``search`` of a kind, and how drawn values become settings to train with."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from pydantic import ValidationError

from ...config import Config, ModelConfig, TrainConfig, explain
from ...errors import ConfigError
from .. import kinds
from .settings import tuning_of

OWN = "model."
OF_AUTO = ("lightgbm", "mlp")
CODE = ("models/features.py", "training/kinds/*.py")
"""A person's own code that changes what is learned, and what is searched."""
SAME = {
    "batch_size",
    "epochs",
    "folds_below_rows",
    "learning_rate",
    "memory_rows",
    "model",
    "patience",
    "seed",
    "weight_decay",
}
"""What else a score follows from: trainings that differ in these are not compared."""


def kinds_of(config: Config) -> tuple[str, ...]:
    """The kinds of model to search.

    Raises:
        ConfigError: one is no kind, or does not say what is worth searching.
    """
    named = config.train.model.kind
    wanted = tuning_of(config).kinds or (OF_AUTO if named == "auto" else (named,))
    for name in wanted:
        kind, _ = kinds.check(of_kind(config.train, name).model)
        if not kind.search:
            raise ConfigError(
                f"kind '{name}' does not say what to search: write search= of its KIND in"
                f" training/kinds/{name}.py"
            )
    return wanted


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
    kinds.check(changed.model)
    return changed


def draw(trial: optuna.Trial, kind: str) -> dict[str, Any]:
    """A value of each setting that the kind says is worth searching, by dotted name."""
    search = kinds.check(ModelConfig(kind=kind))[0].search
    return {name: _draw(trial, name, **to) for name, to in search.items()}


def _draw(
    trial: optuna.Trial,
    name: str,
    low: Any = 0,
    high: Any = 0,
    log: bool = False,
    choices: Any = (),
) -> Any:
    if choices:
        return json.loads(trial.suggest_categorical(name, [json.dumps(one) for one in choices]))
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, low, high, log=log)


def decoded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Drawn values as Optuna stored them; its database takes choices as texts alone."""
    return {k: json.loads(v) if isinstance(v, str) else v for k, v in params.items()}


def study_name(model: str, dataset: str, settings: TrainConfig, kind: str) -> str:
    """Another one where dataset, code or settings differ that scores follow from."""
    text = dataset + of_kind(settings, kind).model_dump_json(include=SAME)
    package = Path(__file__).parents[2]
    for path in sorted(path for pattern in CODE for path in package.glob(pattern)):
        text += path.read_text("utf-8")
    return f"{model}-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
