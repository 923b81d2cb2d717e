"""What is sent, how often and for how long, and what becomes of the answer."""

import copy
import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from {{ cookiecutter.__package }}.client import (
    Client,
    RequestRefusedError,
    ServerFailedError,
)
from {{ cookiecutter.__package }}.errors import (
    ConfigError,
    ServerUnreachableError,
)

from .faulty import GOOD, HEAD, Act, answers, fails, faulty, hangs, trickles, writes

ACCEPTED = answers({"accepted": 1, "request_id": "r"})
# Before the answer, after half of it, in place of it.
LOST = {
    "torn": writes(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"model"'),
    "late": hangs,
    "bad gateway": answers(b"<html>", 502),
    "too many": fails(429, "overloaded"),
}


def test_a_method_is_one_request() -> None:
    ready = {"ready": False, "version": None, "problem": "make train"}
    model = {"name": "shop", "contract": {}}
    acts = (GOOD, ACCEPTED, answers(ready, 503), answers(model))
    with faulty(*acts) as server, Client(server.url) as client:
        answer = client.predict([{"price": 1.5}])
        assert client.feedback([{"id": 7, "label": True}]) == 1
        assert client.ready() == ready
        assert client.model() == model
    assert (answer.model, answer.version, answer.request_id) == ("shop", 3, "r")
    assert answer.predictions == [{"probability": 0.25, "decision": False}]
    lines = ["POST /predict", "POST /feedback", "GET /health/ready", "GET /model"]
    assert [request.line for request in server.asked] == lines
    bodies = [b'{"rows":[{"price":1.5}]}', b'{"labels":[{"id":7,"label":true}]}', b"", b""]
    assert [request.body for request in server.asked] == bodies


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
def test_a_lost_or_late_answer_is_asked_for_again_under_the_same_id(act: Act) -> None:
    timeout_s = 1.0 if act is hangs else 10.0
    with (
        faulty(act, act, GOOD) as server,
        Client(server.url, backoff_s=0.01, timeout_s=timeout_s) as client,
    ):
        assert client.predict([{"price": 1.5}]).model == "shop"
    assert len(server.asked) == 3
    assert len({request.headers["x-request-id"] for request in server.asked}) == 1
    assert len({request.body for request in server.asked}) == 1


FAILURES = [
    (fails(500, "internal"), 500, "internal"),
    (answers(b"", 307, location="/elsewhere"), 307, "http_error"),
    (answers(b"<html>log in"), 200, "unknown_answer"),
    (answers(HEAD), 200, "unknown_answer"),
]


@pytest.mark.parametrize(("act", "status", "code"), FAILURES)
def test_a_failure_or_the_answer_of_something_else_is_raised_at_once(
    act: Act, status: int, code: str
) -> None:
    with faulty(act, GOOD) as server, Client(server.url) as client:
        with pytest.raises(ServerFailedError) as caught:
            client.predict([{}])
        assert (caught.value.status, caught.value.code) == (status, code)
        (request,) = server.asked
        assert caught.value.request_id in {"theirs", request.headers["x-request-id"]}


def test_a_refused_request_is_sent_once_and_each_field_and_rule_is_named() -> None:
    fault = {"field": "rows.0.price", "rule": "less_than_equal", "message": "at most 5"}
    problem = {"code": "invalid_request", "message": "1 not valid", "faults": [fault]}
    act = answers({**problem, "request_id": "theirs", "since": "a newer server"}, 422)
    with faulty(act, GOOD) as server, Client(server.url) as client:
        with pytest.raises(RequestRefusedError, match="422 invalid_request: 1 not val") as caught:
            client.predict([{"price": 9}])
        assert len(server.asked) == 1
    error = copy.copy(caught.value)  # as one process hands it to another
    assert error.faults == (fault,)
    assert (error.status, error.code, error.request_id) == (422, "invalid_request", "theirs")


def test_after_the_last_retry_the_last_failure_is_raised() -> None:
    with faulty(writes(b""), fails(503, "not_ready", "make train")) as server:
        with (
            Client(server.url, retries=1, backoff_s=0.01) as client,
            pytest.raises(ServerFailedError, match=r"/predict, 2 times,.*503 not_ready: make"),
        ):
            client.predict([{}])
        assert len(server.asked) == 2


@pytest.mark.parametrize("act", [hangs, trickles, writes(b"")])
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
    with pytest.raises(ConfigError, match="the key is none") as refused:
        Client("http://127.0.0.1:9", key=f"{key}\nx: y")
    assert key not in str(refused.value)


def test_what_is_no_address_is_refused_with_an_example() -> None:
    for url in ("localhost:8000", "", "ftp://host", "http://host:port"):
        with pytest.raises(ConfigError, match=f"'{url}' is no server's address.*http://host:8000"):
            Client(url)


NOON = datetime(2024, 7, 1, 12, 30, 15, 250_000)
PARIS = timezone(timedelta(hours=2))
CELLS: list[tuple[Any, Any]] = [
    (float("nan"), None),
    ("größe\u2028", "größe\u2028"),
    (NOON, "2024-07-01T12:30:15.250000Z"),
    (NOON.replace(tzinfo=PARIS), "2024-07-01T12:30:15.250000+02:00"),
    (pd.NaT, None),
    (pd.NA, None),
    (np.int64(2**62), 2**62),
    (pd.Timestamp(NOON, tz=PARIS), "2024-07-01T12:30:15.250000+02:00"),
    (np.datetime64(NOON, "ns"), "2024-07-01T12:30:15.250000Z"),
]


def test_cells_arrive_as_json_and_what_is_none_is_not_sent() -> None:
    with faulty(ACCEPTED) as server, Client(server.url) as client:
        client.feedback({"id": "o-1", "label": value} for value, _ in CELLS)
        with pytest.raises(TypeError, match="set; a cell may be None"):
            client.predict([{"a": {1}}])
    (request,) = server.asked
    labels = [{"id": "o-1", "label": expected} for _, expected in CELLS]
    assert json.loads(request.body) == {"labels": labels}
