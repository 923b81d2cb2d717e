"""What is searched: which settings, and how drawn values become settings to train with."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from ...config import Config, ModelConfig, TrainConfig, explain
from ...errors import ConfigError
from .. import kinds
from .settings import OWN, Space, Values, tuning_of

OF_AUTO = ("lightgbm", "mlp")
# What else a score follows from: trainings that differ in these are not compared.
SAME = {
    "batch_size", "epochs", "folds", "learning_rate", "memory_rows", "model", "patience", "seed",
    "weight_decay",
}  # fmt: skip
# A person's own code that changes what is learned.
CODE = ("../models/features.py", "kinds/*.py")
SPACE: TypeAdapter[Space] = TypeAdapter(Space)


def kinds_of(config: Config) -> tuple[str, ...]:
    """The kinds of model to search."""
    named = config.train.model.kind
    return tuning_of(config).kinds or (OF_AUTO if named == "auto" else (named,))


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


def space_of(config: Config, kind: str) -> Space:
    """What to search for a kind: what ``tuning.yaml`` says, or the kind itself.

    Raises:
        ConfigError: there is no such kind or setting, or a setting does not take a value.
    """
    settings, spaces = config.train, tuning_of(config).space
    made, _ = kinds.check(of_kind(settings, kind).model)
    for named in spaces:
        kinds.check(ModelConfig(kind=named))
    space = spaces[kind] if kind in spaces else _own_space(kind)
    if not space:
        raise ConfigError(
            f"kind '{kind}' does not say what to search: write tuning.space.{kind}, or search= of"
            " its KIND"
        )
    for name, values in space.items():
        place = f"tuning.space.{kind}.{name}"
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


def _own_space(kind: str) -> Space:
    try:
        return SPACE.validate_python(kinds.KINDS[kind].search)
    except ValidationError as error:
        raise ConfigError(explain(error, f"search of kind '{kind}'")) from None


def _ends(values: Values) -> Iterator[Any]:
    if values.choices is not None:
        yield from values.choices
        return
    for number in (values.low, values.high, values.step):
        if number is not None:
            yield int(number) if number.is_integer() else number


def _holds_int(annotation: Any) -> bool:
    return annotation is int or any(_holds_int(part) for part in get_args(annotation))
