"""YAML files that people write, and messages about what is wrong in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import ConfigError

MAX_BYTES = 10_000_000
MAX_DEPTH = 20
SHOWN = 80
MAX_NAMES = 20
MESSAGES = {"extra_forbidden": "there is no such key", "missing": "required, and not given"}
Place = tuple[int | str, ...]


class RefusedError(yaml.MarkedYAMLError):
    """Valid YAML that no file of ours holds."""


class _Loader(yaml.CSafeLoader):
    """Takes no key twice, of which YAML would keep the last, and no key that is not a text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known: set[str] = set()
        for key, _ in node.value:
            problem = None
            if not isinstance(key, yaml.ScalarNode):
                problem = "a list or mapping is no key; is it a placeholder that is not filled in?"
            elif key.tag != "tag:yaml.org,2002:str":
                problem = f"the key {key.value} is not read as a text; put it in quotes"
            elif key.value in known:
                problem = f"the key '{key.value}' is given twice"
            if problem:
                raise RefusedError(None, None, problem, key.start_mark)
            known.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """The value that a text holds; the time that it takes is bounded by the text's length.

    Raises:
        RefusedError: it nests more than 20 deep, or has anchors, aliases, tags or unfit keys.
        YAMLError: it is not YAML.
        ValueError: a date or number in it is none.
    """
    depth = 0
    event: Any
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        problem = None
        if depth > MAX_DEPTH:
            problem = f"it is nested more than {MAX_DEPTH} deep"
        elif anchor:
            problem = f"anchors and aliases such as &{anchor} are not read; quote it, or repeat"
        elif tag:
            problem = f"tags are not read, and {tag} is one; put the text in quotes"
        if problem:
            raise RefusedError(None, None, problem, event.start_mark)
    return _Loader(text).get_single_data()


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: the file cannot be read, is too large, is not YAML or is not a mapping.
    """
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
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"'{path}' must hold keys and values, not a {type(values).__name__}")
    return values


def explain(
    error: ValidationError,
    what: str,
    place: Callable[[Place], Place] = lambda location: location,
    known: Iterable[str] = (),
    origins: Mapping[str, str] | None = None,
) -> str:
    """One line for each fault: its key, what is wrong, and what was given or is similar.

    A similar key is one of ``known``; ``origins`` names the variable or option that gave a key.
    """
    lines, known = [f"{what}: {error.error_count()} not valid"], list(known)
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in place(fault["loc"]))
        kind = fault["type"]
        message = MESSAGES.get(kind) or fault["msg"].removeprefix("Value error, ")
        if kind == "extra_forbidden":
            message += nearest(key, known)
        elif kind not in {"missing", "value_error"}:
            message += f"; given {_shorten(fault['input'])}"
        if origin := (origins or {}).get(key):
            message += f" ({origin})"
        lines.append(f"  {key}: {message}" if key else f"  {message}")
    return "\n".join(lines)


def _shorten(value: object) -> str:
    """A value for a message; of what holds others the keys alone, for a value may be a secret."""
    if isinstance(value, Mapping):
        return f"the keys {_shorten(list(value))}"
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


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


def unknown(name: str, what: str, known: Iterable[str]) -> str:
    """The sentence that a name is none of those known, with the first of them and the nearest."""
    names = list(known)
    shown = ", ".join(names[:MAX_NAMES]) + ", …" * (len(names) > MAX_NAMES)
    return f"'{name}' is not one of {what}: {shown}{nearest(name, names)}"


def nearest(key: str, known: Sequence[str]) -> str:
    """A question that ends a message, such as ``; did you mean 'model.kind'?``, or no text.

    It names a key of the same last part, else a similar one, else one that begins alike.
    """
    last = key.rpartition(".")[2]
    names = {name.rpartition(".")[2]: name for name in reversed(known)}
    longer = [name for name in names if len(last) > 2 and name.startswith(last)]
    similar = get_close_matches(key, known, 1, 0.8) or longer or get_close_matches(last, names, 1)
    meant = names.get(last) or (names.get(similar[0], similar[0]) if similar else None)
    return f"; did you mean '{meant}'?" if meant not in {None, last} else ""
