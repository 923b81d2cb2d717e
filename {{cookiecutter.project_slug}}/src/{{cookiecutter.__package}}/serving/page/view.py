"""What the page shows of a model. Pure: a predictor in, plain values out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ...config import GateConfig
from ...contract import Column, Contract
from ...models.metrics import METRICS
from ...models.versions import Move
from ...values import canonical_category
from ..predictor import Predictor
from ..requests import is_optional


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a request, for a form."""

    name: str
    type: str
    unit: str | None
    minimum: float | None
    maximum: float | None
    allowed: tuple[str, ...] | None
    optional: bool
    value: str | None
    """A typical one as a person would type it; times are local to the contract's zone."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric on the test rows: its interval, and what simpler models reached."""

    title: str
    higher_is_better: bool
    value: float | None
    low: float | None
    high: float | None
    others: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Model:
    """The version that serves."""

    name: str
    version: int
    task: str
    purpose: str
    intended_use: str | None
    target: str
    positive: str
    """Binary: the value whose probability is predicted."""
    unit: str | None
    """Regression: of the target."""
    threshold: float | None
    timezone: str
    since: str | None
    why: str | None
    """Why it was promoted."""
    confidence: float
    """Of the measures' intervals."""
    measures: tuple[Measure, ...]
    fields: tuple[Field, ...]


def view(predictor: Predictor, promotion: Move | None) -> Model:
    """A version as the page shows it."""
    contract, metadata = predictor.bundle.contract, predictor.bundle.metadata
    move, settings = promotion or {}, metadata["settings"]
    return Model(
        name=predictor.name,
        version=predictor.version,
        task=contract.task,
        purpose=_purpose(contract),
        intended_use=settings.get("intended_use"),
        target=contract.target,
        positive=canonical_category(contract.positive),
        unit=contract.columns[contract.target].unit,
        threshold=metadata["threshold"],
        timezone=contract.timezone,
        since=move.get("when"),
        why=move.get("why") or None,
        confidence=settings.get("gate", {}).get("confidence", GateConfig().confidence),
        measures=_measures(metadata["metrics"]),
        fields=tuple(_field(contract, name, metadata["typical"]) for name in contract.request),
    )


def _purpose(contract: Contract) -> str:
    if contract.task == "binary":
        return (
            f"Predicts how probable it is that {contract.target} is"
            f" {canonical_category(contract.positive)}."
        )
    if contract.task == "multiclass":
        return f"Predicts which of {len(contract.labels or ())} values {contract.target} has."
    unit = contract.columns[contract.target].unit
    return f"Predicts {contract.target}{f', in {unit}' if unit else ''}."


def _measures(metrics: Mapping[str, Any]) -> tuple[Measure, ...]:
    """The model's, in their order; the first decides."""
    others = {name: found for name, found in metrics.items() if name != "model"}
    return tuple(
        Measure(
            title=METRICS[key].title,
            higher_is_better=METRICS[key].sign > 0,
            value=found["value"],
            low=found["low"],
            high=found["high"],
            others={name: of[key]["value"] for name, of in others.items() if key in of},
        )
        for key, found in metrics["model"].items()
        if key in METRICS
    )


def _field(contract: Contract, name: str, typical: Mapping[str, Any]) -> Field:
    column = contract.columns[name]
    named = contract.id == name  # a try is not to be taken for the row that it was made from
    return Field(
        name=name,
        type=column.type,
        unit=column.unit,
        minimum=column.minimum,
        maximum=column.maximum,
        allowed=column.allowed,
        optional=is_optional(contract, name),
        value=None if named else _text(column, typical.get(name), contract.zone),
    )


def _text(column: Column, value: Any, zone: ZoneInfo) -> str | None:
    if value is None:
        return None
    if column.type == "timestamp":
        local = datetime.fromisoformat(value).astimezone(zone)
        return local.replace(tzinfo=None).isoformat(timespec="seconds")
    if column.type == "float":
        return f"{value:.9g}"  # digits enough for float32, which is what the model sees
    return canonical_category(value)
