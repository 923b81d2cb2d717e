"""Answers, by the contract's task."""

from pydantic import BaseModel, Field

from ..contract import Contract

Probabilities = dict[str, float]


class BinaryPrediction(BaseModel):
    """The answer to one row, where a value's probability is predicted."""

    probability: float = Field(ge=0, le=1, description="Probability of the positive value.")
    decision: bool = Field(description="Whether the probability reaches the model's threshold.")
    probabilities: Probabilities | None = Field(None, description="Of both values, on request.")


class MulticlassPrediction(BaseModel):
    """The answer to one row, where one of several labels is predicted."""

    probability: float = Field(ge=0, le=1, description="Probability of the label decided for.")
    decision: str = Field(description="The likeliest label.")
    probabilities: Probabilities | None = Field(None, description="Of every label, on request.")


class RegressionPrediction(BaseModel):
    """The answer to one row, where a number is predicted."""

    value: float = Field(description="Predicted value, in the target's unit.")


Prediction = BinaryPrediction | MulticlassPrediction | RegressionPrediction


class BinaryColumns(BaseModel):
    """The answer to columns, where a value's probability is predicted; a list of every row."""

    probability: list[float] = Field(description="Probability of the positive value.")
    decision: list[bool] = Field(description="Whether it reaches the model's threshold.")
    probabilities: dict[str, list[float]] | None = Field(
        None, description="Of both values, on request."
    )


class MulticlassColumns(BaseModel):
    """The answer to columns, where one of several labels is predicted; a list of every row."""

    probability: list[float] = Field(description="Probability of the label decided for.")
    decision: list[str] = Field(description="The likeliest label.")
    probabilities: dict[str, list[float]] | None = Field(
        None, description="Of every label, on request."
    )


class RegressionColumns(BaseModel):
    """The answer to columns, where a number is predicted; a list of every row."""

    value: list[float] = Field(description="Predicted value, in the target's unit.")


class Answered(BaseModel):
    """What every answer says of itself."""

    model: str = Field(description="Name of the model that answered.")
    version: int = Field(description="Its version.")
    request_id: str = Field(description="The caller's X-Request-ID, or one made here.")
    fallback: bool = Field(
        False, description="True where the model failed or was late, and what is usual answers."
    )


class Answer(Answered):
    """The answer to rows, in their order."""

    predictions: list[Prediction]


class ColumnsAnswer(Answered):
    """The answer to columns, by row in their order."""

    predictions: BinaryColumns | MulticlassColumns | RegressionColumns


class Accepted(BaseModel):
    """The answer to feedback."""

    accepted: int = Field(description="Labels that were written.")
    request_id: str


def prediction_type(contract: Contract) -> type[BaseModel]:
    """What is answered to a row."""
    types: dict[str, type[BaseModel]] = {
        "binary": BinaryPrediction,
        "multiclass": MulticlassPrediction,
        "regression": RegressionPrediction,
    }
    return types[contract.task]


def columns_type(contract: Contract) -> type[BaseModel]:
    """What is answered to columns."""
    types: dict[str, type[BaseModel]] = {
        "binary": BinaryColumns,
        "multiclass": MulticlassColumns,
        "regression": RegressionColumns,
    }
    return types[contract.task]
