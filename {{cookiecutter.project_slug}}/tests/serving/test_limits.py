"""What one request may take, and heads and bodies that no caller of ours sends."""

import json
import threading
import time
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

from .callers import JSON, Raw, port_of, post, problem_of, request
from .conftest import Serving, serve_config
from .live import WAIT_S, add_version, live, records, until
from .test_metrics import scraped
from .test_schemas import HOSTILE
from .test_store import PanicError


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    """Status and code of a raw answer."""
    return answer[0], json.loads(answer[2])["code"]


@pytest.fixture
def raw(serving: Serving) -> Iterator[Raw]:
    with Raw(port_of(str(serving.client.base_url))) as connection:
        yield connection


def test_a_body_that_is_too_large_is_refused_unread(serving: Serving, raw: Raw) -> None:
    answer = raw.ask(request(b"", "/predict", JSON, "expect: 100-continue", length=20_001))
    assert code_of(answer) == (413, "body_too_large")
    assert raw.closed(), "no 100 Continue was sent, and nothing waits for the body"
    with Raw(raw.socket.getpeername()[1]) as chunked:
        head = f"POST /predict HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\ntransfer-encoding: chunked"
        piece = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        answer = chunked.ask(head.encode() + b"\r\n\r\n" + piece * 2)
        assert code_of(answer) == (413, "body_too_large")
    assert post(serving, [{}] * 51).json()["faults"][0]["rule"] == "too_long"


def test_a_body_that_is_awaited_is_asked_for(raw: Raw, row: dict[str, Any]) -> None:
    body = json.dumps({"rows": [row]}).encode()
    raw.socket.sendall(request(body, "/predict", JSON, "expect: 100-continue")[: -len(body)])
    assert raw.socket.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert raw.ask(body)[0] == 200


H2C = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABk")
REFUSED_BY_HEAD = [
    (("content-encoding: gzip",), (415, "unsupported_encoding")),
    (("content-encoding: identity, br",), (415, "unsupported_encoding")),
    (H2C, (400, "upgrade_refused")),
]


@pytest.mark.parametrize(("lines", "refusal"), REFUSED_BY_HEAD)
def test_a_packed_body_and_an_upgrade_are_refused_unread(
    raw: Raw, row: Any, lines: tuple[str, ...], refusal: tuple[int, str]
) -> None:
    body = json.dumps({"rows": [row]}).encode()
    assert code_of(raw.ask(request(body, "/predict", JSON, *lines))) == refusal


def test_a_body_that_does_not_come_is_not_waited_for(
    raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT_S", 0.3)
    answer = raw.ask(request(b'{"rows"', "/predict", JSON, length=100))
    assert code_of(answer) == (408, "body_too_slow")
    assert raw.closed()


def test_pipelined_requests_are_each_answered(raw: Raw, row: dict[str, Any]) -> None:
    bodies = [json.dumps({"rows": [row] * n}).encode() for n in (1, 2, 3)]
    raw.socket.sendall(b"".join(request(body, "/predict", JSON) for body in bodies))
    for n_rows in (1, 2, 3):
        status, _, body = raw.answer()
        assert (status, len(json.loads(body)["predictions"])) == (200, n_rows)


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
    raw: Raw, lines: tuple[str, ...]
) -> None:
    head = "\r\n".join(["POST /predict HTTP/1.1", "host: localhost", JSON, *lines, "", ""])
    raw.socket.sendall(head.encode() + b"0\r\n\r\nGET /model HTTP/1.1\r\nhost: localhost\r\n\r\n")
    raw.socket.shutdown(1)
    read = b""
    while piece := raw.socket.recv(65_536):
        read += piece
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


def test_hostile_bodies_are_refused_while_health_answers(tmp_path: Path, shop: Contract) -> None:
    config = serve_config(tmp_path, max_body_bytes=6_000_000)
    add_version(config.bundles, shop)
    waits, done = list[float](), threading.Event()
    with live(config) as client:

        def ask_health() -> None:
            while not done.is_set():
                start = time.monotonic()
                assert httpx.get(f"{client.base_url}/health/live", timeout=WAIT_S).is_success
                waits.append(time.monotonic() - start)

        asking = threading.Thread(target=ask_health)
        asking.start()
        for body in HOSTILE.values():
            assert client.post("/predict", content=body).status_code == 422
        done.set()
        asking.join()
    assert max(waits) < 3


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
