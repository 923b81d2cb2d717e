"""What callers were answered is in the log, or the policy for a log that fails holds."""

import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.serving import prediction_log
from {{ cookiecutter.__package }}.serving.prediction_log import Journal

from ..conftest import TASKS, shop_of
from .callers import problem_of
from .conftest import serve_config
from .live import add_version, live
from .test_server import counted, process

ROOM_BYTES = 20_000
if sys.platform == "linux":
    import resource


def test_a_run_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, write, pieces = Journal(tmp_path, "predictions"), os.write, []

    def count(descriptor: int, piece: bytes) -> int:
        pieces.append(piece)
        return write(descriptor, piece)

    monkeypatch.setattr(os, "write", count)
    journal.append([{"row": row} for row in range(100)])
    assert len(pieces) == 1
    journal.close()


def test_a_restart_does_not_glue_its_records_to_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "predictions")
    journal.append([{"row": 0}])
    journal.close()
    (path,) = tmp_path.iterdir()
    with path.open("ab") as file:
        file.write(b'{"row": 1, "ci')
    restarted = Journal(tmp_path, "predictions")
    restarted.append([{"row": 2}])
    restarted.close()
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 0}, {"row": 2}]


def test_a_write_that_failed_half_way_costs_only_its_own_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, write, calls = Journal(tmp_path, "predictions"), os.write, []

    def fill_the_disk(descriptor: int, piece: bytes) -> int:
        calls.append(piece)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return write(descriptor, piece[:-4])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fill_the_disk)
        with pytest.raises(OSError, match="No space"):
            journal.append([{"row": 0}])
    journal.append([{"row": 1}])
    journal.close()
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 1}]


def test_a_new_day_begins_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, "predictions")
    journal.append([{"row": 0}])
    monkeypatch.setattr(prediction_log, "datetime", Tomorrow)
    journal.append([{"row": 1}])
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 0}, {"row": 1}]


class Tomorrow(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """A day later than it is."""
        return super().now(tz) + timedelta(days=1)


@pytest.mark.parametrize("task", TASKS)
def test_a_record_keeps_its_form(tmp_path: Path, row: dict[str, Any], task: str) -> None:
    contract, config = shop_of(task), serve_config(tmp_path)
    add_version(config.bundles, contract)
    with live(config) as client:
        request_id = client.post("/predict", json={"rows": [row, row]}).json()["request_id"]
    (first,) = read_lines(config.log, "predictions")
    output = {"binary": "probability", "multiclass": "probabilities", "regression": "value"}[task]
    names = ["request_id", "time", "model", "version", "path", "route", "rows", output]
    assert list(first) == names
    assert first["request_id"] == request_id
    assert (first["model"], first["version"], first["route"]) == ("shop", 1, "champion")
    assert first["path"] == "/predict"
    assert first["rows"] == [row, row]
    assert len(first[output]) == 2


@pytest.fixture(params=["refuse", "serve"])
def full(
    request: pytest.FixtureRequest, tmp_path: Path, shop: Contract
) -> Iterator[tuple[str, str, int, Path]]:
    """A server whose files may have few bytes, by either policy."""
    if sys.platform != "linux":
        pytest.skip("limits another process's files as Linux can")
    with process(tmp_path, shop, "--set", f"serve.on_log_failure={request.param}") as (server, url):
        httpx.get(f"{url}/health/live")
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
        yield request.param, url, server.pid, tmp_path / "live"


def test_a_full_disk_does_what_the_policy_says_and_every_record_is_accounted_for(
    full: tuple[str, str, int, Path], row: dict[str, Any]
) -> None:
    policy, url, pid, log = full
    body = {"rows": [row] * 5}
    with httpx.Client(base_url=url, timeout=60) as client:
        given = [client.post("/predict", json=body) for _ in range(100)]
        labels = {"labels": [{"id": "o-1", "label": True}] * 1000}
        assert problem_of(client.post("/feedback", json=labels), 503).code == "log_failed"
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
        after = client.post("/predict", json=body).json()["request_id"]
    assert [record["request_id"] for record in read_lines(log, "predictions")] == [*logged, after]


def test_a_log_that_cannot_be_made_means_no_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    config.log.write_text("a file where the folder should be")
    with live(config) as client:
        problem = problem_of(client.post("/predict", json={"rows": [row]}), 503)
        assert problem.code == "log_failed"
        config.log.unlink()
        assert client.post("/predict", json={"rows": [row]}).status_code == 200
