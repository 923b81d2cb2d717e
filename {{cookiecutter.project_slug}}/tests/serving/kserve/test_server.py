"""The rules of the whole server, as the Open Inference Protocol meets them."""

from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.serving.predictor import Predictor
from {{ cookiecutter.__package }}.serving.service import NO_DETAILS

from ..conftest import serve_config
from ..live import add_version, live, make_key, until
from ..test_auth import bearer
from ..test_metrics import scraped
from .protocol import ask, error_of, tensor, tensors


def test_health_needs_no_key_and_all_else_does_in_the_protocols_shape(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    key = bearer(make_key(config.keys))
    with live(config) as client:
        assert error_of(client.get("/v2/health/ready"), 503) == f"not ready: {NO_DETAILS}"
        assert "make train" in error_of(client.get("/v2/health/ready", headers=key), 503)
        add_version(config.bundles, shop)
        until(lambda: client.get("/v2/health/ready").status_code == 200, "a model")
        assert client.get("/v2/health/live").status_code == 200
        for path in ("/v2", "/v2/models/shop", "/v2/models/shop/ready"):
            assert "needs a known key" in error_of(client.get(path), 401)
            assert client.get(path, headers=key).status_code == 200
        refused = ask(client, tensors([row]))
        assert "needs a known key" in error_of(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        client.headers.update(key)
        assert ask(client, tensors([row])).status_code == 200


def test_a_failure_leaves_no_key_in_the_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    key = make_key(config.keys)
    add_version(config.bundles, shop)
    with live(config) as client:
        until(lambda: client.get("/health/ready").status_code == 200, "a model")
        monkeypatch.setattr(Predictor, "predict", lambda *_: 1 / 0)
        client.headers.update(bearer(key))
        assert key not in error_of(ask(client, tensors([row])), 500)


def test_requests_are_counted_as_predictions_and_logged_with_their_path(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        assert ask(client, tensors([row])).status_code == 200
        error_of(ask(client, [tensor("hush-4711", ["hush-4711"], "BYTES")]), 400)
        assert "hush" not in client.get("/metrics").text
        route, brace = "/v2/models/{name}/infer", "{"
        assert scraped(client)[f'requests_total{brace}route="{route}",status="200"' + "}"] == 1
    (logged,) = read_lines(config.log, "predictions")
    assert (logged["path"], logged["route"]) == (route, "champion")
