"""A FastAPI route as its tutorial has it: models in, a model out.

Run: python -m servers.fastapi_route PORT
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import AwareDatetime, BaseModel, create_model
from servers.given import given

TYPES: dict[str, Any] = {
    "boolean": bool,
    "category": str,
    "float": float,
    "integer": int,
    "string": str,
    "timestamp": AwareDatetime,
}
GIVEN = given()
FIELDS: dict[str, Any] = {
    name: ((TYPES[column["type"]] | None, None) if column["nullable"] else TYPES[column["type"]])
    for name, column in GIVEN.columns.items()
}
Row: Any = create_model("Row", **FIELDS)


class Body(BaseModel):
    """Of a request."""

    rows: list[Row]


class Prediction(BaseModel):
    """Of a row."""

    probability: float


class Answer(BaseModel):
    """To a request."""

    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict")
async def predict(body: Body) -> Answer:
    """One row."""
    probability = GIVEN.probability(body.rows[0].__dict__)
    return Answer(predictions=[Prediction(probability=probability)])


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
