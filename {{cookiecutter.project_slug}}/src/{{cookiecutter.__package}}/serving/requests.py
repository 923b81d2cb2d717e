"""Request bodies, derived from the contract.

Rows are typed dictionaries, not models: any column name is a valid key, even ``_x``, ``class`` or
``model_config``.
"""

import json
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, NotRequired, TypedDict, TypeVar, get_args

from annotated_types import Ge, Le, Len
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, from_json
from typing_extensions import TypedDict as NamedDict

from ..contract import Contract
from ..rules import descriptions, rules_of
from ..values import canonical_category

MAX_TEXT = 1_000
CANONICAL = r"^(\S|\S(?s:.)*[^\s0eE]|(\S(?s:.)*)?[^\s.0]0+|[^\sTF](?s:.)*[eE])$"
"""Nearly all of the text that ``canonical_category`` leaves as it is."""
INT64 = (-(2**63), 2**63 - 1)  # as wide as an integer in a file
TEXT = Annotated[str, Len(0, MAX_TEXT)]
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Body = TypeVar("Body")
Row = dict[str, Any]
Columns = dict[str, list[Any]]
PROBABILITIES = Annotated[
    bool, Field(description="Whether to answer the probability of every value, too.")
]


class Predict(TypedDict):
    """A prediction request after validation."""

    rows: list[Row]
    probabilities: NotRequired[bool]


class PredictColumns(TypedDict):
    """A bulk prediction request after validation; every list has an item for each row."""

    columns: Columns
    probabilities: NotRequired[bool]


class Label(TypedDict):
    """An outcome that became known; without an id in the contract by request and row."""

    id: NotRequired[Any]
    request_id: NotRequired[str]
    row: NotRequired[int]
    label: Any


class Feedback(TypedDict):
    """A feedback request after validation."""

    labels: list[Label]


def validated(adapter: TypeAdapter[Body], body: bytes | str) -> Body:
    """What a body says.

    It is parsed first and then validated. A validator of JSON looks a column up by going through an
    object's keys, which takes twice as long where there are 300; it is asked what is wrong.

    Raises:
        ValidationError: it is not valid.
    """
    try:
        return adapter.validate_python(from_json(body))
    except ValueError:
        return adapter.validate_json(body)


def row_type(contract: Contract) -> Any:
    """The typed dictionary of a request's row: each column with its rules."""
    fields = {name: _field(contract, name) for name in contract.request}
    return _closed("Row", fields)


def predict_adapter(contract: Contract, max_rows: int) -> TypeAdapter[Predict]:
    """Validates the body of a prediction request, bytes to rows."""
    row = row_type(contract)
    rows: Any = Annotated[list[row], Len(1, max_rows)]  # type: ignore[valid-type]
    return TypeAdapter(_closed("Predict", {"rows": rows, **_options(contract)}))


def columns_adapter(contract: Contract, max_rows: int) -> TypeAdapter[PredictColumns]:
    """Validates the body of a bulk prediction request, bytes to a list for each column."""

    def alike(columns: Columns) -> Columns:
        lengths = sorted({len(values) for values in columns.values()})
        if len(lengths) != 1:
            found = " and ".join(map(str, lengths)) or "none"
            raise PydanticCustomError(
                "lengths_differ", "Columns should have one length, not {found}", {"found": found}
            )
        return columns

    fields: dict[str, Any] = {}
    for name in contract.request:
        value: Any = _value(contract, name)
        optional = is_optional(contract, name)
        values: Any = Annotated[
            list[value | None] if optional else list[value],
            Len(1, max_rows),
            Field(description=_description(contract, name)),
        ]
        fields[name] = NotRequired[values] if optional else values
    columns: Any = Annotated[_closed("Columns", fields), AfterValidator(alike)]
    return TypeAdapter(_closed("PredictColumns", {"columns": columns, **_options(contract)}))


def feedback_adapter(contract: Contract, max_rows: int) -> TypeAdapter[Feedback]:
    """Validates the body of a feedback request: which row, and the target's value."""
    value = _value(contract, contract.target)
    if contract.id is not None:
        row: dict[str, Any] = {"id": _value(contract, contract.id)}
    else:
        request = Annotated[str, Field(description="X-Request-ID of the prediction.")]
        place = Annotated[
            int, Ge(0), Field(description="Which of its rows, from 0; 0 unless said.")
        ]
        row = {"request_id": request, "row": NotRequired[place]}
    label: Any = _closed("Label", {**row, "label": value})
    labels: Any = Annotated[list[label], Len(1, max_rows)]
    return TypeAdapter(_closed("Feedback", {"labels": labels}))


def _closed(name: str, fields: dict[str, Any]) -> Any:
    """A typed dictionary made at run time, strict, that takes no other keys."""
    make: Any = NamedDict  # the type checker knows only those written out
    made = make(name, fields)
    made.__pydantic_config__ = STRICT
    return made


def _options(contract: Contract) -> dict[str, Any]:
    return {} if contract.task == "regression" else {"probabilities": NotRequired[PROBABILITIES]}


def _field(contract: Contract, name: str) -> Any:
    value: Any = Annotated[_value(contract, name), Field(description=_description(contract, name))]
    return NotRequired[value | None] if is_optional(contract, name) else value


def is_optional(contract: Contract, name: str) -> bool:
    """Whether a request may leave a column out, or null."""
    return contract.columns[name].nullable or contract.role(name) == "id"


def _value(contract: Contract, name: str) -> Any:
    """The type of a column's values with the rules that a single value can be held to."""
    column = contract.columns[name]
    bounds = {rule.name: rule.request(bound) for rule, bound in rules_of(contract, name)}
    rules = [*bounds.get("minimum", ()), *bounds.get("maximum", ())]
    if column.type == "integer":
        widest = [Ge(INT64[0])] * ("minimum" not in bounds) + [Le(INT64[1])] * (
            "maximum" not in bounds
        )
        return Annotated[int, *rules, *widest, _Whole()]
    if column.type == "float":
        return Annotated[float, *rules] if rules else float
    if column.type == "boolean":
        return bool
    if column.type == "timestamp":
        return Annotated[AwareDatetime, _Written()]
    if column.type == "string":
        return TEXT
    (values,) = bounds.get("allowed", (TEXT,))
    allowed = None if values is TEXT else get_args(values)
    return Annotated[values, _Canonical(allowed=allowed)]


@dataclass(frozen=True, kw_only=True)
class _Canonical:
    """A number or boolean sent for a category is its canonical text, as in files; NaN is neither.

    Text that is canonical as it comes, as nearly all is, is told apart without calling Python.
    """

    allowed: tuple[str, ...] | None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        valid = handler(source)
        others = core_schema.no_info_before_validator_function(_text, valid)
        if self.allowed is not None:
            *first, last = map(repr, self.allowed)
            expected = f"{', '.join(first)} or {last}" if first else last
            return core_schema.union_schema(
                [valid, others],
                mode="left_to_right",
                custom_error_type="literal_error",
                custom_error_context={"expected": expected},
            )
        text = core_schema.union_schema(
            [core_schema.str_schema(pattern=CANONICAL), others],
            mode="left_to_right",
            custom_error_type="string_type",
        )
        return core_schema.chain_schema([text, valid])

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kinds: dict[str, Any] = {"type": ["string", "number", "boolean"], "maxLength": MAX_TEXT}
        return kinds if self.allowed is None else {"enum": _as_sent(self.allowed)}


@dataclass(frozen=True)
class _Whole:
    """An integer, which JSON may write as 2.0, too; these are told apart without calling Python."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        written = core_schema.no_info_after_validator_function(
            _whole, core_schema.float_schema(strict=True)
        )
        either = core_schema.union_schema(
            [core_schema.int_schema(strict=True), written],
            mode="left_to_right",
            custom_error_type="int_type",
        )
        return core_schema.chain_schema([either, handler(source)])

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        chain: Any = schema
        return handler(chain["steps"][-1])


@dataclass(frozen=True)
class _Written:
    """A time, which JSON has as text; Python's strict validator would take no text."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        valid = handler(source)
        steps = [core_schema.str_schema(strict=True), core_schema.datetime_schema(strict=False)]
        parsed = core_schema.chain_schema([*steps, valid])
        return core_schema.json_or_python_schema(json_schema=valid, python_schema=parsed)


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError("not an integer")
    return int(value)


def _as_sent(allowed: tuple[str, ...]) -> list[str | float | bool]:
    """Category texts, and what else of JSON becomes one of them."""
    others = [value for text in allowed if (value := _other(text)) is not None]
    return [*allowed, *others]


def _other(text: str) -> float | bool | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    is_other = isinstance(value, bool | int | float) and canonical_category(value) == text
    return value if is_other else None


def _text(value: object) -> object:
    text = isinstance(value, str | bool | int) or (isinstance(value, float) and isfinite(value))
    return canonical_category(value) if text else value


def _description(contract: Contract, name: str) -> str:
    return ", ".join([contract.columns[name].type, *descriptions(contract, name)])
