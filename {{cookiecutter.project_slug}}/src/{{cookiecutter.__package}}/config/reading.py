"""Settings from YAML files, the environment and the command line, checked by their sections."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import Field, ValidationError

from ..errors import ConfigError
from .data import DataConfig
from .monitor import MonitorConfig
from .section import Section, explain, keys_of, nearest
from .serve import ServeConfig
from .train import TrainConfig

MAX_BYTES, MAX_DEPTH = 10_000_000, 20
LIBRARY_VARIABLE = "MLFLOW_TRACKING_URI"
PREFIX = f"{__name__.partition('.')[0].upper()}__"
OTHER_FILES = ("contract", "tuned")  # the contract, and what ``train --with`` takes
TEXT_TAG = "tag:yaml.org,2002:str"
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
        """The settings of an option, from ``configs/<option>.yaml``; without one, its defaults."""
        values = self.options.get(option, {})
        try:
            return section.model_validate(values)
        except ValidationError as error:
            message = explain(error, f"settings of '{option}'", values, keys_of(section))
            raise ConfigError(message) from None


SECTIONS = tuple(name for name in Config.model_fields if name != "options")


def load(folder: Path, overrides: Iterable[str] | None = None, over: Path | None = None) -> Config:
    """Read the sections of ``folder``, then the environment, then ``section.key=value``.

    A file that goes ``over`` them holds settings by section; each replaces the folder's whole.

    Raises:
        ConfigError: some keys do not fit; it names each of them.
    """
    values = _read_folder(folder)
    for section, settings in (read_yaml(over) if over else {}).items():
        if section not in values or not isinstance(settings, dict):
            valid = f"such as train: {{epochs: 3}}; the sections are {', '.join(values)}"
            raise ConfigError(f"'{over}' must hold settings by section, {valid}")
        values[section] |= settings
    if uri := os.environ.get(LIBRARY_VARIABLE):
        values["train"]["tracking_uri"] = uri
    for variable, text in sorted(os.environ.items()):
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower().replace("__", ".")
            _assign(values, f"{name}={text}", variable)
    for override in overrides or ():
        _assign(values, override, "--set")
    sections = {section: values.pop(section) for section in SECTIONS}
    try:
        return Config.model_validate(sections | {"options": values})
    except ValidationError as error:
        what = f"settings in '{folder}', the environment and --set"
        raise ConfigError(explain(error, what, sections, keys_of(Config))) from None


def _read_folder(folder: Path) -> dict[str, Any]:
    """The content of every file of settings, by section."""
    if not folder.is_dir():
        what_to_do = "run from the project's root or name the folder with --configs"
        raise ConfigError(f"no configuration folder at '{folder}'; {what_to_do}")
    values: dict[str, Any] = {section: {} for section in SECTIONS}
    for path in sorted(folder.glob("*.yaml")):
        similar = get_close_matches(path.stem, SECTIONS, 1, 0.8)
        if similar and path.stem not in SECTIONS:
            raise ConfigError(f"nothing reads '{path}'; did you mean '{similar[0]}.yaml'?")
        if path.stem not in OTHER_FILES:
            values[path.stem] = read_yaml(path)
    return values


def _assign(values: dict[str, Any], assignment: str, origin: str) -> None:
    """Set one key; a text that is no YAML is meant as it stands."""
    name, separator, text = assignment.partition("=")
    *sections, last = name.strip().split(".")
    if not separator or not sections or sections[0] not in values:
        raise ConfigError(
            f"{origin}: '{name}' does not start section.key=value; the sections are"
            f" {', '.join(values)}{nearest(name.split('.')[0].strip(), values)}"
        )
    for section in sections:
        inner = values.get(section) or {}
        if not isinstance(inner, dict):
            raise ConfigError(f"{origin}: '{name.strip()}' has no keys below '{section}'")
        values[section] = values = inner
    try:
        values[last] = parse_yaml(text) if text else text  # null is written out
    except (yaml.YAMLError, ValueError):
        values[last] = text


class _Loader(yaml.CSafeLoader):
    """Refuses a key that is given twice, of which YAML would keep the last, or that is no text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known = set[str]()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse("a list or mapping is no key; is it a placeholder, not filled in?", key)
            if key.tag != TEXT_TAG:
                _refuse(f"the key {key.value} is not read as a text; put it in quotes", key)
            if key.value in known:
                _refuse(f"the key '{key.value}' is given twice", key)
            known.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """The value that a text holds; the time that it takes is bounded by the text's length.

    Raises:
        YAMLError: it is no YAML, or deeply nested, an alias, a tag or an unfit key.
        ValueError: a date is none.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            _refuse(f"it is nested more than {MAX_DEPTH} deep", event)
        if anchor := getattr(event, "anchor", None):
            _refuse(f"anchors and aliases such as &{anchor} are not read; repeat", event)
    return _Loader(text).get_single_data()


def _refuse(problem: str, place: Any) -> NoReturn:
    raise yaml.MarkedYAMLError(None, None, problem, place.start_mark)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping, empty for an empty file; all else is a ``ConfigError``."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"'{path}' is larger than {MAX_BYTES // 1_000_000} MB")
        values = parse_yaml(content.decode("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"'{path}' does not exist") from None
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"'{path}' is not valid YAML: {error}") from None
    if not isinstance(values, dict | None):
        raise ConfigError(f"'{path}' must hold keys and values, not a {type(values).__name__}")
    return values or {}
