import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.serving.answers import (
    answer_model,
    fields_of,
)

from ..conftest import LABELS, TASKS, Workspace, shop_of
from ..monitoring.reading import served_in
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


def test_the_openapi_document_shows_the_contract_with_an_example_that_is_accepted(
    serving: Serving, shop: Contract
) -> None:
    document = serving.client.get("/openapi.json").json()
    assert document["info"]["title"] == "shop"
    assert set(document["components"]["schemas"]["Row"]["properties"]) == set(shop.request)
    predict = document["paths"]["/predict"]["post"]
    content = predict["requestBody"]["content"]["application/json"]
    assert serving.client.post("/predict", json=content["example"]).status_code == 200
    for status in ("400", "408", "413", "415", "422", "429", "500", "503"):
        shape = predict["responses"][status]["content"]["application/json"]["schema"]
        assert shape == {"$ref": "#/components/schemas/Problem"}
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]


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
    assert (model["promotion"]["why"], model["promotion"]["verdict"]) == ("a test", "passed")


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


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_answered_documented_logged_and_told_its_outcomes(
    tmp_path: Path, row: dict[str, Any], task: str
) -> None:
    contract, config = shop_of(task), serve_config(tmp_path)
    add_version(config.bundles, contract)
    outcome = {"binary": True, "multiclass": "returned", "regression": 33.5}[task]
    with live(config) as client:
        document = client.get("/openapi.json").json()
        schemas = document["components"]["schemas"]
        predict = document["paths"]["/predict"]["post"]
        answered = client.post("/predict", json={"rows": [row, {**row, "price": 900.0}]})
        told = client.post("/feedback", json={"labels": [{"id": "o-1", "label": outcome}]})
        model = client.get("/model").json()
        body = predict["requestBody"]["content"]["application/json"]
        assert client.post("/predict", json=body["example"]).status_code == 200
        metrics = client.get("/metrics").text
    found = answered.json()["predictions"]
    shape = {"$ref": "#/components/schemas/Prediction"}
    assert schemas["Answer"]["properties"]["predictions"]["items"] == shape
    always = set(schemas["Prediction"]["required"])
    assert set(schemas["Prediction"]["properties"]) == {f.name for f in fields_of(contract)}
    assert [set(prediction) - {"warnings"} for prediction in found] == [always] * 2
    logged = [record[task_of(contract).output] for record in records(config.log)[:2]]
    if task == "multiclass":
        assert [max(row) for row in logged] == [p["probability"] for p in found]
    else:
        assert logged == [next(iter(p.values())) for p in found]
    assert told.json()["accepted"] == 1
    (label,) = records(config.log, "labels")
    assert (label["id"], label["label"]) == ("o-1", outcome)
    assert model["metrics"]["model"].keys() == {task_of(contract).main}
    assert "predicted_rows_total 3.0" in metrics
    assert ("predicted_decisions_total{" in metrics) == (task != "regression")


@pytest.mark.parametrize("task", TASKS)
def test_columns_are_answered_and_logged_as_rows_are(
    tmp_path: Path, row: dict[str, Any], task: str
) -> None:
    contract, config = shop_of(task), serve_config(tmp_path)
    add_version(config.bundles, contract)
    wanted = {} if task == "regression" else {"probabilities": True}
    rows = [{**row, "price": price, "order": f"o-{price}"} for price in (1.0, 500.0, 900.0)]
    columns = {name: [given[name] for given in rows] for name in row}
    with live(config) as client:
        by_row = client.post("/predict", json={"rows": rows, **wanted}).json()
        by_column = client.post("/predict/columns", json={"columns": columns, **wanted}).json()
        document = client.get("/openapi.json").json()
    assert by_row.keys() == by_column.keys()
    told = by_column["predictions"]
    assert told.pop("warnings", None) == [one.pop("warnings") for one in by_row["predictions"]]
    for name, values in told.items():
        expected = [prediction[name] for prediction in by_row["predictions"]]
        if name == "probabilities":
            assert expected == [
                dict(zip(values, v, strict=True)) for v in zip(*values.values(), strict=True)
            ]
        else:
            assert expected == values
    shape = document["components"]["schemas"]["PredictionColumns"]
    assert set(shape["properties"]) >= set(told) >= set(shape["required"])
    first, second = records(config.log)[:3], records(config.log)[3:]
    assert [r["columns"] for r in first] == [r["columns"] for r in second] == rows
    assert [r["row"] for r in second] == [0, 1, 2]


def test_requests_that_come_at_once_are_answered_each_with_its_own(
    serving: Serving, row: dict[str, Any]
) -> None:
    def ask(price: int) -> tuple[str, list[float]]:
        sent = [{**row, "price": float(price + step)} for step in range(price % 3 + 1)]
        answer = post(serving, sent).json()
        return answer["request_id"], [p["probability"] for p in answer["predictions"]]

    alone = {price: ask(price)[1] for price in range(0, 900, 9)}
    before = len(records(serving.config.log))
    with ThreadPoolExecutor(16) as pool:
        together = dict(zip(alone, pool.map(ask, alone), strict=True))
    assert {price: found for price, (_, found) in together.items()} == alone
    logged = records(serving.config.log)[before:]
    assert len(logged) == sum(map(len, alone.values()))
    for request_id, found in together.values():
        mine = [r["probability"] for r in logged if r["request_id"] == request_id]
        assert mine == found


@pytest.mark.parametrize("task", TASKS)
def test_without_an_id_in_the_contract_an_outcome_names_its_request_and_row(
    tmp_path: Path, row: dict[str, Any], task: str
) -> None:
    contract, config = shop_of(task, id=None), serve_config(tmp_path)
    add_version(config.bundles, contract)
    outcomes = {"binary": (True, False), "multiclass": LABELS[:2], "regression": (1.5, 2.5)}[task]
    given = {name: value for name, value in row.items() if name != "order"}
    with live(config) as client:
        rows = {"rows": [given, given, given]}
        request_id = client.post("/predict", json=rows).json()["request_id"]
        labels = [
            {"request_id": request_id, "row": place, "label": value}
            for place, value in zip((0, 2), outcomes, strict=True)
        ]
        assert client.post("/feedback", json={"labels": labels}).json()["accepted"] == 2
        wrong = {"labels": [{"id": "o-1", "label": outcomes[0]}]}
        assert ("labels.0.request_id", "missing") in faults_of(client.post("/feedback", json=wrong))
    served = served_in(config.log, contract, 1)
    first, last = task_of(contract).encode(outcomes)
    assert np.array_equal(served.labels, [first, np.nan, last], equal_nan=True)


def test_the_trained_model_answers_its_own_example(workspace: Workspace, tmp_path: Path) -> None:
    config = workspace.config.serve.model_copy(update={"log": tmp_path / "live"})
    with live(config) as client:
        document = client.get("/openapi.json").json()
        rows = document["components"]["schemas"]["Row"]["properties"]
        assert set(rows) == set(workspace.contract.request)
        body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        answer = client.post("/predict", json=body["example"])
        assert answer.status_code == 200, answer.text
        shape = answer_model(workspace.contract)
        assert shape.model_validate(answer.json()).model_dump(exclude_unset=True) == answer.json()
        assert client.get("/model").json()["bundle"] == workspace.bundle.hash
