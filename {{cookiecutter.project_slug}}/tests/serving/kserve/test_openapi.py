import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ..test_openapi import requests_drawn
from ..test_server import process
from .protocol import DATATYPES, INFER


def whole(**properties: Any) -> dict[str, Any]:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def operation(**answer: Any) -> dict[str, Any]:
    """One that answers this, or an error in the protocol's one shape."""
    error = {**whole(error={"type": "string"}), "additionalProperties": False}
    shapes = {"200": whole(**answer), "400": error, "404": error, "413": error, "415": error}
    content = {status: {"application/json": {"schema": s}} for status, s in shapes.items()}
    return {"responses": {s: {"description": s, "content": content[s]} for s in shapes}}


def document(row: dict[str, Any]) -> dict[str, Any]:
    """What the protocol says of a request of one row; optional tensors are the last."""
    tensors = []
    for name in sorted(DATATYPES, key=lambda name: name not in row["required"]):
        data = {"type": "array", "items": row["properties"][name], "minItems": 1, "maxItems": 1}
        kind, shape = {"const": DATATYPES[name]}, {"const": [1]}
        tensors.append(whole(name={"const": name}, shape=shape, datatype=kind, data=data))
    inputs = {"type": "array", "prefixItems": tensors, "items": False}
    body = whole(inputs={**inputs, "minItems": len(row["required"])})
    content = {"application/json": {"schema": body}}
    infer = operation(model_name={"const": "shop"}, outputs={"type": "array", "minItems": 1})
    paths = {
        "/v2": {"get": operation(name={"type": "string"}, extensions={"type": "array"})},
        "/v2/health/live": {"get": operation(live={"const": True})},
        "/v2/health/ready": {"get": operation(ready={"const": True})},
        "/v2/models/shop": {"get": operation(inputs={"type": "array"}, outputs={"type": "array"})},
        "/v2/models/shop/ready": {"get": operation(ready={"const": True})},
        INFER: {"post": {**infer, "requestBody": {"required": True, "content": content}}},
    }
    return {"openapi": "3.1.0", "info": {"title": "protocol", "version": "2"}, "paths": paths}


@pytest.mark.slow
def test_requests_drawn_from_the_protocol_find_no_difference_and_no_fault(
    tmp_path: Path, shop: Contract
) -> None:
    with process(tmp_path, shop) as (_, url):
        row = httpx.get(f"{url}/openapi.json").json()["components"]["schemas"]["Row"]
        path = tmp_path / "protocol.json"
        path.write_text(json.dumps(document(row)))
        assert requests_drawn(url, str(path)) >= 300
