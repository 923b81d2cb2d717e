"""The answer to a row: each of its fields is one entry of ``FIELDS``.

A field that is added here stands in the answers, in the OpenAPI document and in batch scores.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, create_model

from ..contract import Contract
from ..models.bundle import Bundle
from ..models.inputs import Inputs
from ..models.profile import MOST_CATEGORIES
from ..models.tasks import Outputs
from ..values import MISSING_CATEGORY

Known = Mapping[str, frozenset[str]]


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
    values: Callable[[Predicted], list[Any] | None]
    """By row; ``None`` where no row has any."""
    optional: bool = False
    """Whether a row may be without it."""
    scored: bool = True
    """Whether batch scores have it, too."""


def _probabilities(predicted: Predicted) -> list[Any]:
    labels = predicted.bundle.contract.labels or ()
    return [dict(zip(labels, row, strict=True)) for row in predicted.outputs.tolist()]


def _warnings(predicted: Predicted) -> list[Any] | None:
    """Category values that no training row had."""
    found: dict[int, list[str]] = {}
    for index, name in enumerate(predicted.bundle.contract.category):
        known = predicted.known.get(name)
        if known is None:
            continue
        for row, value in enumerate(predicted.inputs.category[:, index]):
            if value not in known:
                found.setdefault(row, []).append(f"{name}: no training row has this value")
    return [found.get(row) for row in range(len(predicted.inputs))] if found else None


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
        scored=False,
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
    fields = fields_of(predicted.bundle.contract)
    columns = {field.name: field.values(predicted) for field in fields}
    return {name: values for name, values in columns.items() if values is not None}


def answer_rows(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """The answers as an object for each row; what a row is without is left out."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    optional = [field.name for field in FIELDS if field.optional]
    if not columns.keys() & optional:
        return rows
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def answer_model(contract: Contract) -> type[BaseModel]:
    """The answer to a request, for the OpenAPI document."""
    fields: dict[str, Any] = {}
    for field in fields_of(contract):
        kind, default = field.type(contract), None if field.optional else ...
        kind = kind | None if field.optional else kind
        fields[field.name] = (kind, Field(default, description=field.description))
    row: Any = create_model("Prediction", **fields)
    return create_model(
        "Answer",
        model=(str, Field(description="Name of the model that answered.")),
        version=(int, Field(description="Its version.")),
        request_id=(str, Field(description="The caller's X-Request-ID, or one made here.")),
        predictions=(list[row], Field(description="By row, in their order.")),
    )
