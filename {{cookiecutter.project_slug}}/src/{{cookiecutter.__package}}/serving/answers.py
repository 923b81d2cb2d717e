"""The answer to a row: each of its fields is one entry of ``FIELDS``.

A field that is added here stands in the answers, in the OpenAPI document and in batch scores.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, Field, create_model

from ..contract import Contract
from ..models.bundle import Bundle
from ..models.inputs import Inputs
from ..models.profile import MOST_CATEGORIES
from ..models.tasks import Outputs
from ..values import MISSING_CATEGORY, canonical_category

Values = list[Any] | None
"""By row; ``None`` where no row has any."""
Known = Mapping[str, frozenset[str]]
CLASSES = frozenset({"binary", "multiclass"})


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
    """One field of the answer to a row."""

    name: str
    description: str
    type: Callable[[Contract], Any]
    """Of its value in JSON."""
    values: Callable[[Predicted], Values]
    tasks: frozenset[str] = CLASSES | {"regression"}
    """Those that have it."""
    optional: bool = False
    """Whether a row may be without it."""
    on_request: bool = False
    """Whether only callers who ask for it get it; batch scores never have it."""


def _probabilities(predicted: Predicted) -> Values:
    """The probability of every value, by value; of two the positive one is last."""
    contract, outputs = predicted.bundle.contract, predicted.outputs.astype(np.float64)
    names = contract.labels or ()
    if contract.task == "binary":
        positive, target = canonical_category(contract.positive), contract.columns[contract.target]
        known = ("false", "true") if target.type == "boolean" else names or target.allowed or ()
        others = [name for name in known if name != positive]
        names = (others[0] if len(others) == 1 else f"not {positive}", positive)
        outputs = np.stack([1 - outputs, outputs], axis=1)
    return [dict(zip(names, row, strict=True)) for row in outputs.tolist()]


def _warnings(predicted: Predicted) -> Values:
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
        type=lambda _: float,
        values=lambda predicted: predicted.outputs.tolist(),
        tasks=frozenset({"regression"}),
    ),
    AnswerField(
        name="probability",
        description="Of the positive value, or of the label decided for.",
        type=lambda _: float,
        values=lambda p: np.asarray(p.bundle.task.certainty(p.outputs)).tolist(),
        tasks=CLASSES,
    ),
    AnswerField(
        name="decision",
        description="Whether the probability reaches the threshold, or the likeliest label.",
        type=lambda contract: bool if contract.task == "binary" else str,
        values=lambda predicted: predicted.bundle.task.decisions(predicted.outputs).tolist(),
        tasks=CLASSES,
    ),
    AnswerField(
        name="probabilities",
        description="Of every value, where the request asks for them.",
        type=lambda _: dict[str, float],
        values=_probabilities,
        tasks=CLASSES,
        optional=True,
        on_request=True,
    ),
    AnswerField(
        name="warnings",
        description="What is unusual about the row: a category that no training row had.",
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


def answer_columns(predicted: Predicted, *, probabilities: bool = False) -> dict[str, Any]:
    """The answers as a list for each field, in the order of the rows."""
    columns = {
        field.name: field.values(predicted)
        for field in fields_of(predicted.bundle.contract)
        if probabilities or not field.on_request
    }
    return {name: values for name, values in columns.items() if values is not None}


def answer_rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The answers as an object for each row; what a row is without is left out."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if "warnings" not in columns:
        return rows
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def answer_model(contract: Contract) -> type[BaseModel]:
    """The answer to a request, for the OpenAPI document."""
    fields: dict[str, Any] = {}
    for field in fields_of(contract):
        kind, description = field.type(contract), field.description
        kind, default = (kind | None, None) if field.optional else (kind, ...)
        fields[field.name] = (kind, Field(default, description=description))
    row: Any = create_model("Prediction", **fields)
    return create_model(
        "Answer",
        model=(str, Field(description="Name of the model that answered.")),
        version=(int, Field(description="Its version.")),
        request_id=(str, Field(description="The caller's X-Request-ID, or one made here.")),
        predictions=(list[row], Field(description="By row, in their order.")),
    )
