"""Validated requests to answers; knows no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from ..models.bundle import Bundle
from ..models.inputs import Inputs, from_columns
from ..values import MISSING_CATEGORY, canonical_category, epoch_seconds
from .requests import (
    Columns,
    Feedback,
    Predict,
    PredictColumns,
    Row,
    columns_adapter,
    feedback_adapter,
    predict_adapter,
)

Outputs = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """One version, ready to answer; everything that can be made once is."""

    bundle: Bundle
    version: int
    rows: TypeAdapter[Predict]
    """Validates rows."""
    columns: TypeAdapter[PredictColumns]
    """Validates columns."""
    labels: TypeAdapter[Feedback]
    """Validates feedback."""

    @property
    def name(self) -> str:
        """The model's."""
        return self.bundle.contract.name

    def predict(self, rows: Sequence[Row]) -> Outputs:
        """The task's outputs, ``[rows]`` or ``[rows, classes]``.

        Raises:
            ModelFailedError: an output is not finite, or no probability where it should be one.
        """
        return self.bundle.predict(self._grouped(rows))

    def predict_columns(self, columns: Columns) -> Outputs:
        """The task's outputs, as of ``predict``; a column that is not there is missing.

        Raises:
            ModelFailedError: an output is not finite, or no probability where it should be one.
        """
        contract, n_rows = self.bundle.contract, len(next(iter(columns.values())))
        absent = [None] * n_rows
        given = {name: columns.get(name, absent) for name in contract.features}
        return self.bundle.predict(from_columns(contract, given, n_rows))

    def _grouped(self, rows: Sequence[Row]) -> Inputs:
        """As ``from_columns`` groups; several times as quick for the few rows of a request.

        What was validated has canonical text already.
        """
        contract = self.bundle.contract
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, so missing
            numbers = [list(map(row.get, contract.numeric)) for row in rows]
            numeric = np.array(numbers, np.float32)
        texts = [
            [
                MISSING_CATEGORY if value is None else value
                for value in map(row.get, contract.category)
            ]
            for row in rows
        ]
        times = [
            [epoch_seconds(value, contract.zone) for value in map(row.get, contract.times)]
            for row in rows
        ]
        return Inputs(
            numeric=numeric, category=np.array(texts, object), time=np.array(times, np.int64)
        )

    def fallback(self, n_rows: int) -> Outputs:
        """What is usual in the training rows, as the output of each row."""
        usual = np.array(self.bundle.metadata["fallback"], np.float32)
        return np.broadcast_to(usual, (n_rows, *usual.shape))

    def answers(self, outputs: Outputs, *, probabilities: bool = False) -> list[dict[str, Any]]:
        """What a caller is told about each row."""
        columns = self.columns_of(outputs, probabilities=False)
        told = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if probabilities:
            for answer, values in zip(told, self._of_each(outputs).tolist(), strict=True):
                answer["probabilities"] = dict(zip(self._values, values, strict=True))
        return told

    def columns_of(self, outputs: Outputs, *, probabilities: bool = False) -> dict[str, Any]:
        """What a caller is told about all rows, a list for each thing."""
        task = self.bundle.task
        certainty = task.certainty(outputs)
        if certainty is None:
            return {"value": outputs.tolist()}
        decisions = task.decisions(outputs).tolist()
        told: dict[str, Any] = {"probability": certainty.tolist(), "decision": decisions}
        if probabilities:
            each = self._of_each(outputs).T.tolist()
            told["probabilities"] = dict(zip(self._values, each, strict=True))
        return told

    @cached_property
    def _values(self) -> tuple[str, ...]:
        """The target's values in the order of ``_of_each``; of two the positive one is last."""
        contract = self.bundle.contract
        if contract.task == "multiclass":
            return contract.labels or ()
        positive = canonical_category(contract.positive)
        target = contract.columns[contract.target]
        known = ("false", "true") if target.type == "boolean" else contract.labels or target.allowed
        others = [value for value in known or () if value != positive]
        return (others[0] if len(others) == 1 else f"not {positive}", positive)

    def _of_each(self, outputs: Outputs) -> npt.NDArray[Any]:
        """The probability of every value, ``[rows, values]``."""
        if outputs.ndim == 2:
            return outputs
        positive = outputs.astype(np.float64)
        return np.column_stack([1 - positive, positive])


def make_predictor(bundle: Bundle, version: int, max_rows: int) -> Predictor:
    """Build the validators and answer once, so that the first request is as quick as the rest."""
    contract = bundle.contract
    predictor = Predictor(
        bundle=bundle,
        version=version,
        rows=predict_adapter(contract, max_rows),
        columns=columns_adapter(contract, max_rows),
        labels=feedback_adapter(contract, max_rows),
    )
    predictor.predict([{}])
    return predictor
