"""The rules of the whole server, as the Open Inference Protocol meets them."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.log.segments import SERVICE
from {{ cookiecutter.__package }}.serving.access.keys import new_key
from {{ cookiecutter.__package }}.serving.predictor import Predictor
from {{ cookiecutter.__package }}.serving.readiness import UNTOLD

from ..audited import Audited, audited
from ..conftest import Serving, serve_config
from ..live import WAIT_S, add_version, live, records, until
from ..test_ending import ended_well
from ..test_fuzz import statuses_of
from ..test_guard import bearer
from ..test_headers import assert_safe
from ..test_limits import held
from ..test_server import process
from .protocol import INFER, ask, error_of, tensor, tensors

LEADING_OUT = ["/v2/models/{}", "/v2/models/{}/ready", "/v2/models/{}/infer"]
LEADING_OUT += ["/v2/models/shop/versions/{}", "/v2/models/shop/versions/{}/infer"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Iterator[Audited]:
    with audited(tmp_path_factory.mktemp("audited"), shop) as found:
        yield found


def test_health_needs_no_key_and_all_else_does_in_the_protocols_shape(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    key = bearer(new_key(config.keys, "first"))
    with live(config) as client:
        assert error_of(client.get("/v2/health/ready"), 503) == f"not ready: {UNTOLD}"
        assert "make train" in error_of(client.get("/v2/health/ready", headers=key), 503)
        add_version(config.bundles, shop)
        until(lambda: client.get("/v2/health/ready").status_code == 200, "a model")
        assert client.get("/v2/health/live").status_code == 200
        for path in ("/v2", "/v2/models/shop", "/v2/models/shop/ready"):
            assert "needs a key" in error_of(client.get(path), 401)
            assert client.get(path, headers=key).status_code == 200
        refused = ask(client, tensors([row]))
        assert "needs a key" in error_of(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        client.headers.update(key)
        assert ask(client, tensors([row])).status_code == 200


def test_a_failure_leaves_no_key_in_the_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    key = new_key(config.keys, "first")
    add_version(config.bundles, shop)
    monkeypatch.setattr(Predictor, "predict_columns", lambda *_: 1 / 0)
    with live(config) as client:
        client.headers.update(bearer(key))
        assert key not in error_of(ask(client, tensors([row])), 500)


def test_a_request_that_is_late_or_one_too_many_is_refused(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = serve_config(tmp_path, deadline_s=0.2)
    add_version(config.bundles, shop)
    with live(config) as client, held(monkeypatch):
        assert "within 0.2 s" in error_of(ask(client, tensors([row])), 504)
    config = config.model_copy(update={"max_waiting": 1, "deadline_s": WAIT_S})
    with live(config) as client, held(monkeypatch) as go, ThreadPoolExecutor(1) as callers:
        url, body = f"{client.base_url}{INFER}", json.dumps({"inputs": tensors([row])})
        first = callers.submit(httpx.post, url, content=body, timeout=WAIT_S)
        until(lambda: client.post("/predict", json={"rows": [row]}).status_code == 429, "no place")
        refused = ask(client, tensors([row]))
        assert "1 requests wait already" in error_of(refused, 429)
        assert refused.headers["retry-after"] == "1"
        go.set()
        assert first.result().status_code == 200


def test_a_key_of_the_json_that_stands_twice_is_refused(
    serving: Serving, row: dict[str, Any]
) -> None:
    text = json.dumps({"inputs": tensors([row])})
    twice = text.replace('"datatype":', '"datatype": 1, "datatype":', 1)
    refused = serving.client.post(INFER, content=twice)
    assert "'datatype' stands twice in one object" in error_of(refused, 400)
    for answer in (refused, serving.client.post(INFER, content=text), serving.client.get("/v2")):
        assert_safe(answer)
        assert answer.headers["cache-control"] == "no-store"


def test_requests_are_counted_as_predictions_and_logged_with_their_path(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        assert ask(client, tensors([row])).status_code == 200
        error_of(ask(client, [tensor("hush-4711", ["hush-4711"], "BYTES")]), 400)
        client.get("/v2/models/shop")
        assert "/v2/models/{name}/infer" in client.get("/status").json()["predict_paths"]
    (counted,) = records(config.log, SERVICE)
    assert counted["requests"] == {"200": 1, "400": 1}
    assert "hush" not in json.dumps(counted)
    (logged,) = read_lines(config.log, "predictions")
    assert (logged["path"], logged["route"]) == ("/v2/models/{name}/infer", "champion")


def test_a_server_that_drains_is_not_ready(tmp_path: Path, shop: Contract) -> None:
    with process(tmp_path, shop, "--set", "serve.drain_s=600") as (running, url):
        paths = "/v2/health/ready", "/v2/models/shop/ready"

        def statuses() -> set[int]:
            return {httpx.get(url + path, timeout=20).status_code for path in paths}

        until(lambda: statuses() == {200}, "a model")
        running.terminate()
        until(lambda: statuses() == {503}, "readiness to end")
        running.terminate()
        assert ended_well(running)


@pytest.mark.parametrize("path", LEADING_OUT)
def test_no_name_in_a_path_leads_to_a_file(server: Audited, path: str) -> None:
    server.refuses_hostile_names(path)


def test_a_prediction_is_answered_without_unpickling_anything(
    server: Audited, row: dict[str, Any]
) -> None:
    assert ask(server.client, tensors([row])).status_code == 200
    assert server.process.poll() is None


@pytest.mark.slow
def test_no_bytes_make_the_server_fail(tmp_path: Path, shop: Contract, row: dict[str, Any]) -> None:
    assert {400, 405, 413} <= statuses_of(tmp_path, shop, row, [INFER])
