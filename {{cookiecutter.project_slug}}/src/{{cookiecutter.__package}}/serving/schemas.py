"""Request bodies, derived from the contract: strict, and refused at a cost that their size bounds.

A body is parsed once, looked at, and validated once. A validator of JSON bytes makes an error for each
unknown key: 4 MB of them took 11 s. So a row with more keys than there are columns is refused by its
length, and validation ends at the first row that is not valid. Rows are typed dictionaries, not
models: any column name is a valid key, even ``_x``, ``class`` or ``model_config``.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal, NotRequired, get_origin

from annotated_types import Ge, Le, Len
from pydantic import BeforeValidator, ConfigDict, FailFast, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, from_json
from typing_extensions import TypedDict

from ..contract import Contract
from ..rules import descriptions, rules_of
from ..values import canonical_category
from .problems import MAX_FAULTS, ProblemError, invalid, invalid_by

MAX_TEXT, MAX_NAME = 1_000, 100
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
Row = dict[str, Any]


class BodySchema:
    """A body ``{name: [row, …]}``, of typed dictionaries."""

    def __init__(self, title: str, name: str, row: Any, max_rows: int) -> None:
        rows: Any = list[row]
        self.type = _closed(title, {name: Annotated[rows, FailFast(), Len(1, max_rows)]})
        """For the OpenAPI document."""
        self._name, self._max_rows = name, max_rows
        self._columns = frozenset(row.__annotations__)
        self._validate = TypeAdapter[dict[str, list[Row]]](self.type).validate_python

    def read(self, body: bytes) -> list[Row]:
        """The rows of a body; raises ``ProblemError`` where it is not valid."""
        name = self._name
        try:
            content = from_json(body)
        except ValueError as error:
            raise invalid((("body",), "json_invalid", str(error))) from None
        if type(content) is not dict or type(rows := content.get(name)) is not list:
            shape = f'a body is an object as {{"{name}": […]}}'
            raise invalid((("body",), "shape", shape))
        if len(content) > 1:
            raise _unknown_keys(("body",), content, {name})
        if len(rows) > self._max_rows:
            message = f"a request may have {self._max_rows:,} rows; send several requests"
            raise invalid(((name,), "too_long", message))
        for number, row in enumerate(rows):
            if type(row) is dict and len(row) > len(self._columns):
                raise _unknown_keys((name, number), row, self._columns)
        try:
            return self._validate(content)[name]
        except ValidationError as error:
            raise invalid_by(error) from None


def row_type(contract: Contract) -> Any:
    """The typed dictionary of a request's row: each column with its rules."""
    fields: dict[str, Any] = {}
    for name in contract.request:
        value: Any = _value(contract, name)
        text = ", ".join([contract.columns[name].type, *descriptions(contract, name)])
        value = Annotated[value, Field(description=text)]
        fields[name] = NotRequired[value | None] if is_optional(contract, name) else value
    return _closed("Row", fields)


def is_optional(contract: Contract, name: str) -> bool:
    """Whether a request may leave a column out, or null."""
    return contract.columns[name].nullable or contract.role(name) == "id"


def label_type(contract: Contract) -> Any:
    """The typed dictionary of a label: which row, and the target's value."""
    if contract.id is not None:
        row: dict[str, Any] = {"id": _value(contract, contract.id)}
    else:
        request = Field(description="X-Request-ID of the prediction.")
        place = Field(description="Which of its rows, from 0; 0 unless given.")
        row = {
            "request_id": Annotated[str, Len(1, MAX_NAME), request],
            "row": NotRequired[Annotated[int, Ge(0), place]],
        }
    return _closed("Label", {**row, "label": _value(contract, contract.target)})


def _closed(name: str, fields: dict[str, Any]) -> Any:
    """A typed dictionary made at run time, strict, that takes no other keys."""
    make: Any = TypedDict  # the type checker knows only those written out
    made = make(name, fields)
    made.__pydantic_config__ = STRICT
    return made


def _value(contract: Contract, name: str) -> Any:
    """The type of a column's values with the rules that a single value can be held to."""
    kind, readers = TYPES[contract.columns[name].type]
    rules = [part for rule, bound in rules_of(contract, name) for part in rule.request(bound)]
    for values in (part for part in rules if get_origin(part) is Literal):
        kind, readers = values, [BeforeValidator(_category)]  # documented as these values alone
    checks = [part for part in rules if get_origin(part) is not Literal]
    return Annotated[kind, *checks, *readers] if checks or readers else kind


def _whole(value: object) -> object:
    """An integer, also one that is written as 2.0."""
    return int(value) if type(value) is float and value.is_integer() else value


def _category(value: object) -> object:
    """A number or boolean sent for a category is its canonical text, as in files; NaN is neither."""
    if isinstance(value, str | bool | int) or (isinstance(value, float) and value - value == 0):
        return canonical_category(value)
    return value


def _time(value: object) -> object:
    """ISO 8601 with its zone, and nothing else: pydantic reads "20131220" as seconds since 1970."""
    try:
        if isinstance(value, str) and ISO.fullmatch(value):
            return datetime.fromisoformat(value.upper())
    except ValueError:
        pass
    text = "Input should be a time as 2024-12-31T23:59:59+01:00, with its zone"
    raise PydanticCustomError("timestamp", text)


TEXT = Annotated[str, Len(0, MAX_TEXT)]
TYPES: dict[str, tuple[Any, list[BeforeValidator]]] = {
    "float": (float, []),
    "integer": (Annotated[int, Ge(-(2**63)), Le(2**63 - 1)], [BeforeValidator(_whole)]),
    "boolean": (bool, []),
    "timestamp": (datetime, [BeforeValidator(_time)]),
    "string": (TEXT, []),
    "category": (TEXT, [BeforeValidator(_category, json_schema_input_type=TEXT | float | bool)]),
}
"""By the contract's type: the type of a value, and what it is read by."""


def _unknown_keys(place: tuple[object, ...], content: Row, known: Iterable[str]) -> ProblemError:
    """The answer to an object of more keys than are known, made without a look at its values."""
    unknown = islice((key for key in content if key not in known), MAX_FAULTS)
    return invalid(*(((*place, key), "extra_forbidden", "no such name") for key in unknown))
