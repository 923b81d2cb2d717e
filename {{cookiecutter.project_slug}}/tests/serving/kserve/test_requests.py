"""What the Open Inference Protocol answers: what ``/predict`` does, whichever way it is asked."""

from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.serving.predictor import Predictor

from ..conftest import Serving, serve_config
from ..live import add_version, live, make_key, records, until
from ..test_auth import bearer
from ..test_metrics import scraped
from .protocol import ask, error_of, outputs, predicted, tensors


def test_metadata_say_which_column_may_be_left_out(serving: Serving, shop: Contract) -> None:
    metadata = serving.client.get("/v2/models/shop").json()
    assert metadata == serving.client.get("/v2/models/shop/versions/1").json()
    assert (metadata["name"], metadata["versions"]) == ("shop", ["1"])
    assert metadata["inputs"][0] == {
        "name": shop.request[0],
        "datatype": "BYTES",
        "shape": [-1],
        "parameters": {"type": "string", "optional": True},
    }
    left_out = {spec["name"] for spec in metadata["inputs"] if spec["parameters"]["optional"]}
    assert left_out == {"order", "city", "gift"}


def test_tensors_may_be_a_column_and_outputs_chosen(
    serving: Serving, rows: list[dict[str, Any]]
) -> None:
    expected = predicted(serving.client, rows)
    inputs = tensors(rows)
    for place, each in enumerate(inputs):
        each["shape"] = [3, 1]
        if place % 2:
            each["data"] = [[value] for value in each["data"]]
    chosen = [{"name": "decision"}, {"name": "probability", "parameters": {"binary_data": False}}]
    answer = ask(serving.client, inputs, "/v2/models/shop/versions/1/infer", outputs=chosen)
    assert list(outputs(answer).items()) == [
        ("decision", expected["decision"]),
        ("probability", expected["probability"]),
    ]
    assert "id" not in answer.json()
    assert set(outputs(ask(serving.client, inputs, outputs=chosen[:1]))) == {"decision"}


def test_an_answer_is_logged_under_the_id_that_it_tells_and_counted(
    serving: Serving, rows: list[dict[str, Any]]
) -> None:
    route = "/v2/models/{name}/infer"
    answer = ask(serving.client, tensors(rows), id="not unique")
    request_id = answer.json()["parameters"]["request_id"]
    assert answer.json()["id"] == "not unique"
    assert answer.headers["x-request-id"] == request_id
    logged = [r for r in records(serving.config.log) if r["request_id"] == request_id]
    assert [r["probability"] for r in logged] == outputs(answer)["probability"]
    assert [r["columns"]["order"] for r in logged] == [r["order"] for r in rows]
    assert scraped(serving.client)['requests_total{route="' + route + '",status="200"}'] >= 1
    newest = list(read_lines(serving.config.log, "predictions"))[-1]
    assert (newest["path"], newest["route"]) == (route, "champion")


def test_what_is_missing_can_be_null_a_number_that_is_none_or_left_out(
    serving: Serving, row: dict[str, Any]
) -> None:
    rows = [row, {**row, "city": None, "gift": None}]
    expected = predicted(serving.client, rows)["probability"]
    assert expected[0] != expected[1]
    assert outputs(ask(serving.client, tensors(rows)))["probability"] == expected
    gaps = tensors(rows, city=["Lyon", ""], gift=[1.0, float("nan")])
    assert outputs(ask(serving.client, gaps))["probability"] == expected
    logged = [record["columns"] for record in records(serving.config.log)[-6:]]
    assert logged[:2] == logged[2:4] == logged[4:]
    left_out = [each for each in tensors(rows[1:]) if each["name"] not in {"city", "gift"}]
    assert outputs(ask(serving.client, left_out))["probability"] == expected[1:]


def test_health_needs_no_key_and_all_else_does_in_the_protocols_shape(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, key = serve_config(tmp_path), make_key(tmp_path / "keys.txt")
    with live(config) as client:
        assert client.get("/v2/health/live").json() == {"live": True}
        assert "/health/ready says why" in error_of(client.get("/v2/health/ready"), 503)
        add_version(config.bundles, shop)
        until(lambda: client.get("/v2/health/ready").status_code == 200, "a model")
        for path in ("/v2", "/v2/models/shop", "/v2/models/shop/ready"):
            assert "needs a known key" in error_of(client.get(path), 401)
            assert client.get(path, headers=bearer(key)).status_code == 200
        refused = ask(client, tensors([row]))
        assert "needs a known key" in error_of(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        client.headers.update(bearer(key))
        assert ask(client, tensors([row])).status_code == 200
        monkeypatch.setattr(Predictor, "predict", lambda *_: 1 / 0)
        failed = error_of(ask(client, tensors([row])), 500)
        assert failed == "the model failed; the server's log tells why under this request_id"
