"""What callers were told is in the log, whatever happens to the server and beside it."""

import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_rows

from .test_server import address_of, project, start

KILLS, CALLERS, N_ROWS = 20, 4, 3
FIRST_S, MOST_S = 30.0, 0.4

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kills and renames as POSIX does"),
]


class Callers:
    """Several connections that ask until the server is gone, or they are to stop."""

    def __init__(self, url: str, name: str, row: dict[str, Any]) -> None:
        self.answered: list[str] = []
        """Ids of requests that got their answer."""
        self.stop, self.first = threading.Event(), threading.Event()
        self._url, self._name = url, name
        self._row = row
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until they ask no more."""
        for thread in self._threads:
            thread.join()

    def _ask(self, caller: int) -> None:
        rows = [self._row | {"order": f"o-{caller}-{place}"} for place in range(N_ROWS)]
        body = json.dumps({"rows": rows}).encode()
        with httpx.Client(base_url=self._url, timeout=FIRST_S) as client:
            for number in range(100_000):
                given = f"{self._name}-{caller}-{number}"
                try:
                    sent = {"x-request-id": given, "content-type": "application/json"}
                    told = client.post("/predict", content=body, headers=sent)
                except httpx.TransportError:
                    return
                assert told.status_code == 200
                self.answered.append(given)
                self.first.set()
                if self.stop.is_set():
                    return


def test_twenty_kills_lose_and_double_nothing_that_was_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    """The next server starts while this one is asked, so two write into one folder now and then."""
    project(tmp_path, shop)
    moments, answered = np.random.default_rng(0), list[str]()
    following = start(tmp_path)
    for kill in range(KILLS):
        server, following = following, start(tmp_path)
        with server:
            callers = Callers(address_of(server), f"k{kill}", row)
            assert callers.first.wait(FIRST_S)
            time.sleep(moments.uniform(0, MOST_S))
            os.kill(server.pid, signal.SIGKILL)
            callers.join()
        answered += callers.answered
    with following:
        following.kill()
    check(tmp_path / "live", answered)


def check(log: Path, answered: list[str]) -> None:
    """Every row that was answered is there, and none twice."""
    logged = Counter((record["request_id"], record["row"]) for record in read_rows(log))
    assert set(logged.values()) == {1}
    assert {(given, place) for given in answered for place in range(N_ROWS)} <= set(logged)
