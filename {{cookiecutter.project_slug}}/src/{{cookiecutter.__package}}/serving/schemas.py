"""Requests and answers, derived from the contract.

Rows are typed dictionaries, not models: any column name is a valid key, even ``_x``, ``class`` or
``model_config``.
"""

from math import isfinite
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from annotated_types import Ge, Le, Len
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict as NamedDict

from ..contract import Column, Contract
from ..values import canonical_category

MAX_TEXT = 1_000
INT64 = (-(2**63), 2**63 - 1)  # as wide as an integer in a file
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Row = dict[str, Any]


class BinaryPrediction(BaseModel):
    """The answer to one row, where a value's probability is predicted."""

    probability: float = Field(ge=0, le=1, description="Probability of the positive value.")
    decision: bool = Field(description="Whether the probability reaches the model's threshold.")


class MulticlassPrediction(BaseModel):
    """The answer to one row, where one of several labels is predicted."""

    probability: float = Field(ge=0, le=1, description="Probability of the label decided for.")
    decision: str = Field(description="The likeliest label.")
    probabilities: dict[str, float] = Field(description="Probability of every label.")


class RegressionPrediction(BaseModel):
    """The answer to one row, where a number is predicted."""

    value: float = Field(description="Predicted value, in the target's unit.")


Prediction = BinaryPrediction | MulticlassPrediction | RegressionPrediction


class Answer(BaseModel):
    """The answer to a request, rows in its order."""

    model: str = Field(description="Name of the model that answered.")
    version: int = Field(description="Its version.")
    request_id: str = Field(description="The caller's X-Request-ID, or one made here.")
    predictions: list[Prediction]


class Fault(BaseModel):
    """One field that broke one rule."""

    field: str = Field(description="Path of the field, such as rows.0.distance.")
    rule: str = Field(description="A stable code of the rule.")
    message: str = Field(description="What is valid.")


class Problem(BaseModel):
    """Every error's shape."""

    code: str = Field(description="A stable code of the error.")
    message: str = Field(description="What is wrong and what to do.")
    faults: list[Fault] = Field(default=[], description="At most 20.")
    request_id: str


class Accepted(BaseModel):
    """The answer to feedback."""

    accepted: int = Field(description="Labels that were written.")
    request_id: str


class Predict(TypedDict):
    """A prediction request after validation."""

    rows: list[Row]


class Label(TypedDict):
    """An outcome that became known; without an id in the contract by request and row."""

    id: NotRequired[Any]
    request_id: NotRequired[str]
    row: NotRequired[int]
    label: Any


class Feedback(TypedDict):
    """A feedback request after validation."""

    labels: list[Label]


def row_type(contract: Contract) -> Any:
    """The typed dictionary of a request's row: each column with its rules."""
    fields = {name: _field(contract, name) for name in contract.request}
    return _closed("Row", fields)


def predict_adapter(contract: Contract, max_rows: int) -> TypeAdapter[Predict]:
    """Validates the body of a prediction request, bytes to rows."""
    row = row_type(contract)
    rows: Any = Annotated[list[row], Len(1, max_rows)]  # type: ignore[valid-type]
    return TypeAdapter(_closed("Predict", {"rows": rows}))


def feedback_adapter(contract: Contract, max_rows: int) -> TypeAdapter[Feedback]:
    """Validates the body of a feedback request: which row, and the target's value."""
    target = contract.columns[contract.target]
    value: Any = Literal[contract.labels] if contract.labels else _value(target)
    if contract.id is not None:
        row: dict[str, Any] = {"id": _value(contract.columns[contract.id])}
    else:
        request = Annotated[str, Field(description="X-Request-ID of the prediction.")]
        place = Annotated[
            int, Ge(0), Field(description="Which of its rows, from 0; 0 unless said.")
        ]
        row = {"request_id": request, "row": NotRequired[place]}
    if contract.labels:
        value = Annotated[value, BeforeValidator(_text)]
    label: Any = _closed("Label", {**row, "label": value})
    labels: Any = Annotated[list[label], Len(1, max_rows)]
    return TypeAdapter(_closed("Feedback", {"labels": labels}))


def _closed(name: str, fields: dict[str, Any]) -> Any:
    """A typed dictionary made at run time, strict, that takes no other keys."""
    make: Any = NamedDict  # the type checker knows only those written out
    made = make(name, fields)
    made.__pydantic_config__ = STRICT
    return made


def prediction_type(contract: Contract) -> type[BaseModel]:
    """What is answered to a row."""
    types: dict[str, type[BaseModel]] = {
        "binary": BinaryPrediction,
        "multiclass": MulticlassPrediction,
        "regression": RegressionPrediction,
    }
    return types[contract.task]


def _field(contract: Contract, name: str) -> Any:
    column = contract.columns[name]
    value: Any = Annotated[_value(column), Field(description=_description(column))]
    optional = column.nullable or contract.role(name) == "id"
    return NotRequired[value | None] if optional else value


def _value(column: Column) -> Any:
    if column.type in {"integer", "float"}:
        whole = column.type == "integer"
        low = INT64[0] if whole and column.minimum is None else column.minimum
        high = INT64[1] if whole and column.maximum is None else column.maximum
        rules = [
            *([Ge(low)] if low is not None else []),
            *([Le(high)] if high is not None else []),
        ]
        number: Any = int if whole else float
        return Annotated[number, *rules] if rules else number
    if column.type == "boolean":
        return bool
    if column.type == "timestamp":
        return AwareDatetime
    text: Any = Annotated[str, Len(0, MAX_TEXT)]
    if column.type == "string":
        return text
    if column.allowed is not None:
        text = Literal[column.allowed]
    return Annotated[text, BeforeValidator(_text)]


def _text(value: object) -> object:
    """A number or boolean sent for a category is its canonical text, as in files; NaN is neither."""
    text = isinstance(value, str | bool | int) or (isinstance(value, float) and isfinite(value))
    return canonical_category(value) if text else value


def _description(column: Column) -> str:
    parts = [column.type, column.unit, "may be missing" if column.nullable else None]
    return ", ".join(part for part in parts if part)
