"""What a request may take: time, and a place among those in flight."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.predictor import Predictor

from .conftest import Serving, serve_config
from .live import WAIT_S, add_version, live, records, until
from .problems import problem_of


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No model answers columns until the event is set."""
    go, answer = threading.Event(), Predictor.predict_columns

    def wait(self: Predictor, columns: Any) -> Any:
        assert go.wait(WAIT_S)
        return answer(self, columns)

    monkeypatch.setattr(Predictor, "predict_columns", wait)
    try:
        yield go
    finally:
        go.set()


@pytest.fixture
def columns(row: dict[str, Any]) -> dict[str, Any]:
    return {"columns": {name: [value] for name, value in row.items()}}


def test_what_is_not_answered_by_the_deadline_is_told_so_and_not_waited_for(
    tmp_path: Path,
    shop: Contract,
    row: dict[str, Any],
    columns: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = serve_config(tmp_path, deadline_s=0.2)
    add_version(config.bundles, shop)
    with live(config) as client, held(monkeypatch):
        problem = problem_of(client.post("/predict/columns", json=columns), 504)
        assert (problem.code, "within 0.2 s" in problem.message) == ("deadline", True)
        assert client.get("/health/ready").status_code == 200
        assert client.post("/predict", json={"rows": [row]}).status_code == 200
    assert len(records(config.log)) == 1


def test_an_answer_that_was_made_too_late_is_not_given(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = serve_config(tmp_path, deadline_s=0.2)
    add_version(config.bundles, shop)
    predict = Predictor.predict
    with live(config) as client:

        def late(self: Predictor, rows: Any) -> Any:
            time.sleep(0.3)
            return predict(self, rows)

        monkeypatch.setattr(Predictor, "predict", late)
        for n_rows in (1, 65):
            problem = problem_of(client.post("/predict", json={"rows": [row] * n_rows}), 504)
            assert problem.code == "deadline"
    assert records(config.log) == [], "nor is it in the log"


def test_more_than_the_queue_takes_are_told_when_to_ask_again(
    tmp_path: Path,
    shop: Contract,
    row: dict[str, Any],
    columns: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = serve_config(tmp_path, max_waiting=2, deadline_s=WAIT_S)
    add_version(config.bundles, shop)
    with live(config) as client, held(monkeypatch) as go, ThreadPoolExecutor(2) as callers:
        url = str(client.base_url)

        def ask(_: int) -> int:
            return httpx.post(f"{url}/predict/columns", json=columns, timeout=WAIT_S).status_code

        first = [callers.submit(ask, number) for number in range(2)]
        until(lambda: client.post("/predict", json={"rows": [row]}).status_code == 429, "no place")
        for path, body in (("/predict", {"rows": [row]}), ("/predict/columns", columns)):
            refused = client.post(path, json=body)
            assert problem_of(refused, 429).code == "overloaded"
            assert refused.headers["retry-after"] == "1"
        assert client.get("/health/ready").status_code == 200
        assert not any(asked.done() for asked in first)
        go.set()
        assert [asked.result() for asked in first] == [200, 200]
        assert client.post("/predict", json={"rows": [row]}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/predict",
        "/predict/columns",
        "/feedback",
    ],
)
def test_a_packed_body_is_refused_unread(serving: Serving, path: str) -> None:
    for encoding in ("gzip", "br", "identity, gzip"):
        sent = {"content-encoding": encoding}
        answer = serving.client.post(path, content=b"\x1f\x8b", headers=sent)
        assert answer.status_code == 415
        assert f"the body's encoding is {encoding}; send it without" in answer.text
    plain = {"content-encoding": "Identity"}
    body = json.dumps({"rows": []}).encode()
    assert serving.client.post(path, content=body, headers=plain).status_code in {400, 422}
