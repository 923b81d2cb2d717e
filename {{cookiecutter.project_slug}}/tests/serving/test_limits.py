"""What one request may take, and heads and bodies that no caller of ours sends."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ModelFailedError
from {{ cookiecutter.__package }}.serving import middleware
from {{ cookiecutter.__package }}.serving.predictor import Predictor

from .callers import connect, post, problem_of, request, rest
from .conftest import Serving, serve_config
from .live import WAIT_S, add_version, live, records, until
from .test_metrics import scraped
from .test_store import PanicError


@pytest.fixture
def raw(serving: Serving) -> Iterator[socket.socket]:
    with connect(serving.client.base_url) as connection:
        yield connection


CHUNKS = (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 2
H2C = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABk")
# what is sent, and how the answer starts and which code it has; no 100 Continue comes before it
UNREAD = [
    (request(b"", "expect: 100-continue", "content-length: 20001"), 413, "body_too_large"),
    (request(CHUNKS, "transfer-encoding: chunked"), 413, "body_too_large"),
    (request(b"{}", "content-length: 2", "content-encoding: gzip"), 415, "unsupported_encoding"),
    (request(b"{}", "content-length: 2", *H2C), 400, "upgrade_refused"),
    (request(b'{"rows"', "content-length: 100"), 408, "body_too_slow"),
]


@pytest.mark.parametrize(("sent", "status", "code"), UNREAD)
def test_a_body_that_is_too_large_packed_or_late_is_not_waited_for(
    raw: socket.socket, monkeypatch: pytest.MonkeyPatch, sent: bytes, status: int, code: str
) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT_S", 0.3)
    raw.sendall(sent)
    answer = rest(raw)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b'"code":"%s"' % code.encode()) == 1


SMUGGLED = [
    ("content-length: 5", "transfer-encoding: chunked"),
    ("content-length: 5", "content-length: 6"),
    ("content-length: 5, 6",),
    ("content-length: +5",),
    ("transfer-encoding: chunked, identity",),
    ("content-length : 5",),
]


@pytest.mark.parametrize("lines", SMUGGLED)
def test_a_head_that_can_be_read_in_two_ways_is_answered_once_and_closed(
    raw: socket.socket, lines: tuple[str, ...]
) -> None:
    raw.sendall(request(b"0\r\n\r\nGET /model HTTP/1.1\r\nhost: localhost\r\n\r\n", *lines))
    raw.shutdown(socket.SHUT_WR)
    read = rest(raw)
    assert b'"contract"' not in read
    assert read.startswith(b"HTTP/1.1 4") or read == b""


def test_the_callers_request_id_is_kept_and_a_hostile_one_replaced(
    serving: Serving, row: dict[str, Any]
) -> None:
    sent = "order-7_3.b"
    response = post(serving, [row], x_request_id=sent)
    assert response.headers["x-request-id"] == response.json()["request_id"] == sent
    assert records(serving.config.log)[-1]["request_id"] == sent
    hostile = ("", "x" * 65, "a b", '"},{"', "a/../b", "é")
    made = set()
    for text in hostile:
        headers = httpx.Headers({b"x-request-id": text.encode("latin-1")})
        made.add(serving.client.get("/health/live", headers=headers).headers["x-request-id"])
    assert len(made) == len(hostile)
    assert {len(one) for one in made} == {32}


def test_answers_let_a_browser_do_nothing_with_them(serving: Serving, row: dict[str, Any]) -> None:
    for answer in (post(serving, [row]), post(serving, []), serving.client.get("/no")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
    refused = serving.client.get("/predict")
    assert problem_of(refused, 405).code == "method_not_allowed"
    assert refused.headers["allow"] == "POST"
    assert serving.client.get("/model/").status_code == 404, "no redirect"


def test_more_than_the_queue_takes_are_told_when_to_ask_again(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, go = serve_config(tmp_path, max_waiting=2), threading.Event()
    predict = Predictor.predict

    def wait(self: Predictor, rows: Any) -> Any:
        assert go.wait(WAIT_S)
        return predict(self, rows)

    add_version(config.bundles, shop)
    large = {"rows": [row] * 300}  # runs in a thread, so that others are read
    with live(config) as client, ThreadPoolExecutor(2) as callers:
        monkeypatch.setattr(Predictor, "predict", wait)

        def ask(_: int) -> int:
            return httpx.post(f"{client.base_url}/predict", json=large, timeout=WAIT_S).status_code

        first = [callers.submit(ask, number) for number in range(2)]
        until(lambda: scraped(client)["requests_in_flight"] == 2, "no place")
        refused = client.post("/predict", json={"rows": [row]})
        assert problem_of(refused, 429).code == "overloaded"
        assert refused.headers["retry-after"] == "1"
        assert client.get("/health/ready").status_code == 200
        go.set()
        assert [asked.result() for asked in first] == [200, 200]
        assert client.post("/predict", json={"rows": [row]}).status_code == 200


ERRORS = [ModelFailedError("no probability"), RuntimeError("password=secret"), PanicError("secret")]


@pytest.mark.parametrize("error", ERRORS)
def test_only_the_caller_whose_rows_the_model_fails_for_hears_of_it(
    serving: Serving, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    predict = Predictor.predict

    def fail(self: Predictor, rows: Any) -> Any:
        if any(one["items"] == 13 for one in rows):
            raise error
        return predict(self, rows)

    monkeypatch.setattr(Predictor, "predict", fail)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: post(serving, [{**row, "items": n}]), range(1, 41)))
    assert [answer for answer in answers if answer.status_code != 200] == [answers[12]]
    assert problem_of(answers[12], 500).code == "model_failed"
    assert "secret" not in answers[12].text
