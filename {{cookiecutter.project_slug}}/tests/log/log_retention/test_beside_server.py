"""The log is changed while a server writes to it."""

import os
from pathlib import Path

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_rows
from {{ cookiecutter.__package }}.log.log_retention.compact import compact
from {{ cookiecutter.__package }}.log.log_retention.forget import (
    Whose,
    forget,
)

from ...serving.conftest import ROW
from ...serving.test_log_kills import FIRST_S, Callers, check
from ...serving.test_server import process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="renames as POSIX does"),
]


def test_compacting_and_forgetting_beside_a_server_loses_nothing_else(
    tmp_path: Path, shop: Contract
) -> None:
    log = tmp_path / "live"
    with process(tmp_path, shop, "--set", "serve.reload_s=0.05") as (_, url):
        callers = Callers(url, "b", ROW)
        assert callers.first.wait(FIRST_S)
        try:
            for number in range(6):
                asked = {"rows": [ROW | {"order": f"gone-{number}"}] * 2}
                given = {"x-request-id": f"gone-{number}"}
                assert httpx.post(f"{url}/predict", json=asked, headers=given).status_code == 200
                labels = {"labels": [{"id": f"gone-{number}", "label": True}]}
                assert httpx.post(f"{url}/feedback", json=labels).status_code == 200
                done = forget(log, Whose(value=f"gone-{number}", column="order"))
                assert (done.rows, done.requests, done.labels) == (2, 1, 1)
                known = list(callers.answered)
                compact(log)
                check(log, known)
        finally:
            callers.stop.set()
            callers.join()
    check(log, callers.answered)
    assert list(log.glob("*.parquet"))
    assert not [one for one in read_rows(log) if one["request_id"].startswith("gone")]
