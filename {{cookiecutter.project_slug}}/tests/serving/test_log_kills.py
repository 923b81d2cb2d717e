"""What callers were told is in the log, and none goes unanswered, however the server ends."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_rows

from .live import until
from .test_server import address_of, posix, process, project, start

KILLS, CALLERS, N_ROWS = 20, 4, 3
MOST_S, DRAIN_S = 0.4, 1.0

pytestmark = [pytest.mark.slow, posix]


@dataclass(frozen=True)
class Asked:
    """What became of the requests of several callers."""

    answered: list[str] = field(default_factory=list)
    """Their ids."""
    lost: list[tuple[float, float]] = field(default_factory=list)
    """When those began, and failed, that the server took and did not answer."""


@contextmanager
def load(url: str, name: str, row: dict[str, Any], asked: Asked) -> Iterator[None]:
    """Several connections that ask until nobody listens, which the caller is to bring about."""

    def ask(caller: int) -> None:
        rows = [row | {"order": f"o-{caller}-{place}"} for place in range(N_ROWS)]
        body = json.dumps({"rows": rows}).encode()
        with httpx.Client(base_url=url, timeout=30) as client:
            for number in range(100_000):
                given, began = f"{name}-{caller}-{number}", time.monotonic()
                sent = {"x-request-id": given, "content-type": "application/json"}
                try:
                    answer = client.post("/predict", content=body, headers=sent)
                except httpx.ConnectError:
                    return
                except httpx.TransportError:
                    asked.lost.append((began, time.monotonic()))
                    continue
                assert answer.json()["request_id"] == given
                asked.answered.append(given)

    before = len(asked.answered)
    callers = [threading.Thread(target=ask, args=(caller,)) for caller in range(CALLERS)]
    for caller in callers:
        caller.start()
    until(lambda: len(asked.answered) > before, "load")
    yield
    for caller in callers:
        caller.join()


def assert_logged(log: Path, asked: Asked) -> None:
    """Every row that was answered is there, and none twice."""
    logged = Counter((record["request_id"], record["row"]) for record in read_rows(log))
    assert set(logged.values()) == {1}
    assert {(given, place) for given in asked.answered for place in range(N_ROWS)} <= set(logged)


def test_twenty_kills_lose_and_double_nothing_that_was_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    """The next server starts while this one is asked, so two write into one folder now and then."""
    project(tmp_path, shop)
    moments, asked, following = np.random.default_rng(0), Asked(), start(tmp_path)
    for kill in range(KILLS):
        server, following = following, start(tmp_path)
        with server, load(address_of(server), f"k{kill}", row, asked):
            time.sleep(moments.uniform(0, MOST_S))
            server.kill()
    with following:
        following.kill()
    assert_logged(tmp_path / "live", asked)


def test_an_ending_under_load_loses_no_request(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    """What begins as the drain ends may come too late: to connect takes a loaded machine a while."""
    asked = Asked()
    with process(tmp_path, shop, "--set", f"serve.drain_s={DRAIN_S}") as (server, url):
        with load(url, "ended", row, asked):
            until(lambda: len(asked.answered) >= 40, "load")
            ended_at, before = time.monotonic(), len(asked.answered)
            server.terminate()
        assert server.wait(30) == 0
    assert len(asked.answered) > before
    late, closed = ended_at + DRAIN_S / 2, ended_at + DRAIN_S
    assert [one for one in asked.lost if one[0] < late or one[1] < closed] == []
    assert_logged(tmp_path / "live", asked)
