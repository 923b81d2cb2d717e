"""Clients that let the server wait: each is ended, and nobody else notices."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from .callers import Raw, request
from .conftest import serve_config
from .live import add_version, live, until
from .test_metrics import scraped

LIMIT_S = 0.4


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Iterator[httpx.Client]:
    """Of a server that is soon impatient."""
    config = serve_config(
        tmp_path_factory.mktemp("slow"), body_timeout_s=LIMIT_S, max_body_bytes=200_000
    )
    add_version(config.bundles, shop)
    with live(config) as client:
        yield client


@pytest.fixture
def raw(client: httpx.Client) -> Iterator[Raw]:
    port = client.base_url.port
    assert port is not None
    with Raw(port) as raw:
        yield raw


@pytest.fixture(scope="module")
def body(row: dict[str, Any]) -> bytes:
    return json.dumps({"rows": [row]}).encode()


def trickle(raw: Raw, data: bytes) -> None:
    """A byte at a time, as long as the server takes them."""

    def send() -> None:
        with suppress(OSError):
            for at in range(len(data)):
                raw.socket.sendall(data[at : at + 1])
                time.sleep(0.02)

    threading.Thread(target=send, daemon=True).start()


def test_a_body_that_does_not_come_is_answered_408(
    client: httpx.Client, raw: Raw, body: bytes
) -> None:
    before = scraped(client).get('requests_total{route="/predict",status="408"}', 0)
    raw.socket.sendall(request(body)[:-1])
    status, headers, answer = raw.answer()
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(answer)["code"] == "body_too_slow"
    assert raw.closed()
    assert scraped(client)['requests_total{route="/predict",status="408"}'] == before + 1


def test_so_is_one_that_trickles_or_is_of_no_told_length(raw: Raw, body: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    raw.socket.sendall(head)
    trickle(raw, b"1\r\n \r\n" * 1_000)
    assert raw.answer()[0] == 408
    assert raw.closed()


@pytest.mark.parametrize("sent", [b"", b"POST /pre", b"POST /predict HTTP/1.1\r\nhost: loc"])
def test_a_head_that_does_not_come_ends_the_connection(raw: Raw, sent: bytes) -> None:
    raw.socket.sendall(sent)
    assert raw.closed()


def test_a_head_that_trickles_does_too_on_a_connection_that_was_kept(raw: Raw, body: bytes) -> None:
    assert raw.ask(request(body))[0] == 200
    trickle(raw, request(body, "/predict", "x-long: " + "x" * 10_000))
    assert raw.closed()


def test_a_connection_that_is_idle_is_kept(raw: Raw, body: bytes) -> None:
    for _ in range(2):
        assert raw.ask(request(body))[0] == 200
        time.sleep(LIMIT_S * 3)
    assert raw.ask(request(body))[0] == 200


def test_a_head_without_end_is_refused(raw: Raw) -> None:
    with suppress(OSError):
        raw.socket.sendall(b"GET / HTTP/1.1\r\nx-endless: " + b"x" * 200_000)
    with suppress(ConnectionResetError):  # where it was closed before all had come
        assert raw.answer()[0] == 431
    assert raw.closed()


def test_a_body_that_is_too_large_is_refused_and_read_to_its_end(raw: Raw, body: bytes) -> None:
    assert raw.ask(request(b" " * 1_000_000))[0] == 413
    assert raw.ask(request(body))[0] == 200


def test_a_client_that_takes_no_answers_is_ended(client: httpx.Client, raw: Raw) -> None:
    asked = b"GET /docs/ui/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n" * 20
    raw.socket.setblocking(False)

    def lost() -> bool:
        try:
            raw.socket.send(asked)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    until(lost, "the end of the connection")
    assert client.get("/health/ready").status_code == 200
