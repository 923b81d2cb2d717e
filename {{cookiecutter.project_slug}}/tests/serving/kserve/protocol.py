"""Asks as callers of the Open Inference Protocol do, and reads what they are told."""

import json
from typing import Any

import httpx

INFER = "/v2/models/shop/infer"
DATATYPES = {
    "order": "BYTES",
    "at": "BYTES",
    "price": "FP64",
    "items": "INT64",
    "channel": "BYTES",
    "city": "BYTES",
    "gift": "FP64",  # it may be missing
}


def tensor(name: str, data: list[Any], datatype: str | None = None) -> dict[str, Any]:
    """An input whose values are in the JSON."""
    datatype = datatype or DATATYPES[name]
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data}


def tensors(rows: list[dict[str, Any]], **instead: list[Any]) -> list[dict[str, Any]]:
    """An input for each column of the shop's rows."""
    columns = {name: [row[name] for row in rows] for name in rows[0]} | instead
    return [tensor(name, data) for name, data in columns.items()]


def ask(client: httpx.Client, inputs: list[Any], path: str = INFER, **more: Any) -> httpx.Response:
    """A request whose values are in the JSON."""
    # Not by httpx's own encoder: it does not write NaN, which clients of the protocol do.
    return client.post(path, content=json.dumps({"inputs": inputs, **more}))


def outputs(response: httpx.Response) -> dict[str, list[Any]]:
    """The outputs of an answer whose values are in the JSON."""
    assert response.status_code == 200, response.text
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def error_of(response: httpx.Response, status: int) -> str:
    """The text of an error, in the protocol's one shape."""
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    text = response.json()["error"]
    assert isinstance(text, str)
    return text


def predicted(client: httpx.Client, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What ``/predict`` answers, as the protocol's outputs."""
    found = client.post("/predict", json={"rows": rows}).json()["predictions"]
    by_name = {name: [answer[name] for answer in found] for name in found[0] if name != "warnings"}
    if "probabilities" in by_name:
        by_name["probabilities"] = [p for each in by_name["probabilities"] for p in each.values()]
    return by_name
