"""MLflow: a model written as code. Run: python -m servers.mlflow_model FOLDER, which saves it.

Then: python -m mlflow models serve --model-uri FOLDER --env-manager local --workers 1 --port PORT
"""

import sys
from pathlib import Path
from typing import Any

import mlflow
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, Schema
from servers.given import given

TYPES = {
    "boolean": "boolean",
    "category": "string",
    "float": "double",
    "integer": "long",
    "string": "string",
    "timestamp": "string",
}


class Predict(mlflow.pyfunc.PythonModel):
    """A frame of rows in, a list out; MLflow holds the frame to the signature."""

    def load_context(self, context: Any) -> None:  # noqa: ARG002 - MLflow's
        """Called in the server's process."""
        self.given = given()

    def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - MLflow's
        """One row."""
        return [{"probability": self.given.probability(model_input.iloc[0].to_dict())}]


def save(folder: str) -> None:
    """Write this file as a model."""
    inputs = [
        ColSpec(TYPES[column["type"]], name, required=not column["nullable"])
        for name, column in given().columns.items()
    ]
    mlflow.pyfunc.save_model(
        folder,
        python_model=__file__,
        signature=ModelSignature(Schema(inputs)),
        code_paths=[str(Path(__file__).parent)],
        pip_requirements=[],
    )


if __name__ == "__main__":
    save(sys.argv[1])
else:
    mlflow.models.set_model(Predict())
