"""Files, environment and command line, put together and held to the sections."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError

from ..errors import ConfigError
from .data import DataConfig
from .monitor import MonitorConfig
from .section import Section
from .serve import ServeConfig
from .train import TrainConfig

Place = tuple[int | str, ...]
# Those of libraries, which come before the files and after our own.
OTHERS_VARIABLES = {"MLFLOW_TRACKING_URI": "train.tracking_uri"}
ENVIRONMENT_PREFIX = f"{__name__.partition('.')[0].upper()}__"


S = TypeVar("S", bound=Section)


class Config(Section):
    """Every section; ``contract.yaml`` beside them is read by ``contract``."""

    data: DataConfig
    train: TrainConfig
    serve: ServeConfig
    monitor: MonitorConfig
    options: dict[str, dict[str, Any]] = Field(default={}, exclude=True)
    """What is said for each other file of the folder; ``settings`` checks it."""

    def settings(self, option: str, section: type[S]) -> S:
        """The settings of an option, of ``configs/<option>.yaml``; its defaults where nothing is said.

        Raises:
            ConfigError: the option does not take these settings.
        """
        try:
            return section.model_validate(self.options.get(option, {}))
        except ValidationError as error:
            raise ConfigError(
                explain(
                    error,
                    f"settings of '{option}'",
                    lambda place: (option, *place),
                    [f"{option}.{key}" for key in keys_of(section)],
                )
            ) from None


SECTIONS = tuple(name for name in Config.model_fields if name != "options")
OTHER_FILES = ("contract", "tuned")
"""Files of the folder that are no settings: the contract, and what ``train --with`` takes."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key '{key.value}' is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(folder: Path, overrides: Iterable[str] = (), over: Path | None = None) -> Config:
    """Read the sections of ``folder``, then the environment, then ``section.key=value``.

    A file that goes ``over`` them holds settings by section; each replaces the folder's whole.

    Raises:
        ConfigError: a file, a variable or an override does not fit its section.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"no configuration folder at '{folder}'; run from the project's root"
            " or name the folder with --configs"
        )
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    values: dict[str, Any] = {
        section: read_yaml(files[section]) if section in files else {}
        for section in [*SECTIONS, *(files.keys() - {*SECTIONS, *OTHER_FILES})]
    }
    for section, given in (read_yaml(over) if over else {}).items():
        if section not in values or not isinstance(given, dict):
            raise ConfigError(
                f"'{over}' must hold settings by section, such as train: {{epochs: 3}}; the sections"
                f" are {', '.join(values)}, and '{section}' is none or holds no settings"
            )
        values[section] |= given
    for origin, assignment in [*_from_environment(os.environ), *(("--set", o) for o in overrides)]:
        _assign(values, assignment, origin)
    try:
        core = {section: values.pop(section) for section in SECTIONS}
        return Config.model_validate(core | {"options": values})
    except ValidationError as error:
        raise ConfigError(
            explain(error, f"settings in '{folder}'", _key, keys_of(Config))
        ) from None


def _key(place: Place) -> Place:
    """Where a fault is in the files: pydantic puts the kind of a split, or a sink, behind its name."""
    if place[:2] == ("monitor", "sinks"):
        return place[:3] + place[4:]
    return place[:2] + place[3:] if place[:2] == ("data", "split") else place


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: the file is not there, is not YAML or is not a mapping.
    """
    try:
        content = _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except FileNotFoundError:
        raise ConfigError(f"'{path}' does not exist") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' is not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"'{path}' must hold keys and values, not a {type(content).__name__}")
    return content


def explain(
    error: ValidationError,
    what: str,
    place: Callable[[Place], Place] = lambda found: found,
    known: Iterable[str] = (),
) -> str:
    """One line per fault: the key, what is wrong, what was given and, of ``known``, what is near."""
    lines, known = [f"{what}: {error.error_count()} not valid"], list(known)
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in place(fault["loc"]))
        given = "" if fault["type"] in {"missing", "value_error"} else f"; given {fault['input']!r}"
        message = fault["msg"].removeprefix("Value error, ")
        near = nearest(key, known) if fault["type"] == "extra_forbidden" else ""
        lines.append(f"  {key}: {message}{given}{near}" if key else f"  {message}{given}")
    return "\n".join(lines)


def keys_of(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Every key that a section takes, with those inside it, by dotted name."""
    for name, field in section.model_fields.items():
        yield before + name
        for inner in _sections(field.annotation):
            yield from keys_of(inner, f"{before}{name}.")


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _sections(each)


def nearest(key: str, known: Sequence[str]) -> str:
    """The question whether another key was meant: one of the same last name, else a similar one."""
    last = key.rpartition(".")[2]
    names = {name.rpartition(".")[2]: name for name in reversed(known)}
    similar = get_close_matches(key, known, 1, 0.8) or get_close_matches(last, names, 1)
    meant = names.get(last) or (similar[0] if similar else None)
    return f"; did you mean '{meant}'?" if meant else ""


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    others = [
        (name, f"{key}={environment[name]}")
        for name, key in OTHERS_VARIABLES.items()
        if environment.get(name)
    ]
    return others + [
        (name, f"{name.removeprefix(ENVIRONMENT_PREFIX).lower().replace('__', '.')}={value}")
        for name, value in sorted(environment.items())
        if name.startswith(ENVIRONMENT_PREFIX)
    ]


def _assign(values: dict[str, Any], assignment: str, origin: str) -> None:
    key, separator, text = assignment.partition("=")
    path = key.strip().split(".")
    if not separator or len(path) < 2 or path[0] not in values:
        raise ConfigError(
            f"{origin}: '{assignment}' is not section.key=value;"
            f" the sections are {', '.join(values)}{nearest(path[0], list(values))}"
        )
    target = values
    for part in path[:-1]:
        if target.get(part) is None:
            target[part] = {}
        target = target[part]
        if not isinstance(target, dict):
            raise ConfigError(f"{origin}: '{key}' has no keys below '{part}'")
    try:
        target[path[-1]] = yaml.safe_load(text) if text else text  # null is written out
    except yaml.YAMLError:
        target[path[-1]] = text
