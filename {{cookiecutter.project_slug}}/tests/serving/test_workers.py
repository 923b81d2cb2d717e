"""Several processes on one port, as a person starts them."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_rows

from .live import until
from .test_server import process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and asks for children as POSIX does")


def children(pid: int) -> set[int]:
    """The processes that answer, in whose log's names their numbers stand."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    if not listing.exists():
        pytest.skip("needs /proc")
    found = {int(child) for child in listing.read_text().split()}
    return {
        child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    }


@pytest.fixture
def started(tmp_path: Path, shop: Contract) -> Iterator[tuple[int, str, Path]]:
    """Two workers that are ready."""
    with process(tmp_path, shop, "--set", "serve.workers=2") as (server, url):
        until(lambda: counted(url, "workers") == 2, "two workers")
        yield server.pid, url, tmp_path / "live"
        server.terminate()
        assert server.wait(20) == 0
        assert server.stderr is not None
        said = server.stderr.read()
        assert re.fullmatch(
            r"(WARNING: +worker \d+ ended with exit code -9; starting another\n)*", said
        )


def counted(url: str, name: str) -> float:
    """A counter as whichever worker is asked tells it, over all labels; 0 while nobody answers."""
    try:
        text = httpx.get(f"{url}/metrics", timeout=20).text
    except httpx.TransportError:
        return 0
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(name))
    return sum(float(value) for series, value in lines if series.split("{")[0] == name)


def test_they_share_the_port_and_count_together(
    started: tuple[int, str, Path], row: dict[str, Any]
) -> None:
    pid, url, log = started
    for _ in range(40):  # each on a connection of its own
        assert httpx.post(f"{url}/predict", json={"rows": [row]}).status_code == 200
    assert {counted(url, "predicted_rows_total") for _ in range(6)} == {40}
    assert counted(url, "model_version") == 1
    found = Counter(path.stem.rsplit("-", 1)[1] for path in log.glob("predictions-*"))
    assert {int(number) for number in found} <= children(pid)
    assert len(list(read_rows(log))) == 40


def test_one_that_is_killed_is_replaced_while_the_other_answers(
    started: tuple[int, str, Path], row: dict[str, Any]
) -> None:
    pid, url, _ = started
    before = children(pid)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{killed}").exists() or killed not in children(pid), "its end")
    for _ in range(5):
        assert httpx.post(f"{url}/predict", json={"rows": [row]}, timeout=20).status_code == 200
    until(lambda: len(children(pid)) == 2 and killed not in children(pid), "another worker")
    until(lambda: counted(url, "workers") == 2, "two workers again")
    assert counted(url, "predicted_rows_total") == 5


@pytest.mark.slow
def test_the_first_to_die_is_replaced_as_quickly_as_a_server_starts(
    tmp_path: Path, shop: Contract
) -> None:
    began = time.monotonic()
    with process(tmp_path, shop, "--set", "serve.workers=2") as (server, url):
        until(lambda: counted(url, "workers") == 2, "two workers")
        started_s = time.monotonic() - began
        killed = min(children(server.pid))
        began = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        until(lambda: killed not in children(server.pid), "its end")
        until(lambda: counted(url, "workers") == 2 and len(children(server.pid)) == 2, "another")
        assert time.monotonic() - began <= max(2.0, started_s)


def test_workers_end_when_their_parent_was_killed(tmp_path: Path, shop: Contract) -> None:
    with process(tmp_path, shop, "--set", "serve.workers=2") as (server, url):
        until(lambda: counted(url, "workers") == 2, "two workers")
        workers = children(server.pid)
        server.kill()
        server.wait(20)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "their end")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/health/live")
