"""The base of every section of the settings and of the contract, and messages about their faults."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]
MAX_LENGTH, MAX_NAMES = 80, 20
MESSAGES = {"extra_forbidden": "there is no such key", "missing": "required, and not given"}


class Section(BaseModel):
    """Frozen; an unknown key is an error; the lines under the fields describe them."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


def explain(
    error: ValidationError,
    what: str,
    values: Any = None,
    known: Iterable[str] = (),
    section: str | None = None,
) -> str:
    """One line for each fault of ``values``: its key, what is wrong, what was given or is similar.

    A similar key is one of ``known``; the keys are those of a ``section``, if one is named.
    """
    lines, known = [f"{what}: {error.error_count()} not valid"], list(known)
    for fault in error.errors(include_url=False):
        kind, keys = fault["type"], _keys(fault, values)
        key = ".".join(str(part) for part in (section, *keys) if part is not None)
        message = MESSAGES.get(kind) or fault["msg"].removeprefix("Value error, ")
        if kind == "extra_forbidden":
            message += nearest(key, known)
        elif kind not in {"missing", "value_error"}:
            message += f"; given {_shorten(fault['input'])}"
        lines.append(f"  {key}: {message}" if key else f"  {message}")
    return "\n".join(lines)


def _keys(fault: ErrorDetails, values: Any) -> list[int | str]:
    """The keys in the values that lead to a fault, without the types that pydantic tried."""
    place = fault["loc"]
    if values is None:
        return list(place)
    keys: list[int | str] = []
    for part in place:
        with suppress(LookupError, TypeError):  # a part that is no key is a type that was tried
            values = values[part]
            keys.append(part)
    return [*keys, place[-1]] if fault["type"] == "missing" else keys


def _shorten(value: object) -> str:
    """A value for a message; of a mapping or table its keys alone, for a value may be a secret."""
    if isinstance(value, Mapping):
        return f"the keys {_shorten(list(value))}"
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"


def keys_of(annotation: Any, prefix: str = "") -> Iterator[str]:
    """Every key that a section takes, with those inside it, by dotted name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield prefix + name
            yield from keys_of(field.annotation, f"{prefix}{name}.")
    for part in get_args(annotation):
        yield from keys_of(part, prefix)


def unknown(name: str, what: str, known: Iterable[str]) -> str:
    """The sentence that a name is none of those known, with the first of them and the nearest."""
    names = list(known)
    shown = ", ".join(names[:MAX_NAMES]) + ", …" * (len(names) > MAX_NAMES)
    return f"'{name}' is not one of {what}: {shown}{nearest(name, names)}"


def nearest(key: str, known: Iterable[str]) -> str:
    """``; did you mean 'train.epochs'?``: a key with the same last part or a similar name, if any."""
    last, names = key.rpartition(".")[2], list(known)
    by_end = {name.rpartition(".")[2]: name for name in reversed(names)}
    longer = [end for end in by_end if end.startswith(last)]
    similar = get_close_matches(key, names, 1, 0.8) or longer or get_close_matches(last, by_end, 1)
    meant = by_end.get(last) or (by_end.get(similar[0], similar[0]) if similar else last)
    return "" if meant == last else f"; did you mean '{meant}'?"
