"""Validated rows to answers; knows no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from ..models.bundle import Bundle
from ..models.inputs import from_columns
from .schemas import Feedback, Predict, Row, feedback_adapter, predict_adapter


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """One version, ready to answer; everything that can be made once is."""

    bundle: Bundle
    version: int
    requests: TypeAdapter[Predict]
    labels: TypeAdapter[Feedback]
    logged: tuple[str, ...]
    """Columns that the prediction log keeps: what was sent, without personal data."""

    def predict(self, rows: Sequence[Row]) -> npt.NDArray[np.float32]:
        """The task's outputs, ``[rows]`` or ``[rows, classes]``."""
        contract = self.bundle.contract
        columns: dict[str, list[Any]] = {
            name: [row.get(name) for row in rows] for name in contract.features
        }
        return self.bundle.predict(from_columns(contract, columns, len(rows)))

    def answers(self, outputs: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
        """What a caller is told about each row."""
        task = self.bundle.task
        if task.output == "value":
            return [{"value": value} for value in outputs.tolist()]
        pairs = zip(outputs.tolist(), task.decisions(outputs).tolist(), strict=True)
        if task.output == "probability":
            return [{"probability": p, "decision": decision} for p, decision in pairs]
        labels = self.bundle.contract.labels or ()
        return [
            {
                "probability": max(row),
                "decision": decision,
                "probabilities": dict(zip(labels, row, strict=True)),
            }
            for row, decision in pairs
        ]


def make_predictor(bundle: Bundle, version: int, max_rows: int) -> Predictor:
    """Build the validators and answer once, so that the first request is as quick as the rest."""
    contract = bundle.contract
    predictor = Predictor(
        bundle=bundle,
        version=version,
        requests=predict_adapter(contract, max_rows),
        labels=feedback_adapter(contract, max_rows),
        logged=tuple(name for name in contract.request if not contract.columns[name].pii),
    )
    predictor.predict([{}])
    return predictor
