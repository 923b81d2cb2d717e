"""Every key of every file below configs/."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.kinds import KINDS

from .page import Entry, Page, Table

UNITS = {
    "_s": "seconds",
    "_ms": "milliseconds",
    "_mb": "megabytes",
    "_bytes": "bytes",
    "_rows": "rows",
    "_days": "days",
    "_hours": "hours",
}
WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "object": "settings of its own",
}
BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}


def all_settings() -> Page:
    """Every key of every file below configs/."""
    tables: list[Table] = []
    for name, field in Config.model_fields.items():
        if field.exclude:  # what options say; their own pages tell of it
            continue
        tables += _sections(name, field.annotation)
        if name == "train":
            for kind, each in KINDS.items():
                tables.append(_section(f"train.model with kind: {kind}", each.settings))
    tables += [_section("contract.yaml", Contract), *_below("contract.yaml", Contract)]
    prefix = Config.__module__.partition(".")[0].upper()
    intro = (
        "Each section is a file, `configs/<section>.yaml`. The command line comes first"
        f" (`--set train.epochs=3`), then the environment (`{prefix}__TRAIN__EPOCHS=3`), then a file"
        " that `train --with` names, then `configs/`, then the defaults below. A key that is not here"
        " is refused."
    )
    return Page(title="Settings", intro=intro, tables=tuple(tables))


def _sections(path: str, annotation: Any) -> Iterator[Table]:
    """The tables of all settings that a place may take, and of those below them."""
    models = models_in(annotation)
    for model in models:
        title = path if len(models) == 1 else f"{path} with {_told_apart(model)}"
        yield _section(title, model)
        yield from _below(path, model)


def _below(path: str, model: type[BaseModel]) -> Iterator[Table]:
    for name, field in model.model_fields.items():
        named = "object" in _types(model, name) and not isinstance(field.annotation, type)
        yield from _sections(f"{path}.{name}{'.NAME' if named else ''}", field.annotation)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The settings that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def _told_apart(model: type[BaseModel]) -> str:
    """The key by which one of several is chosen, or the first that it demands."""
    for name, field in model.model_fields.items():
        if name in {"kind", "by"}:
            return f"{name}: {' or '.join(map(str, get_args(field.annotation)))}"
    return next(name for name, field in model.model_fields.items() if field.is_required())


def _section(title: str, model: type[BaseModel]) -> Table:
    properties = model.model_json_schema()["properties"]
    entries = (
        _setting(model, name, field, properties[name]) for name, field in model.model_fields.items()
    )
    return Table(
        title=title,
        intro=" ".join((model.__doc__ or "").replace("``", "`").split()),
        header=("setting", "takes", "unit", "default", "meaning"),
        entries=tuple(entries),
    )


def _setting(
    model: type[BaseModel], name: str, field: FieldInfo, schema: Mapping[str, Any]
) -> Entry:
    meaning = " ".join((field.description or "").replace("``", "`").split())
    if "const" in schema:
        meaning = meaning or f"Chooses these settings: {model.__doc__}"
    default = (
        "required" if field.is_required() else told(field.get_default(call_default_factory=True))
    )
    return Entry(name=name, meaning=meaning, more=(taken(schema), unit_of(name, schema), default))


def _types(model: type[BaseModel], name: str) -> set[str]:
    schema = model.model_json_schema()["properties"][name]
    return {part.get("type", "") for part in (schema, *schema.get("anyOf", []))}


def taken(schema: Mapping[str, Any]) -> str:
    """What a setting takes, in words."""
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return " or ".join(dict.fromkeys(taken(each) for each in several))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " · ".join(f"`{value}`" for value in values)
    if "prefixItems" in schema:
        return f"[{', '.join(taken(each) for each in schema['prefixItems'])}]"
    kind = schema.get("type", "object" if "$ref" in schema else "")
    if kind == "array":
        return f"list of {taken(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"by name: {taken(schema['additionalProperties'])}"
    if kind == "string" and schema.get("format") in {"date", "path"}:
        kind, word = "", str(schema["format"])
    else:
        word = WORDS.get(kind, "any value")
    bounds = [f"{sign} {schema[key]:g}" for key, sign in BOUNDS.items() if key in schema]
    return " ".join([word, *bounds])


def unit_of(name: str, schema: Mapping[str, Any]) -> str:
    """The unit that a name ends with; of a number between 0 and 1 a share."""
    parts = (schema, *schema.get("anyOf", []))
    if not any(part.get("type") in {"integer", "number"} for part in parts):
        return ""
    if any(part.get("exclusiveMaximum", part.get("maximum")) == 1 for part in parts):
        return "share"
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def told(value: object) -> str:
    """A default as one writes it in YAML; of settings in a table of their own nothing."""
    if isinstance(value, BaseModel):
        return "as below"
    if isinstance(value, dict) and value:
        return ", ".join(f"`{key}`" for key in value)
    if isinstance(value, Path | date):
        value = str(value)
    if value == "":
        return "empty"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value, default=str)}`"
