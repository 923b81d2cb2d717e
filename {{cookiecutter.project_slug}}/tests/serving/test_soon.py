"""What a person does to a running server shows within two seconds."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import Command
from .live import add_version, until
from .test_server import process
from .test_workers import children, counted

SOON_S = 2.0
SWITCHES = 12
TRIES = 3


def within(limit_s: float, holds: Callable[[], bool], what: str) -> float:
    """Seconds until something holds, which are to be fewer than the limit."""
    start = time.monotonic()
    until(holds, what)
    took_s = time.monotonic() - start
    assert took_s <= limit_s, f"{what} after {took_s:.2f} s"
    return took_s


@pytest.mark.slow
def test_promote_and_rollback_are_answered_by_within_two_seconds(
    tmp_path: Path,
    shop: Contract,
    row: dict[str, Any],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As typed, with the settings that a project comes with; from the command's end on."""
    monkeypatch.chdir(tmp_path)
    took: list[float] = []
    with process(tmp_path, shop) as (_, url), httpx.Client(base_url=url, timeout=20) as client:
        add_version(tmp_path / "bundles", shop, bias=1, serve=False)
        (tmp_path / "configs" / "contract.yaml").write_text(shop.text)
        (tmp_path / "configs" / "train.yaml").write_text(yaml.safe_dump({"tracker": "none"}))
        versions = Versions(tmp_path / "bundles", shop.name)

        def answered() -> bool:
            served = versions.served()
            assert served
            answer = client.post("/predict", json={"rows": [row]}).json()
            return bool(answer.get("version") == served.number)

        until(answered, "the first version")
        for number in range(SWITCHES):
            typed = ("rollback",) if number % 2 else ("promote", "2")
            assert command(*typed) == 0
            took.append(within(SOON_S, answered, f"switch {number + 1}"))
    print(f"switches: median {sorted(took)[len(took) // 2]:.2f} s, longest {max(took):.2f} s")


def replaced_s(folder: Path, shop: Contract) -> tuple[float, float]:
    """Seconds from the kill of one worker of two until there are two again; processor's seconds."""
    folder.mkdir()
    with process(folder, shop, "--set", "serve.workers=2") as (server, url):
        until(lambda: counted(url, "workers") == 2, "two workers")
        before = children(server.pid)
        start = time.monotonic()
        os.kill(min(before), signal.SIGKILL)
        until(lambda: min(before) not in children(server.pid), "its end")
        until(lambda: counted(url, "workers") == 2, "another")
        took_s = time.monotonic() - start
        (new,) = set(children(server.pid)) - set(before)
        return took_s, busy_s(new)


def busy_s(pid: int) -> float:
    """Processor's seconds of a process and its threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux for a process's time")
def test_a_worker_that_is_killed_is_replaced_within_two_seconds(
    tmp_path: Path, shop: Contract
) -> None:
    """Where the machine has something else to do, of the processor's time: one of three tries."""
    took = [replaced_s(tmp_path / "0", shop)]
    while min(took[-1]) > SOON_S and len(took) < TRIES:
        took.append(replaced_s(tmp_path / str(len(took)), shop))
    print("replaced after", ", ".join(f"{all_s:.2f} s ({busy:.2f} busy)" for all_s, busy in took))
    assert min(map(min, took)) <= SOON_S, took
