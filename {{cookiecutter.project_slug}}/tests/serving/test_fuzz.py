"""Bytes that are no request, or nearly one: never a fault of the server, and it lives."""

import json
import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from .callers import Raw, port_of, request
from .conftest import serve_config
from .live import add_version, live

CASES = 4_000
TOGETHER = 50
PATHS = ["/predict", "/predict/columns", "/feedback", "/model", "/metrics"]
METHODS = (b"GET", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"TRACE", b"PRI", b"get", b"")
HEADERS = (
    *("transfer-encoding: chunked", "content-length: -1", "content-length: 99999999999999999999"),
    *("content-length: 5, 6", "transfer-encoding: gzip, chunked", "expect: 100-continue"),
    *("upgrade: websocket", "upgrade: h2c", "connection: close, upgrade", "host", ": x"),
    *("content-encoding: \xe9", "x-request-id: \x00", "inference-header-content-length: 7"),
)
Mutation = Callable[[random.Random, bytes], bytes]


def truncated(draw: random.Random, raw: bytes) -> bytes:
    return raw[: draw.randrange(len(raw))]


def flipped(draw: random.Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(draw.randint(1, 8)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def cut(draw: random.Random, raw: bytes) -> bytes:
    start = draw.randrange(len(raw))
    return raw[:start] + raw[start + draw.randint(1, 30) :]


def stuffed(draw: random.Random, raw: bytes) -> bytes:
    at = draw.randrange(len(raw))
    return raw[:at] + draw.randbytes(draw.randint(1, 30)) + raw[at:]


def of_another_length(draw: random.Random, raw: bytes) -> bytes:
    length = str(draw.choice([0, 1, 7, 10**4, 10**7, 10**12])).encode()
    return re.sub(rb"content-length: \d+", b"content-length: " + length, raw)


def with_another_method(draw: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"POST", draw.choice(METHODS), 1)


def with_another_header(draw: random.Random, raw: bytes) -> bytes:
    header = draw.choice(HEADERS).encode("latin-1")
    return raw.replace(b"host: localhost", header, 1)


def noise(draw: random.Random, raw: bytes) -> bytes:
    return draw.randbytes(draw.randint(1, 500))


def twice(draw: random.Random, raw: bytes) -> bytes:
    return raw + flipped(draw, raw)


MUTATIONS: tuple[Mutation, ...] = (
    *(truncated, flipped, cut, stuffed, of_another_length, with_another_method),
    *(with_another_header, noise, twice),
)


def answered(port: int, raws: list[bytes]) -> list[bytes]:
    """What came back for each on a connection of its own, in the time that answers take."""
    callers = [Raw(port) for _ in raws]
    for caller, raw in zip(callers, raws, strict=True):
        with suppress(OSError):
            caller.socket.sendall(raw)
    time.sleep(0.1)
    found = []
    for caller in callers:
        caller.socket.setblocking(False)
        said = b""
        with suppress(OSError):
            while piece := caller.socket.recv(65_536):
                said += piece
        found.append(said)
        caller.socket.close()
    return found


def statuses_of(folder: Path, shop: Contract, row: dict[str, Any], paths: list[str]) -> set[int]:
    """What a server answers to bytes that are nearly requests for these paths; none is a failure."""
    config = serve_config(folder, max_rows=50, max_body_bytes=100_000, body_timeout_s=1.0)
    add_version(config.bundles, shop)
    body = json.dumps({"rows": [row]}).encode()
    draw = random.Random(7)  # noqa: S311 - repeatable
    seen: set[int] = set()
    with live(config) as client:
        url = str(client.base_url)
        expected = client.post("/predict", content=body).json()["predictions"]
        for _ in range(CASES // TOGETHER):
            raws = []
            for _ in range(TOGETHER):
                raw = request(body, draw.choice(paths))
                for _ in range(draw.choice([1, 1, 2])):
                    raw = draw.choice(MUTATIONS)(draw, raw) or b"\r\n"
                raws.append(raw)
            for raw, said in zip(raws, answered(port_of(url), raws), strict=True):
                statuses = {int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)}
                assert not any(status >= 500 for status in statuses), (raw, said)
                seen |= statuses
            again = httpx.post(f"{url}/predict", content=body, timeout=20)
            assert again.json()["predictions"] == expected
        failed = re.findall(r'requests_total\{.*status="5..".*', client.get("/metrics").text)
        assert failed == []
    return seen


@pytest.mark.slow
def test_no_bytes_make_the_server_fail(tmp_path: Path, shop: Contract, row: dict[str, Any]) -> None:
    assert {200, 400, 405, 413, 422} <= statuses_of(tmp_path, shop, row, PATHS)
