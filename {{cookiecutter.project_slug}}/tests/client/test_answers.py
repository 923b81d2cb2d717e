"""What each method asks, and what it makes of the answer."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from {{ cookiecutter.__package }}.client import (
    Accepted,
    Classification,
    Client,
    Ready,
    Regression,
)
from {{ cookiecutter.__package }}.errors import (
    Fault,
    RequestRefusedError,
    ServerFailedError,
)

from .faulty import GOOD, HEAD, Act, answers, fails, faulty

CALLS: list[tuple[Callable[[Client], Any], str, Any, Any, Any]] = [
    (
        lambda client: client.predict([{}], probabilities=True).predictions,
        "POST /predict",
        {"rows": [{}], "probabilities": True},
        {**HEAD, "predictions": [{"probability": 1, "decision": "b", "probabilities": {"b": 1}}]},
        (Classification(probability=1, decision="b", probabilities={"b": 1}),),
    ),
    (
        lambda client: client.predict([{}, {}]).predictions,
        "POST /predict",
        {"rows": [{}, {}]},
        {**HEAD, "predictions": [{"value": 2.5, "interval": [2, 3]}, {"value": -1}]},
        (Regression(value=2.5), Regression(value=-1)),
    ),
    (
        lambda client: client.feedback([{"id": 7, "label": True}]),
        "POST /feedback",
        {"labels": [{"id": 7, "label": True}]},
        {"accepted": 1, "request_id": "r"},
        Accepted(accepted=1, request_id="r"),
    ),
    (
        lambda client: client.feedback([{"request_id": "r", "row": 4, "label": "b"}]).accepted,
        "POST /feedback",
        {"labels": [{"request_id": "r", "row": 4, "label": "b"}]},
        {"accepted": 1, "request_id": "r"},
        1,
    ),
    (lambda client: client.live(), "GET /health/live", None, {"live": True}, True),
    (
        lambda client: client.ready(),
        "GET /health/ready",
        None,
        {"ready": True, "version": 2, "problem": None, "warm": True},
        Ready(ready=True, version=2, problem=None),
    ),
    (
        lambda client: client.model().content["metrics"],
        "GET /model",
        None,
        {"name": "shop", "version": 2, "metrics": {"auc": 0.7}},
        {"auc": 0.7},
    ),
]


@pytest.mark.parametrize(("call", "line", "body", "content", "expected"), CALLS)
def test_a_method_is_one_request_and_its_answer_typed(
    call: Callable[[Client], Any], line: str, body: Any, content: Any, expected: Any
) -> None:
    with faulty(answers(content)) as server, Client(server.url) as client:
        assert call(client) == expected
    (asked,) = server.asked
    assert asked.line == line
    assert (json.loads(asked.body) if asked.body else None) == body


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        (fails(500, "internal"), 500, "internal"),
        (answers(b"<html>oh dear", 500), 500, "http_error"),
        (answers(b"", 307, location="/elsewhere"), 307, "http_error"),
        (answers(b"<html>log in"), 200, "unknown_answer"),
        (answers({"detail": "hello"}), 200, "unknown_answer"),
        (answers({**HEAD, "predictions": [{}]}), 200, "unknown_answer"),
        (answers([]), 200, "unknown_answer"),
        (answers(b"\xff\xfe"), 200, "unknown_answer"),
    ],
)
def test_a_failure_or_an_answer_of_something_else_is_told_at_once(
    act: Act, status: int, code: str
) -> None:
    with faulty(act, GOOD) as server, Client(server.url) as client:
        with pytest.raises(ServerFailedError) as caught:
            client.predict([{}])
        assert (caught.value.status, caught.value.code) == (status, code)
        (asked,) = server.asked
        assert caught.value.request_id in {"theirs", asked.headers["x-request-id"]}


def test_a_refusal_tells_each_field_and_its_rule() -> None:
    fault = {"field": "rows.0.price", "rule": "less_than_equal", "message": "at most 5"}
    problem = {"code": "invalid_request", "message": "1 not valid", "faults": [fault]}
    act = answers({**problem, "request_id": "theirs", "since": "a newer server"}, 422)
    with (
        faulty(act) as server,
        Client(server.url) as client,
        pytest.raises(RequestRefusedError) as caught,
    ):
        client.predict([{"price": 9}])
    error = copy.copy(caught.value)  # as one process hands it to another
    assert error.faults == (Fault(**fault),)
    assert (error.status, error.code, error.request_id) == (422, "invalid_request", "theirs")
    assert str(error) == f"POST {server.url}/predict was answered 422 invalid_request: 1 not valid"
