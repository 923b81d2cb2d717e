"""How often a request is sent, under which id, and for how long."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from {{ cookiecutter.__package }}.client import Classification, Client
from {{ cookiecutter.__package }}.client.client import (
    full_jitter_s,
    retry_after_s,
)
from {{ cookiecutter.__package }}.errors import (
    ConfigError,
    RequestRefusedError,
    ServerFailedError,
    ServerUnreachableError,
)

from .faulty import GOOD, Act, Faulty, answers, fails, faulty, hangs, trickles, writes

# Before the answer, after half of it, in place of it.
LOST = {
    "closed": writes(b""),
    "torn": writes(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"model"'),
    "late": hangs,
    "babble": writes(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "no gzip": answers(b"plain", content_encoding="gzip"),
    "bad gateway": answers(b"<html>", 502),
    "gateway timeout": answers(b"<html>", 504),
    "busy": fails(503, "not_ready"),
    "too many": fails(429, "overloaded"),
    "too slow": fails(408, "body_too_slow"),
}


def patience(act: Act) -> dict[str, Any]:
    """Pauses are short; so is what a caller waits for an answer that will not come."""
    return {"backoff_s": 0.01, "timeout_s": 1.0 if act is hangs else 10.0}


def ids(server: Faulty) -> set[str]:
    return {asked.headers["x-request-id"] for asked in server.asked}


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
def test_what_was_lost_late_or_turned_away_is_sent_again_under_the_same_id(act: Act) -> None:
    with faulty(act, act, GOOD) as server, Client(server.url, **patience(act)) as client:
        answer = client.predict([{"price": 1.5}])
    assert answer.predictions == (Classification(probability=0.25, decision=False),)
    assert (answer.model, answer.version, answer.request_id) == ("shop", 3, "r")
    assert len(server.asked) == 3
    assert len(ids(server)) == 1
    assert {asked.body for asked in server.asked} == {b'{"rows":[{"price":1.5}]}'}
    assert {asked.line for asked in server.asked} == {"POST /predict"}


def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    with (
        faulty(GOOD, opens_after_s=0.3) as server,
        Client(server.url, retries=1000, backoff_s=0.02) as client,
    ):
        assert client.predict([{}]).model == "shop"
        assert len(server.asked) == 1


def test_each_call_has_an_id_of_its_own() -> None:
    with faulty(GOOD) as server, Client(server.url) as client:
        client.predict([{}])
        client.predict([{}])
    assert len(ids(server)) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 405, 409, 413, 415, 422])
def test_what_is_refused_is_sent_once(status: int) -> None:
    with faulty(fails(status, "so", "no"), GOOD) as server, Client(server.url) as client:
        with pytest.raises(RequestRefusedError, match=rf"/predict was answered {status} so: no$"):
            client.predict([{}])
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("act", "kind", "said"),
    [
        (fails(503, "not_ready", "make train"), ServerFailedError, "503 not_ready: make train"),
        (fails(429, "overloaded"), ServerFailedError, "429 overloaded: why"),
        (hangs, ServerUnreachableError, "ReadTimeout: timed out.*make serve"),
        (writes(b""), ServerUnreachableError, "RemoteProtocolError: Server disconnected"),
    ],
)
def test_after_the_last_retry_the_last_failure_is_told(
    act: Act, kind: type[Exception], said: str
) -> None:
    with faulty(act) as server, Client(server.url, retries=1, **patience(act)) as client:
        with pytest.raises(kind, match=f"/predict, 2 times,.*{said}"):
            client.predict([{}])
        assert len(server.asked) == 2


def test_a_server_that_is_not_there_is_told_with_how_to_start_one() -> None:
    with (
        Client("http://127.0.0.1:9", retries=2, backoff_s=0.001) as client,
        pytest.raises(ServerUnreachableError, match=r"3 times.*ConnectError.*make serve") as caught,
    ):
        client.live()
    assert caught.value.exit_code == 7


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


def test_the_deadline_holds_where_no_server_is() -> None:
    start = time.monotonic()
    with (
        Client("http://127.0.0.1:9", deadline_s=0.3, retries=10**6, backoff_s=0.001) as client,
        pytest.raises(ServerUnreachableError),
    ):
        client.predict([{}])
    assert time.monotonic() - start < 3


def test_a_retry_comes_no_earlier_than_the_server_asks_for() -> None:
    with (
        faulty(fails(503, "busy", Retry_After="1"), GOOD) as server,
        Client(server.url, backoff_s=0.01) as client,
    ):
        start = time.monotonic()
        client.predict([{}])
        assert time.monotonic() - start >= 1
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    "asked",
    ["3600", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)],
    ids=["seconds", "date"],
)
def test_a_server_that_asks_for_more_patience_than_there_is_gets_no_second_try(asked: str) -> None:
    with faulty(fails(429, "busy", Retry_After=asked)) as server, Client(server.url) as client:
        start = time.monotonic()
        with pytest.raises(ServerFailedError, match="429 busy"):
            client.predict([{}])
        assert time.monotonic() - start < 15
        assert len(server.asked) == 1


@pytest.mark.parametrize("header", ["", "soon", "-1", "Wed, 21 Oct 2015 07:28:00 GMT", "1e9"])
def test_a_retry_after_that_names_no_time_to_come_is_none(header: str) -> None:
    assert retry_after_s(header) == 0


def test_pauses_are_drawn_from_intervals_that_double_up_to_a_limit() -> None:
    for attempt, most in ((1, 0.5), (2, 1.0), (4, 4.0), (7, 32.0), (5000, 32.0)):
        drawn = [full_jitter_s(attempt, 0.5) for _ in range(2000)]
        assert 0 <= min(drawn) < most * 0.02
        assert most * 0.98 < max(drawn) <= most


def test_the_key_goes_with_every_request_and_into_no_text() -> None:
    key = "key_s3cret"
    with faulty(GOOD, fails(401, "unauthorized")) as server:
        with Client(server.url, key=f"{key}\n", headers={"x-team": "a"}) as client:
            client.predict([{}])
            with pytest.raises(RequestRefusedError) as caught:
                client.predict([{}])
        assert key not in repr(client) + str(client) + str(caught.value) + repr(caught.value)
        for asked in server.asked:
            assert asked.headers["authorization"].lower() == f"bearer {key}"
            assert asked.headers["x-team"] == "a"


@pytest.mark.parametrize("key", ["key_s3cret\nx: y", "key_s3crét", "key_s3cret\0"])
def test_what_is_no_key_is_told_without_it(key: str) -> None:
    with pytest.raises(ConfigError, match="the key is none") as caught:
        Client("http://127.0.0.1:9", key=key)
    assert "s3cr" not in str(caught.value)
