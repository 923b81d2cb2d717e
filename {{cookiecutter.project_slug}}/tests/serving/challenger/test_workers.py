"""Two workers and one challenger: they share its requests, and the end of it."""

import os
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_rows
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Versions

from ..live import add_version, until
from ..test_server import address_of, counted, project, start
from .versions import ask, challenge, challenger, within_chance

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="several workers share a socket as POSIX does"),
]
WORKERS = ("--set", "serve.workers=2", "--set", "serve.reload_s=0.2")
RULES = "abort: {min_requests: 40}\n"


def make_project(folder: Path, shop: Contract) -> None:
    """A project that has the option's settings."""
    project(folder, shop)
    (folder / "configs" / "challenger.yaml").write_text(RULES)


def both(url: str) -> bool:
    """Whether two workers answer."""
    return counted(url, "workers") == 2


def answers(url: str, row: dict[str, Any], ids: list[str]) -> dict[str, int]:
    """Versions by id, each asked on a connection of its own, so by either worker."""
    apart = {"connection": "close"}
    with httpx.Client(base_url=url, timeout=20, headers=apart) as client:
        return ask(client, row, ids)


def test_workers_send_the_same_ids_the_same_way_and_so_do_those_after_them(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    make_project(tmp_path, shop)
    other = challenger(tmp_path / "bundles", shop)
    challenge(tmp_path / "bundles", shop, other, share=0.3)
    ids = [f"o-{number}" for number in range(200)]
    found: list[dict[str, int]] = []
    for _ in range(2):
        with start(tmp_path, *WORKERS) as server:
            url = address_of(server)
            until(partial(both, url), "two workers")
            found += [answers(url, row, ids) for _ in range(2)]
            mine = list(found[0].values()).count(other.number)
            asked = 'challenger_requests_total{outcome="answered"}'
            text = httpx.get(f"{url}/metrics", timeout=20).text
            assert f"{asked} {2.0 * mine}" in text
            server.terminate()
            assert server.wait(20) == 0
    assert found[1:] == found[:1] * 3
    assert within_chance(len(ids), mine, 0.3)
    logged = Counter((r["columns"]["order"], r["version"]) for r in read_rows(tmp_path / "live"))
    assert logged == dict.fromkeys(found[0].items(), 4)
    processes = {path.name for path in (tmp_path / "live").glob("predictions-*.jsonl")}
    assert len(processes) == 4


@pytest.mark.parametrize("how", ["fails", "slow", "diverges"])
def test_workers_end_a_bad_challenger_together_while_callers_are_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any], how: str
) -> None:
    make_project(tmp_path, shop)
    bundles = tmp_path / "bundles"
    other, challenges = challenger(bundles, shop, how), Challenges(Versions(bundles, shop.name))
    done = threading.Event()
    failed: list[str] = []

    def load(number: int) -> None:
        try:
            while not done.is_set():
                answers(url, row, [f"{number}-{place}" for place in range(10)])
        except (AssertionError, httpx.HTTPError) as error:
            failed.append(repr(error))

    with start(tmp_path, *WORKERS) as server:
        url = address_of(server)
        until(partial(both, url), "two workers")
        callers = [threading.Thread(target=load, args=(number,)) for number in range(3)]
        for caller in callers:
            caller.start()
        challenge(bundles, shop, other, share=0.5)
        until(lambda: (line := challenges.newest()) is not None and not line.runs, "its end")
        until(lambda: counted(url, "challenger_version") == 0, "both workers to know")
        done.set()
        for caller in callers:
            caller.join()
        assert set(answers(url, row, [f"n-{n}" for n in range(30)]).values()) == {1}
        for _ in range(6):  # whichever worker is asked
            told = httpx.get(f"{url}/health/ready", timeout=20).json()
            assert f"version {other.number}, was aborted: max_" in told["problem"]
        assert counted(url, "challenger_aborts_total") == 1
        server.terminate()
        assert server.wait(20) == 0
    assert failed == []
    assert [line["action"] for line in challenges.history()] == ["challenge", "abort"]


def test_a_killed_worker_does_not_bring_an_aborted_challenger_back(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    make_project(tmp_path, shop)
    bundles = tmp_path / "bundles"
    add_version(bundles, shop, bias=0.2, serve=False)
    other = challenger(bundles, shop, "fails")
    with start(tmp_path, *WORKERS) as server:
        url = address_of(server)
        challenge(bundles, shop, other, share=0.9)
        until(partial(both, url), "two workers")
        challenges = Challenges(Versions(bundles, shop.name))

        def ended() -> bool:
            answers(url, row, [f"o-{number}" for number in range(20)])
            line = challenges.newest()
            return line is not None and line.action == "abort"

        until(ended, "its end")
        listing = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        os.kill(int(listing[-1]), 9)
        assert set(answers(url, row, [f"n-{n}" for n in range(30)]).values()) == {1}
        until(partial(both, url), "another worker")
        assert set(answers(url, row, [f"m-{n}" for n in range(30)]).values()) == {1}
        server.kill()
