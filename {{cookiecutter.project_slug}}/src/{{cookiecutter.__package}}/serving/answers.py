"""The answer to a request; each field of the answer to a row is one entry of ``FIELDS``.

A field that is added here stands in the answers, in the OpenAPI document and in batch scores.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from ..contract import Contract
from ..models.bundle import Bundle
from ..models.inputs import Inputs
from ..models.profile import MOST_CATEGORIES
from ..models.tasks import Outputs
from ..values import MISSING_CATEGORY

Known = Mapping[str, frozenset[str]]
AnswerRow = dict[str, Any]


class Answer(TypedDict):
    """The answer to a request."""

    model: Annotated[str, Field(description="Name of the model that answered.")]
    version: Annotated[int, Field(description="Its version.")]
    request_id: Annotated[str, Field(description="The caller's X-Request-ID, or one made here.")]
    predictions: list[AnswerRow]
    """By row, in their order."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """Rows and what the model gives for them."""

    bundle: Bundle
    known: Known
    """By category column, the values of the training rows."""
    inputs: Inputs
    outputs: Outputs


@dataclass(frozen=True, kw_only=True)
class AnswerField:
    """One field of the answer to a row, for contracts of some tasks."""

    name: str
    description: str
    tasks: tuple[str, ...]
    type: Callable[[Contract], Any]
    values: Callable[[Predicted], list[Any]]
    """By row."""
    optional: bool = False
    """Whether a row may be without it, which then has ``None``."""


def _probabilities(predicted: Predicted) -> list[Any]:
    labels = predicted.bundle.contract.labels or ()
    return [dict(zip(labels, row, strict=True)) for row in predicted.outputs.tolist()]


def _warnings(predicted: Predicted) -> list[Any]:
    """Category values that no training row had."""
    warnings: list[list[str] | None] = [None] * len(predicted.inputs)
    for index, name in enumerate(predicted.bundle.contract.category):
        if known := predicted.known.get(name):
            for row, value in enumerate(predicted.inputs.category[:, index]):
                if value not in known:
                    text = f"{name}: no training row has this value"
                    warnings[row] = [*(warnings[row] or ()), text]
    return warnings


FIELDS = (
    AnswerField(
        name="value",
        description="Predicted value, in the target's unit.",
        tasks=("regression",),
        type=lambda _: float,
        values=lambda predicted: predicted.outputs.tolist(),
    ),
    AnswerField(
        name="probability",
        description="Of the positive value, or of the label decided for.",
        tasks=("binary", "multiclass"),
        type=lambda _: float,
        values=lambda p: (p.outputs if p.outputs.ndim == 1 else p.outputs.max(1)).tolist(),
    ),
    AnswerField(
        name="decision",
        description="Whether the probability reaches the threshold, or the likeliest label.",
        tasks=("binary", "multiclass"),
        type=lambda contract: bool if contract.task == "binary" else str,
        values=lambda predicted: predicted.bundle.task.decisions(predicted.outputs).tolist(),
    ),
    AnswerField(
        name="probabilities",
        description="Of every label.",
        tasks=("multiclass",),
        type=lambda _: dict[str, float],
        values=_probabilities,
    ),
    AnswerField(
        name="warnings",
        description="What is unusual about the row: a category that no training row had.",
        tasks=("binary", "multiclass", "regression"),
        type=lambda _: list[str],
        values=_warnings,
        optional=True,
    ),
)


def fields_of(contract: Contract) -> tuple[AnswerField, ...]:
    """Those of a contract's task."""
    return tuple(field for field in FIELDS if contract.task in field.tasks)


def known_categories(bundle: Bundle) -> Known:
    """Values of the training rows by column; a column of too many to list is left out."""
    columns = bundle.profile.get("columns", ())
    values = {one["name"]: one["values"] for one in columns if one["kind"] == "category"}
    return {
        name: frozenset((*values[name], MISSING_CATEGORY))
        for name in bundle.contract.category
        if 0 < len(values.get(name, ())) < MOST_CATEGORIES
    }


def answer_columns(predicted: Predicted) -> dict[str, list[Any]]:
    """The answers as a list for each field, in the order of the rows."""
    return {field.name: field.values(predicted) for field in fields_of(predicted.bundle.contract)}


def answer_rows(columns: Mapping[str, list[Any]]) -> list[AnswerRow]:
    """The answers as an object for each row; what a row is without is left out."""
    return [
        {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        for row in zip(*columns.values(), strict=True)
    ]


def answer_type(contract: Contract) -> Any:
    """The type of the answer to a request, for the OpenAPI document."""
    fields: dict[str, Any] = {}
    for field in fields_of(contract):
        kind: Any = Annotated[field.type(contract), Field(description=field.description)]
        fields[field.name] = NotRequired[kind] if field.optional else kind
    make: Any = TypedDict  # the type checker knows only those written out
    row: Any = make("Prediction", fields)
    rows: Any = Annotated[list[row], Field(description="By row, in their order.")]
    return make("Answer", Answer.__annotations__ | {"predictions": rows})
