"""What is searched: which settings, and how drawn values become settings to train with."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ...config import ModelConfig, Space, TrainConfig, Values, explain
from ...errors import ConfigError
from .. import kinds
from .spaces import SPACES

OWN = "model."
OF_AUTO = ("lightgbm", "mlp")
# What else a score follows from: trainings that differ in these are not compared.
SAME = {
    "batch_size", "buffer_rows", "class_weight", "epochs", "folds", "learning_rate", "memory_rows",
    "model", "patience", "precision", "seed", "weight_decay",
}  # fmt: skip
# A person's own code that changes what is learned.
CODE = ("../models/features.py", "kinds/*.py")


def kinds_of(settings: TrainConfig) -> tuple[str, ...]:
    """The kinds of model to search."""
    named = settings.model.kind
    return settings.tune.kinds or (OF_AUTO if named == "auto" else (named,))


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
        made = TrainConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, "train")) from None
    kinds.check(made.model)
    return made


def space_of(settings: TrainConfig, kind: str) -> Space:
    """What to search for a kind, held to the settings that it has.

    Raises:
        ConfigError: there is no such kind or setting, or a setting does not take a value.
    """
    made, _ = kinds.check(of_kind(settings, kind).model)
    for named in settings.tune.space:
        kinds.check(ModelConfig(kind=named))
    space = settings.tune.space.get(kind, SPACES.get(kind))
    if not space:
        raise ConfigError(f"kind '{kind}' has no space of its own: write train.tune.space.{kind}")
    for name, values in space.items():
        place = f"train.tune.space.{kind}.{name}"
        if name.startswith(OWN) and name.removeprefix(OWN) not in made.settings.model_fields:
            valid = ", ".join(OWN + field for field in made.settings.model_fields)
            raise ConfigError(f"{place}: kind '{kind}' has no such setting; there are {valid}")
        for value in _ends(values):
            try:
                applied(of_kind(settings, kind), {name: value})
            except ConfigError as error:
                raise ConfigError(f"{place}: {value!r} does not fit; {error}") from None
    return space


def is_whole(kind: str, name: str) -> bool:
    """Whether a setting takes whole numbers alone."""
    section: type[BaseModel] = TrainConfig
    if name.startswith(OWN):
        section = kinds.KINDS[kind].settings
    return _holds_int(section.model_fields[name.removeprefix(OWN)].annotation)


def value_of(settings: TrainConfig, kind: str, name: str) -> Any:
    """A setting as it is."""
    _, own = kinds.check(of_kind(settings, kind).model)
    section: BaseModel = own if name.startswith(OWN) else settings
    return getattr(section, name.removeprefix(OWN))


def study_name(
    model: str, dataset: str, settings: TrainConfig, kind: str, space: Mapping[str, Values]
) -> str:
    """Of another dataset, space, code or other settings that scores follow from, another study's."""
    made_of = hashlib.sha256(dataset.encode())
    made_of.update(of_kind(settings, kind).model_dump_json(include=SAME).encode())
    drawn_from = {name: values.model_dump(mode="json") for name, values in space.items()}
    made_of.update(json.dumps(drawn_from).encode())
    folder = Path(__file__).parent.parent
    for pattern in CODE:
        for path in sorted((folder / pattern).parent.glob(Path(pattern).name)):
            made_of.update(path.read_bytes())
    return f"{model}-{kind}-{made_of.hexdigest()[:12]}"


def _ends(values: Values) -> Iterator[Any]:
    if values.choices is not None:
        yield from values.choices
        return
    for number in (values.low, values.high, values.step):
        if number is not None:
            yield int(number) if number.is_integer() else number


def _holds_int(annotation: Any) -> bool:
    return annotation is int or any(_holds_int(part) for part in get_args(annotation))
