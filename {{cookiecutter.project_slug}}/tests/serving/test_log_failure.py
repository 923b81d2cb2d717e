"""A disk that is full, that is slow, and what a server does then: real ones, as far as a test has them."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines, read_rows

from .conftest import serve_config
from .live import add_version, live, until
from .test_metrics import scraped
from .test_server import process
from .test_workers import counted

ROOM_BYTES = 20_000
SERVE = ("--set", "serve.on_log_failure=serve")
if sys.platform == "linux":
    import resource


@pytest.fixture(params=["refuse", "serve"])
def full(
    request: pytest.FixtureRequest, tmp_path: Path, shop: Contract
) -> Iterator[tuple[str, str, int, Path]]:
    """A server whose files may have few bytes, by either policy."""
    if sys.platform != "linux":
        pytest.skip("limits another process's files as Linux can")
    with process(tmp_path, shop, "--set", f"serve.on_log_failure={request.param}") as (server, url):
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
        yield request.param, url, server.pid, tmp_path / "live"


def test_a_full_disk_does_what_the_policy_says_and_every_record_is_accounted_for(
    full: tuple[str, str, int, Path], row: dict[str, Any]
) -> None:
    policy, url, pid, log = full
    body = json.dumps({"rows": [row] * 5}).encode()
    with httpx.Client(base_url=url, timeout=60) as client:
        given = [client.post("/predict", content=body) for _ in range(100)]
        feedback = {"labels": [{"id": "o-1", "label": True}] * 1000}
        assert client.post("/feedback", json=feedback).status_code == 503
        answered = [r.json()["request_id"] for r in given if r.status_code == 200]
        refused = [r for r in given if r.status_code == 503]
        assert len(answered) + len(refused) == 100
        logged = [record["request_id"] for record in read_lines(log, "predictions")]
        assert 5 < len(logged) < 50
        assert logged == answered[: len(logged)]
        if policy == "refuse":
            assert len(answered) == len(logged)
            assert {r.json()["code"] for r in refused} == {"log_failed"}
        assert counted(url, "prediction_log_lost_total") == len(answered) - len(logged)
        assert counted(url, "prediction_log_failures_total") == len(refused) + 1
        infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, infinite)
        after = client.post("/predict", content=body).json()["request_id"]
    assert [record["request_id"] for record in read_lines(log, "predictions")] == [*logged, after]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_full_disk_does_not_fill_the_memory(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    body = json.dumps({"rows": [row] * 60}).encode()  # 9 kB of records each
    with process(tmp_path, shop, *SERVE) as (server, url), httpx.Client(base_url=url) as client:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))

        def ask(n_requests: int) -> int:
            for _ in range(n_requests):
                assert client.post("/predict", content=body, timeout=60).status_code == 200
            return memory_kb(server.pid)

        start, end = ask(200), ask(1_500)
        assert counted(url, "prediction_log_lost_total") > 1_690
    assert end - start < 5_000  # the records alone would have been 13 MB


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe that has a name")
def test_a_slow_disk_is_waited_for_and_counted(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    """The disk is a pipe: what it takes is what somebody reads at its other end."""
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    config.log.mkdir()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for day in (datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)):
        (config.log / f"predictions-{day:%Y-%m-%d}-{os.getpid()}.jsonl").symlink_to(pipe)
    read = bytearray()

    def disk() -> None:
        with pipe.open("rb", buffering=0) as file:
            time.sleep(0.5)
            while part := file.read(65_536):
                read.extend(part)

    taking = threading.Thread(target=disk, daemon=True)
    taking.start()
    with live(config) as client:
        rows = [row] * 1_000  # more than a pipe holds
        assert client.post("/predict", json={"rows": rows}).status_code == 200
        until(lambda: read.endswith(b"\n"), "the last of it")
        assert len(json.loads(read)["rows"]) == len(rows)
        assert scraped(client)["prediction_log_slow_writes_total"] == 1
    taking.join()


def test_a_synced_log_holds_what_was_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync
    config = serve_config(tmp_path, log_fsync=True)
    add_version(config.bundles, shop)

    def counted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(descriptor)

    monkeypatch.setattr(os, "fsync", counted_fsync)
    with live(config) as client:
        for number in range(3):
            before = len(synced)
            assert client.post("/predict", json={"rows": [row]}).status_code == 200
            assert len(synced) - before == (1 if number else 2)  # the name's entry, too
    assert len(list(read_rows(config.log))) == 3


def test_a_record_says_where_it_was_asked_and_by_which_route_it_was_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    columns = {name: [value] for name, value in row.items()}
    with live(config) as client:
        client.post("/predict", json={"rows": [row]})
        client.post("/predict", json={"rows": [row] * 100})
        client.post("/predict/columns", json={"columns": columns})
    logged = list(read_lines(config.log, "predictions"))
    assert {record["route"] for record in logged} == {"champion"}
    assert [record["path"] for record in logged] == [
        "/predict",
        "/predict",
        "/predict/columns",
    ]


def memory_kb(pid: int) -> int:
    """What a process holds of the machine's memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
