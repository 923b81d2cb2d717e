"""Validated rows to predictions; knows no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import to_json

from ..models.bundle import Bundle
from ..models.inputs import from_rows
from .answers import Known, Predicted, answer_columns, known_categories
from .schemas import BodySchema, Row, label_type, row_type


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """One version, ready to answer; everything that can be made once is."""

    bundle: Bundle
    version: int
    rows: BodySchema
    """Reads the body of rows that are to be predicted."""
    labels: BodySchema
    known: Known

    @property
    def name(self) -> str:
        """The model's."""
        return self.bundle.contract.name

    def predict(self, rows: Sequence[Row]) -> Predicted:
        """What the model gives for rows; a column that a row has not is missing.

        Raises ``ModelFailedError`` where an output is not finite, or no probability.
        """
        inputs = from_rows(self.bundle.contract, rows)
        outputs = self.bundle.predict(inputs)
        return Predicted(bundle=self.bundle, known=self.known, inputs=inputs, outputs=outputs)


def make_predictor(bundle: Bundle, version: int, max_rows: int) -> Predictor:
    """Make a predictor, which has answered the bundle's typical row as a request.

    Raises whatever the contract, the graph or onnxruntime say against that.
    """
    predictor = Predictor(
        bundle=bundle,
        version=version,
        rows=BodySchema("Predict", "rows", row_type(bundle.contract), max_rows),
        labels=BodySchema("Feedback", "labels", label_type(bundle.contract), max_rows),
        known=known_categories(bundle),
    )
    body = to_json({"rows": [bundle.metadata["typical"]]})
    answer_columns(predictor.predict(predictor.rows.read(body)))
    return predictor
