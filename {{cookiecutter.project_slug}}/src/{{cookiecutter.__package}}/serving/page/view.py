"""What the page shows of a model: a predictor in, plain values out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...config import GateConfig
from ...contract import Contract
from ...models.metrics import METRICS
from ...models.versions import Move
from ...values import canonical_category
from ..predictor import Predictor
from ..schemas import is_optional


def view(predictor: Predictor, promotion: Move | None) -> dict[str, Any]:
    """A version with its quality on the test rows, and a field for each column of a request."""
    contract, metadata = predictor.bundle.contract, predictor.bundle.metadata
    move, settings = promotion or {}, metadata["settings"]
    typical = metadata["typical"]
    return {
        "name": predictor.name,
        "version": predictor.version,
        "task": contract.task,
        "purpose": _purpose(contract),
        "intended_use": settings.get("intended_use"),
        "target": contract.target,
        "positive": canonical_category(contract.positive),
        "unit": contract.columns[contract.target].unit,
        "threshold": metadata["threshold"],
        "timezone": contract.timezone,
        "since": move.get("when"),
        "why": move.get("why") or None,
        "confidence": settings.get("gate", {}).get("confidence", GateConfig().confidence),
        "measures": _measures(metadata["metrics"]),
        "fields": [_field(contract, name, typical.get(name)) for name in contract.request],
    }


def _purpose(contract: Contract) -> str:
    target = contract.columns[contract.target]
    if contract.task == "binary":
        positive = canonical_category(contract.positive)
        return f"Predicts the probability that {contract.target} is {positive}."
    if contract.task == "multiclass":
        return f"Predicts which of {len(contract.labels or ())} values {contract.target} has."
    return f"Predicts {contract.target}{f' in {target.unit}' if target.unit else ''}."


def _measures(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The model's metrics, the first of which decides, beside those of simpler models."""
    others = {name: found for name, found in metrics.items() if name != "model"}
    return [
        {
            "title": METRICS[key].title,
            "higher_is_better": METRICS[key].sign > 0,
            **{part: found[part] for part in ("value", "low", "high")},
            "others": {name: of[key]["value"] for name, of in others.items() if key in of},
        }
        for key, found in metrics["model"].items()
        if key in METRICS
    ]


def _field(contract: Contract, name: str, value: Any) -> dict[str, Any]:
    """A column for a form, with a typical value as a person would type it."""
    column = contract.columns[name]
    if value is None or contract.id == name:  # a try is not taken for the row that it was made from
        text = None
    elif column.type == "timestamp":
        local = datetime.fromisoformat(value).astimezone(contract.zone)
        text = local.replace(tzinfo=None).isoformat(timespec="seconds")
    elif column.type == "float":
        text = f"{value:.9g}"  # digits enough for float32, which is what the model sees
    else:
        text = canonical_category(value)
    rules = column.model_dump(include={"type", "unit", "minimum", "maximum", "allowed"})
    return {"name": name, **rules, "optional": is_optional(contract, name), "value": text}
