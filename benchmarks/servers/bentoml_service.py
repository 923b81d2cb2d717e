"""BentoML: one worker. Run: python -m bentoml serve servers.bentoml_service:Predict --port PORT."""

from typing import Any

import bentoml
from servers.given import given


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Predict:
    """BentoML reads the body and checks that it has rows."""

    def __init__(self) -> None:
        """Called in the worker's process."""
        self._given = given()

    @bentoml.api
    def predict(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """One row."""
        return self._given.answer(rows[0])
