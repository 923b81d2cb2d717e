"""Settings out of files, the environment and the command line, held to their sections."""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError

from ..errors import ConfigError
from .data import DataConfig
from .files import Place, RefusedError, explain, keys_of, nearest, parse_yaml, read_yaml
from .monitor import MonitorConfig
from .section import Section
from .serve import ServeConfig
from .train import TrainConfig

LIBRARY_VARIABLES = {"MLFLOW_TRACKING_URI": "train.tracking_uri"}
"""Variables of libraries; they come before the files and after our own."""
PREFIX = f"{__name__.partition('.')[0].upper()}__"
OTHER_FILES = ("contract", "tuned")
"""Files of the folder that are no settings: the contract, and what ``train --with`` takes."""
S = TypeVar("S", bound=Section)


class Config(Section):
    """Every section; ``contract.yaml``, which lies with them, is read by ``contract``."""

    data: DataConfig
    train: TrainConfig
    serve: ServeConfig
    monitor: MonitorConfig
    options: dict[str, dict[str, Any]] = Field(default={}, exclude=True)
    """Contents of each other file of the folder; ``settings`` checks them."""

    def settings(self, option: str, section: type[S]) -> S:
        """The settings of an option, from ``configs/<option>.yaml``; without one, its defaults.

        Raises:
            ConfigError: the option does not take these settings.
        """
        known = [f"{option}.{key}" for key in keys_of(section)]
        try:
            return section.model_validate(self.options.get(option, {}))
        except ValidationError as error:
            what = f"settings of '{option}'"
            raise ConfigError(explain(error, what, lambda at: (option, *at), known)) from None


SECTIONS = tuple(name for name in Config.model_fields if name != "options")


def load(folder: Path, overrides: Iterable[str] | None = None, over: Path | None = None) -> Config:
    """Read the sections of ``folder``, then the environment, then ``section.key=value``.

    A file that goes ``over`` them holds settings by section; each replaces the folder's whole.

    Raises:
        ConfigError: a file, a variable or an override does not fit its section.
    """
    values = _read_folder(folder)
    for section, settings in (read_yaml(over) if over else {}).items():
        if section not in values or not isinstance(settings, dict):
            raise ConfigError(
                f"'{over}' must hold settings by section, such as train: {{epochs: 3}}; the sections"
                f" are {', '.join(values)}, and '{section}' is none or holds no settings"
            )
        values[section] |= settings
    given = [*_from_environment(os.environ), *(("--set", each) for each in overrides or ())]
    origins = {_assign(values, assignment, origin): origin for origin, assignment in given}
    sections = {section: values.pop(section) for section in SECTIONS}
    try:
        return Config.model_validate(sections | {"options": values})
    except ValidationError as error:
        what = f"settings in '{folder}'"
        raise ConfigError(explain(error, what, _key, keys_of(Config), origins)) from None


def _read_folder(folder: Path) -> dict[str, Any]:
    """The content of every file of settings, by section."""
    if not folder.is_dir():
        raise ConfigError(
            f"no configuration folder at '{folder}'; run from the project's root"
            " or name the folder with --configs"
        )
    values: dict[str, Any] = {section: {} for section in SECTIONS}
    for path in sorted(folder.glob("*.yaml")):
        similar = get_close_matches(path.stem, SECTIONS, 1, 0.8)
        if similar and path.stem not in SECTIONS:
            raise ConfigError(f"nothing reads '{path}'; did you mean '{similar[0]}.yaml'?")
        if path.stem not in OTHER_FILES:
            values[path.stem] = read_yaml(path)
    return values


def _key(place: Place) -> Place:
    """The place of a fault in the files: pydantic adds the kind of a split, or of a sink, to it."""
    if place[:2] == ("monitor", "sinks"):
        return place[:3] + place[4:]
    return place[:2] + place[3:] if place[:2] == ("data", "split") else place


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each variable with what it sets."""
    for name, key in LIBRARY_VARIABLES.items():
        if environment.get(name):
            yield name, f"{key}={environment[name]}"
    for name, value in sorted(environment.items()):
        if name.startswith(PREFIX):
            yield name, f"{name.removeprefix(PREFIX).lower().replace('__', '.')}={value}"


def _assign(values: dict[str, Any], assignment: str, origin: str) -> str:
    """Set one key; return its name."""
    name, separator, text = assignment.partition("=")
    key = name.strip()
    path = key.split(".")
    if not separator or len(path) < 2 or path[0] not in values:
        raise ConfigError(
            f"{origin}: '{name}' does not start section.key=value; the sections are"
            f" {', '.join(values)}, and those of options with a file in configs/"
            f"{nearest(path[0], list(values))}"
        )
    target = values
    for part in path[:-1]:
        if target.get(part) is None:
            target[part] = {}
        target = target[part]
        if not isinstance(target, dict):
            raise ConfigError(f"{origin}: '{key}' has no keys below '{part}'")
    try:
        target[path[-1]] = parse_yaml(text) if text else text  # null is written out
    except RefusedError as error:
        raise ConfigError(f"{origin}: the value of '{key}' is not valid: {error.problem}") from None
    except (yaml.YAMLError, ValueError):
        target[path[-1]] = text
    return key
