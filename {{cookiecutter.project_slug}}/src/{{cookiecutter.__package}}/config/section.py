"""The base of every section of the settings and of the contract, and messages about their faults."""

from collections.abc import Iterable, Iterator
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
    error: ValidationError, what: str, values: Any = None, known: Iterable[str] = ()
) -> str:
    """One line for each fault of ``values``: its key, what is wrong, what was given or is similar.

    A similar key is one of ``known``. Of what was given only single values are shown, for a mapping
    may hold a secret.
    """
    lines, known = [f"{what}: {error.error_count()} not valid"], list(known)
    for fault in error.errors(include_url=False):
        kind, given = fault["type"], fault["input"]
        keys = fault["loc"] if values is None else _keys(fault, values)
        key = ".".join(map(str, keys))
        message = MESSAGES.get(kind) or fault["msg"].removeprefix("Value error, ")
        if kind == "extra_forbidden":
            message += nearest(key, known)
        elif kind not in {"missing", "value_error"}:
            many = isinstance(given, dict | list)
            text = f"a {type(given).__name__} of {len(given)}" if many else repr(given)
            message += f"; given {text[:MAX_LENGTH]}{'…' * (len(text) > MAX_LENGTH)}"
        lines.append(f"  {key}: {message}" if key else f"  {message}")
    return "\n".join(lines)


def _keys(fault: ErrorDetails, values: Any) -> list[int | str]:
    """The keys in the values that lead to a fault, without the types that pydantic tried."""
    place, keys = fault["loc"], list[int | str]()
    for part in place:
        with suppress(LookupError, TypeError):  # a part that is no key is a type that was tried
            values = values[part]
            keys.append(part)
    return [*keys, place[-1]] if fault["type"] == "missing" else keys


def keys_of(annotation: Any, prefix: str = "") -> Iterator[str]:
    """Every key that a section takes, with those inside it, by dotted name."""
    for name, field in getattr(annotation, "model_fields", {}).items():
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
    """``; did you mean 'train.epochs'?``: the known key that is most like this one, if any is."""
    names, last = list(known), key.rpartition(".")[2]
    ends = {name.rpartition(".")[2]: name for name in reversed(names)}
    similar = [ends[last]] if last in ends else get_close_matches(key, names, 1, 0.8)
    longer = [end for end in ends if end.startswith(last)]
    similar += [ends[end] for end in longer or get_close_matches(last, ends, 1)]
    return f"; did you mean '{similar[0]}'?" if similar and similar[0] != last else ""
