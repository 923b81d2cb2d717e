import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ..conftest import Workspace
from .conftest import AWKWARD, Serving, serve_config
from .live import add_version, live, records
from .problems import faults_of, post, problem_of


def test_each_row_is_answered_in_order(serving: Serving, row: dict[str, Any]) -> None:
    rows = [{**row, "price": float(price)} for price in (900, 1, 500)]
    answer = post(serving, rows).json()
    assert (answer["model"], answer["version"]) == ("shop", 1)
    found = [prediction["probability"] for prediction in answer["predictions"]]
    hour, items = 8, 2
    logits = np.array([0.3 + (900 + items + 1) / 1000, 0.3 + (1 + items + 1) / 1000, 0.3 + 0.503])
    assert found == pytest.approx(1 / (1 + np.exp(-(logits + hour / 100))), abs=1e-6)
    assert [p["decision"] for p in answer["predictions"]] == [p >= 0.5 for p in found]


@pytest.mark.parametrize("given", ["a", "order-7_3.b", "x" * 64])
def test_the_callers_request_id_is_kept(serving: Serving, row: dict[str, Any], given: str) -> None:
    response = serving.client.post(
        "/predict", json={"rows": [row]}, headers={"x-request-id": given}
    )
    assert response.headers["x-request-id"] == response.json()["request_id"] == given
    assert records(serving.config.log)[-1]["request_id"] == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", '"},{"', "a/../b", "é", "a;b"])
def test_a_hostile_request_id_is_replaced(serving: Serving, given: str | None) -> None:
    headers = httpx.Headers()
    if given is not None:
        headers = httpx.Headers({b"x-request-id": given.encode("latin-1")})
    ids = {serving.client.get("/model", headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(made) == 32 and made != given for made in ids)


def test_the_openapi_document_shows_the_contract_with_an_example_that_is_accepted(
    serving: Serving, shop: Contract
) -> None:
    document = serving.client.get("/openapi.json").json()
    assert document["info"]["title"] == "shop"
    assert set(document["components"]["schemas"]["Row"]["properties"]) == set(shop.request)
    predict = document["paths"]["/predict"]["post"]
    content = predict["requestBody"]["content"]["application/json"]
    assert serving.client.post("/predict", json=content["example"]).status_code == 200
    for status in ("413", "422", "500", "503"):
        shape = predict["responses"][status]["content"]["application/json"]["schema"]
        assert shape == {"$ref": "#/components/schemas/Problem"}
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]


def test_the_documentation_page_is_there(serving: Serving) -> None:
    assert serving.client.get("/docs").status_code == 200


def test_a_category_is_one_whatever_json_type_it_is_sent_as(
    serving: Serving, row: dict[str, Any]
) -> None:
    def answers(values: list[Any]) -> set[float]:
        sent = [{**row, "city": value} for value in values]
        return {p["probability"] for p in post(serving, sent).json()["predictions"]}

    ones, trues = answers([1, 1.0, "1", "1.0", " 1 "]), answers([True, "True", "true", "TRUE"])
    assert len(ones) == len(trues) == 1
    assert len(ones | trues | answers(["other"])) == 3


def test_what_the_model_is_can_be_asked(serving: Serving, shop: Contract) -> None:
    model = serving.client.get("/model").json()
    assert (model["name"], model["version"]) == ("shop", 1)
    assert set(model["contract"]["columns"]) == set(shop.columns)
    assert "sources" not in model["contract"]


def test_awkward_column_names_work_all_the_way(tmp_path: Path, awkward: Contract) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, awkward)
    with live(config) as client:
        document = client.get("/openapi.json").json()
        assert set(document["components"]["schemas"]["Row"]["properties"]) == set(awkward.request)
        body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        assert client.post("/predict", json=body["example"]).status_code == 200
        row = {name: float(at) for at, name in enumerate(AWKWARD)} | {"kind of thing": "web"}
        answer = client.post("/predict", json={"rows": [row]}).json()
        logit = 0.3 + sum(range(len(AWKWARD))) / 1000
        probability = answer["predictions"][0]["probability"]
        assert probability == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
        assert records(config.log)[-1]["columns"] == row
        for name in AWKWARD:
            found = faults_of(client.post("/predict", json={"rows": [{**row, name: "1"}]}))
            assert found == {(f"rows.0.{name}", "float_type")}


def test_feedback_is_logged_and_counted(serving: Serving) -> None:
    labels = [{"id": "o-1", "label": True}, {"id": "o-2", "label": False}]
    answer = serving.client.post("/feedback", json={"labels": labels})
    assert answer.json()["accepted"] == 2
    logged = records(serving.config.log, "labels")[-2:]
    assert [{"id": r["id"], "label": r["label"]} for r in logged] == labels
    problem_of(serving.client.post("/feedback", json={"labels": [{"id": "o-1"}]}), 422)


def test_personal_data_are_neither_logged_nor_repeated(
    serving: Serving, row: dict[str, Any]
) -> None:
    assert post(serving, [row]).status_code == 200
    refused = post(serving, [{**row, "name": "Ada Lovelace"}])
    assert (refused.status_code, "rows.0.name" in refused.text) == (422, True)
    assert "Lovelace" not in refused.text
    for path in serving.config.log.iterdir():
        assert "Lovelace" not in path.read_text()
    assert "name" not in records(serving.config.log)[-1]["columns"]


def test_a_log_that_cannot_be_made_means_no_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    config.log.write_text("a file where the folder should be")
    with live(config) as client:
        response = client.post("/predict", json={"rows": [row]})
        problem = problem_of(response, 503)
        assert problem.code == "log_failed"
        assert "predictions" not in response.json()
        problem_of(client.post("/feedback", json={"labels": [{"id": "o", "label": True}]}), 503)
        assert "prediction_log_failures_total 2.0" in client.get("/metrics").text
        config.log.unlink()
        assert client.post("/predict", json={"rows": [row]}).status_code == 200
    assert len(records(config.log)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_means_no_answer(tmp_path: Path, shop: Contract, row: dict[str, Any]) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    config.log.mkdir()
    for day in (datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)):
        (config.log / f"predictions-{day:%Y-%m-%d}-{os.getpid()}.jsonl").symlink_to("/dev/full")
    with live(config) as client:
        problem = problem_of(client.post("/predict", json={"rows": [row]}), 503)
        assert "No space left" in problem.message
        for path in config.log.iterdir():
            path.unlink()
        assert client.post("/predict", json={"rows": [row]}).status_code == 200
    assert len(records(config.log)) == 1


def test_the_trained_model_answers_its_own_example(workspace: Workspace, tmp_path: Path) -> None:
    config = workspace.config.serve.model_copy(update={"log": tmp_path / "live"})
    with live(config) as client:
        document = client.get("/openapi.json").json()
        rows = document["components"]["schemas"]["Row"]["properties"]
        assert set(rows) == set(workspace.contract.request)
        body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        answer = client.post("/predict", json=body["example"])
        assert answer.status_code == 200, answer.text
        assert 0 <= answer.json()["predictions"][0]["probability"] <= 1
        assert client.get("/model").json()["bundle"] == workspace.bundle.hash
