"""What is sent, how often and for how long, and what becomes of the answer."""

import copy
import json
import time
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
    ConfigError,
    Fault,
    RequestRefusedError,
    ServerFailedError,
    ServerUnreachableError,
)

from .faulty import GOOD, HEAD, Act, answers, fails, faulty, hangs, trickles, writes

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
        {
            **HEAD,
            "predictions": [{"value": 2.5, "interval": [2, 3]}, {"value": 1, "warnings": ["a"]}],
        },
        (Regression(value=2.5), Regression(value=1, warnings=("a",))),
    ),
    (
        lambda client: client.feedback([{"id": 7, "label": True}]),
        "POST /feedback",
        {"labels": [{"id": 7, "label": True}]},
        {"accepted": 1, "request_id": "r"},
        Accepted(accepted=1, request_id="r"),
    ),
    (
        lambda client: client.ready(),
        "GET /health/ready",
        None,
        {"ready": True, "version": 2, "problem": None, "warm": True},
        Ready(ready=True, version=2, problem=None),
    ),
    (
        lambda client: client.model()["metrics"],
        "GET /model",
        None,
        {"name": "shop", "version": 2, "metrics": {"auc": 0.7}},
        {"auc": 0.7},
    ),
]
# Before the answer, after half of it, in place of it.
LOST = {
    "closed": writes(b""),
    "torn": writes(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"model"'),
    "late": hangs,
    "other protocol": writes(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "no gzip": answers(b"plain", content_encoding="gzip"),
    "bad gateway": answers(b"<html>", 502),
    "busy": fails(503, "not_ready"),
    "too many": fails(429, "overloaded"),
}


@pytest.mark.parametrize(("call", "line", "body", "content", "expected"), CALLS)
def test_a_method_is_one_request_and_its_answer_typed(
    call: Callable[[Client], Any], line: str, body: Any, content: Any, expected: Any
) -> None:
    with faulty(answers(content)) as server, Client(server.url) as client:
        assert call(client) == expected
    (request,) = server.asked
    assert request.line == line
    assert (json.loads(request.body) if request.body else None) == body


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
def test_a_lost_or_late_answer_is_asked_for_again_under_the_same_id(act: Act) -> None:
    timeout_s = 1.0 if act is hangs else 10.0
    with (
        faulty(act, act, GOOD) as server,
        Client(server.url, backoff_s=0.01, timeout_s=timeout_s) as client,
    ):
        answer = client.predict([{"price": 1.5}])
    assert answer.predictions == (Classification(probability=0.25, decision=False),)
    assert (answer.model, answer.version, answer.request_id) == ("shop", 3, "r")
    assert len(server.asked) == 3
    assert len({request.headers["x-request-id"] for request in server.asked}) == 1
    assert {request.body for request in server.asked} == {b'{"rows":[{"price":1.5}]}'}


def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    with (
        faulty(GOOD, opens_after_s=0.3) as server,
        Client(server.url, retries=1000, backoff_s=0.02) as client,
    ):
        assert client.predict([{}]).model == "shop"
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 415, 422])
def test_a_refused_request_is_sent_once(status: int) -> None:
    with faulty(fails(status, "so", "no"), GOOD) as server, Client(server.url) as client:
        with pytest.raises(RequestRefusedError, match=rf"/predict was answered {status} so: no$"):
            client.predict([{}])
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        (fails(500, "internal"), 500, "internal"),
        (answers(b"<html>oh dear", 500), 500, "http_error"),
        (answers(b"", 307, location="/elsewhere"), 307, "http_error"),
        (answers(b"<html>log in"), 200, "unknown_answer"),
        (answers({**HEAD, "predictions": [{}]}), 200, "unknown_answer"),
        (answers([]), 200, "unknown_answer"),
        (answers(b"\xff\xfe"), 200, "unknown_answer"),
    ],
)
def test_a_failure_or_the_answer_of_something_else_is_raised_at_once(
    act: Act, status: int, code: str
) -> None:
    with faulty(act, GOOD) as server, Client(server.url) as client:
        with pytest.raises(ServerFailedError) as caught:
            client.predict([{}])
        assert (caught.value.status, caught.value.code) == (status, code)
        (request,) = server.asked
        assert caught.value.request_id in {"theirs", request.headers["x-request-id"]}


def test_a_refusal_names_each_field_and_its_rule() -> None:
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


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (fails(503, "not_ready", "make train"), ServerFailedError, "503 not_ready: make train"),
        (hangs, ServerUnreachableError, "ReadTimeout: timed out.*make serve"),
        (writes(b""), ServerUnreachableError, "RemoteProtocolError: Server disconnected"),
    ],
)
def test_after_the_last_retry_the_last_failure_is_raised(
    act: Act, kind: type[Exception], message: str
) -> None:
    with faulty(act) as server:
        with (
            Client(server.url, retries=1, backoff_s=0.01, timeout_s=1.0) as client,
            pytest.raises(kind, match=f"/predict, 2 times,.*{message}"),
        ):
            client.predict([{}])
        assert len(server.asked) == 2


@pytest.mark.parametrize("act", [hangs, trickles, fails(503, "not_ready"), writes(b"")])
def test_the_deadline_bounds_a_call_with_all_its_attempts(act: Act) -> None:
    with (
        faulty(act) as server,
        Client(server.url, deadline_s=0.5, retries=1000, backoff_s=0.05) as client,
    ):
        start = time.monotonic()
        with pytest.raises((ServerFailedError, ServerUnreachableError)):
            client.predict([{}])
        assert time.monotonic() - start < 3  # a loaded machine wakes late


def test_a_retry_comes_no_earlier_than_the_server_says() -> None:
    with faulty(fails(503, "busy", Retry_After="1"), GOOD) as server:
        start = time.monotonic()
        with Client(server.url, backoff_s=0.01) as client:
            client.predict([{}])
        assert time.monotonic() - start >= 1
    with faulty(fails(429, "busy", Retry_After="3600")) as server:
        with Client(server.url) as client, pytest.raises(ServerFailedError, match="429 busy"):
            client.predict([{}])
        assert len(server.asked) == 1


def test_the_key_goes_with_every_request_and_into_no_text() -> None:
    key = "key_s3cret"
    with faulty(GOOD, fails(401, "unauthorized")) as server:
        with Client(server.url, key=f"{key}\n", headers={"x-team": "a"}) as client:
            client.predict([{}])
            with pytest.raises(RequestRefusedError) as caught:
                client.predict([{}])
        assert key not in repr(client) + str(caught.value) + repr(caught.value)
        for request in server.asked:
            assert request.headers["authorization"].lower() == f"bearer {key}"
            assert request.headers["x-team"] == "a"


@pytest.mark.parametrize("key", ["key_s3cret\nx: y", "key_s3crét", "key_s3cret\0"])
def test_an_impossible_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="the key is none") as caught:
        Client("http://127.0.0.1:9", key=key)
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["localhost:8000", "", "ftp://host", "http://", "http://host:port", "//host"]
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match=f"'{url}' is no server's address.*http://host:8000"):
        Client(url)
