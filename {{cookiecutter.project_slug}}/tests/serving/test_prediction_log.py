"""What callers were answered is in the log, or the policy for a log that fails holds."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.serving import prediction_log
from {{ cookiecutter.__package }}.serving.prediction_log import Journal

from .callers import problem_of
from .test_server import counted, process

ROOM_BYTES = 20_000
if sys.platform == "linux":
    import resource


def test_a_torn_line_is_ended_by_the_next_process_and_a_file_by_the_next_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        journal = Journal(tmp_path, "predictions")
        journal.append([{"row": number}])
        (path,) = tmp_path.iterdir()
        with path.open("ab") as file:
            file.write(b'{"row": 1, "ci')
        journal.close()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr(prediction_log, "datetime", SimpleNamespace(now=lambda _: tomorrow))
    journal.append([{"row": 2}])
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert list(read_lines(tmp_path, "predictions")) == [{"row": number} for number in range(3)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's files as Linux can")
@pytest.mark.parametrize("policy", ["refuse", "serve"])
def test_a_full_disk_does_what_the_policy_says_and_every_record_is_accounted_for(
    tmp_path: Path, shop: Contract, row: dict[str, Any], policy: str
) -> None:
    log, infinite = tmp_path / "live", resource.RLIM_INFINITY
    body = {"rows": [row] * 5}
    with (
        process(tmp_path, shop, "--set", f"serve.on_log_failure={policy}") as (server, url),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, infinite))
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
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (infinite, infinite))
        after = client.post("/predict", json=body).json()["request_id"]
    assert [record["request_id"] for record in read_lines(log, "predictions")] == [*logged, after]
