"""What the Open Inference Protocol refuses, by status and one text."""

import json
from typing import Any

import pytest

from ..conftest import Serving
from ..live import records
from .protocol import INFER, ask, error_of, tensor, tensors

VALUES: list[tuple[str, object]] = [
    ("price", -0.01),
    ("price", None),
    ("items", 10**400),
    ("channel", "Web"),
    ("gift", 0.5),
    ("at", ""),
    ("order", {}),
]


@pytest.mark.parametrize(("column", "value"), VALUES)
def test_a_value_that_breaks_a_rule_is_refused_as_predict_refuses_it(
    serving: Serving, row: dict[str, Any], column: str, value: object
) -> None:
    before = len(records(serving.config.log))
    body = {"rows": [row, {**row, column: value}]}
    (fault,) = serving.client.post("/predict", content=json.dumps(body)).json()["faults"]
    values = [row[column], value]
    found = error_of(ask(serving.client, tensors([row, row], **{column: values})), 400)
    assert found == f"rows.1.{column}: {fault['message']}"
    assert len(records(serving.config.log)) == before


TENSORS: list[tuple[dict[str, Any], str]] = [
    ({"name": "colour"}, "'colour' is not known; GET /v2/models/shop lists"),
    ({"name": "items"}, "'items' should be INT64, not FP64"),
    ({"name": "gift"}, "'gift' is given twice"),
    ({"datatype": "FP32"}, "'price' should be FP64, not FP32"),
    ({"shape": [3, 2]}, "'price' has shape [3, 2]; use [rows] or [rows, 1]"),
    ({"shape": [-3]}, "inputs.0.shape.0: Input should be greater than or equal to 0"),
    ({"shape": [10**30]}, "'price' has 3 values, not the 1"),
    ({"data": None}, "inputs.0.data: Input should be a valid list"),
    ({"data": [[1.0], [2.0], [3.0]]}, "rows.0.price: Input should be a valid number"),
]


@pytest.mark.parametrize(("change", "text"), TENSORS)
def test_a_tensor_that_is_not_the_columns_is_refused(
    serving: Serving, rows: list[dict[str, Any]], change: dict[str, Any], text: str
) -> None:
    others = [each for each in tensors(rows) if each["name"] != "price"]
    changed = tensor("price", [r["price"] for r in rows]) | change
    assert text in error_of(ask(serving.client, [changed, *others]), 400)


BODIES = [
    (b"", "body: EOF while parsing"),
    (b"[]", "body: Input should be a valid dictionary"),
    (b'{"inputs": []}', "rows: List should have at least 1 item"),
    (b"[" * 5_000, "body: recursion limit exceeded"),
    (b"\xff\xfe", "body: expected value"),
    (b'{"inputs": [], "outputs": [{"name": "value"}]}', "'value' is not known; use probability"),
    (
        b'{"inputs": [], "outputs": [{"name": "decision", "parameters": {"classification": 2}}]}',
        "output 'decision' takes no parameter but binary_data",
    ),
]


@pytest.mark.parametrize(("body", "text"), BODIES)
def test_a_body_that_is_no_request_is_refused(serving: Serving, body: bytes, text: str) -> None:
    assert text in error_of(serving.client.post(INFER, content=body), 400)


def test_bytes_behind_the_json_are_refused_with_what_to_do(serving: Serving) -> None:
    refused = serving.client.post(
        INFER, content=b"{}1234", headers={"Inference-Header-Content-Length": "2"}
    )
    assert "send with binary_data=False" in error_of(refused, 400)


def test_too_much_is_refused(serving: Serving, row: dict[str, Any]) -> None:
    many = ask(serving.client, tensors([row] * 51))
    assert "a request may have 50 rows" in error_of(many, 400)
    large = serving.client.post(INFER, content=b" " * 20_001)
    assert error_of(large, 413) == "a body may have 20,000 bytes; send fewer rows"


def test_what_is_not_there_is_said_in_the_protocols_shape(serving: Serving) -> None:
    get, post = serving.client.get, serving.client.post
    assert "there is no model 'other'" in error_of(get("/v2/models/other/ready"), 404)
    assert "there is no model 'other'" in error_of(post("/v2/models/other/infer"), 404)
    assert error_of(get("/v2/models/shop/versions/7"), 404) == "version 7 does not serve; 1 does"
    assert error_of(post("/v2/repository/index"), 404) == "Not Found"
    refused = get(INFER)
    assert error_of(refused, 405) == "Method Not Allowed"
    assert refused.headers["allow"] == "POST"
    assert "/v2/repository" not in get("/metrics").text
