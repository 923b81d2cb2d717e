"""Requests that a connection answers itself are answered as those that go the usual way."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from .callers import Raw, port_of, request
from .conftest import Serving
from .live import until
from .test_metrics import scraped

OWN = "x-request-id: own-7"
GET = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.fixture
def raw(serving: Serving) -> Iterator[Raw]:
    with Raw(port_of(str(serving.client.base_url))) as raw:
        yield raw


@pytest.fixture(scope="module")
def body(row: dict[str, Any]) -> bytes:
    return json.dumps({"rows": [row]}).encode()


def test_bodies_of_any_kind_are_answered_alike_on_both_ways(raw: Raw, body: bytes) -> None:
    for given in (body, b"{", b'{"rows": []}', b'{"rows": [], "rows": []}', b"[" * 1_000):
        whole = request(given, "/predict", OWN)
        direct = raw.ask(whole)
        usual = raw.ask(request(given, "/predict?", OWN))
        raw.socket.sendall(whole[:-1])
        time.sleep(0.02)
        halves = raw.ask(whole[-1:])
        for status, headers, answer in (usual, halves):
            assert (status, answer) == (direct[0], direct[2])
            assert {**headers, "date": ""} == {**direct[1], "date": ""}


def test_requests_sent_ahead_are_answered_in_their_order(raw: Raw, body: bytes) -> None:
    ids = [f"ahead-{number}" for number in range(8)]
    ahead = [request(body, "/predict", f"x-request-id: {one}") for one in ids]
    raw.socket.sendall(b"".join([*ahead[:4], GET, *ahead[4:6], GET, *ahead[6:]]))
    answers = [raw.answer() for _ in range(10)]
    assert [status for status, _, _ in answers] == [200] * 10
    told = [json.loads(answer).get("request_id") for _, _, answer in answers]
    assert told == [*ids[:4], None, *ids[4:6], None, *ids[6:]]


def test_who_wants_the_connection_closed_has_it_closed(raw: Raw, body: bytes) -> None:
    status, headers, _ = raw.ask(request(body, "/predict", "connection: close"))
    assert (status, headers["connection"]) == (200, "close")
    assert raw.closed()


def test_who_waits_to_be_told_to_go_on_is_told(raw: Raw, body: bytes) -> None:
    head, _, rest = request(body, "/predict", "expect: 100-continue").partition(b"\r\n\r\n")
    assert raw.ask(head + b"\r\n\r\n")[0] == 100
    assert raw.ask(rest)[0] == 200


def test_each_is_counted_once(serving: Serving, raw: Raw, body: bytes) -> None:
    name = 'requests_total{route="/predict",status="200"}'
    before = scraped(serving.client).get(name, 0)
    for _ in range(40):
        assert raw.ask(request(body))[0] == 200
    until(lambda: scraped(serving.client)[name] >= before + 40, "40 answers that are counted")
    assert scraped(serving.client)[name] == before + 40
