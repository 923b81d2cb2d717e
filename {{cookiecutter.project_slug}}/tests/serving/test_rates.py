"""How often a key may be used, over processes."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.access import rates
from {{ cookiecutter.__package }}.serving.access.keys import new_key
from {{ cookiecutter.__package }}.serving.access.rates import Rate

from .live import until
from .test_server import process

ASK = """
import sys
from pathlib import Path
from {module} import Rate
rate = Rate(500, Path(sys.argv[1]))
print(sum(rate.wait_s() == 0 for _ in range(400)))
"""


@pytest.fixture(params=[None, "rate"], ids=["alone", "shared"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Of a server of one process, and of several."""
    return tmp_path / request.param if request.param else None


def test_no_minute_holds_more_than_its_requests_wherever_it_begins(
    path: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(rates, "monotonic", lambda: now[0])
    rate = Rate(3, path)
    admitted = []
    for _ in range(400):
        if rate.wait_s() == 0:
            admitted.append(now[0])
        now[0] += 0.7
    for begin in admitted:
        assert sum(begin <= at < begin + 60 for at in admitted) <= 3
    assert len(admitted) == 15, "and not fewer: 3 for each of the five minutes"


def test_the_wait_is_until_the_oldest_request_is_a_minute_ago(
    path: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [5.0]  # the machine has just been started
    monkeypatch.setattr(rates, "monotonic", lambda: now[0])
    rate = Rate(2, path)
    assert rate.wait_s() == 0
    now[0] += 20
    assert rate.wait_s() == 0
    now[0] += 30
    assert rate.wait_s() == pytest.approx(10)
    assert rate.wait_s() == pytest.approx(10), "what was refused does not count"
    now[0] += 10
    assert rate.wait_s() == 0
    assert rate.wait_s() == pytest.approx(20)


def test_moments_of_a_clock_before_the_machine_was_started_again_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "monotonic", lambda: 1e6)
    assert Rate(1, tmp_path / "rate").wait_s() == 0
    monkeypatch.setattr(rates, "monotonic", lambda: 10.0)
    assert Rate(1, tmp_path / "rate").wait_s() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="has no such lock")
def test_processes_that_ask_at_once_get_no_more_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK.format(module=Rate.__module__), str(tmp_path / "rate")]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in asking) == 500


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no such lock")
def test_workers_let_a_key_in_as_often_as_one_would(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    key = new_key(tmp_path / "keys.json", "billing", per_minute=40)
    free = new_key(tmp_path / "keys.json", "free")
    with process(tmp_path, shop, "--set", "serve.workers=2") as (_, url):

        def ask(_: int) -> httpx.Response:  # each on a connection of its own
            headers = {"authorization": f"Bearer {key}"}
            return httpx.post(f"{url}/predict", json={"rows": [row]}, headers=headers, timeout=30)

        def n_workers() -> bool:
            headers = {"authorization": f"Bearer {free}"}
            scraped = httpx.get(f"{url}/metrics", headers=headers, timeout=30)
            return "workers 2.0" in scraped.text

        until(n_workers, "two workers")
        with ThreadPoolExecutor(4) as callers:
            answers = list(callers.map(ask, range(100)))
    assert Counter(answer.status_code for answer in answers) == {200: 40, 429: 60}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["code"] == "too_many_requests"
