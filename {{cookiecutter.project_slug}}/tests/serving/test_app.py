"""Requests answered over HTTP, for each task, and what ``/model`` says."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import LABELS, TASKS, shop_of
from ..monitoring.reading import served_in
from .callers import faults_of, post
from .conftest import AWKWARD, Serving, serve_config
from .live import add_version, live, records

# by task: a label that is read, another one, and the rule that it breaks
LABELS_OF: dict[str, tuple[object, object, str]] = {
    "binary": (True, "true", "bool_type"),
    "multiclass": ("returned", "lost", "literal_error"),
    "regression": (33.5, -51, "greater_than_equal"),
}


def example_in(document: Any) -> Any:
    """The example of a prediction request."""
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    return body["examples"]["typical"]["value"]


def test_what_the_model_is_can_be_asked(serving: Serving, shop: Contract) -> None:
    model = serving.client.get("/model").json()
    assert (model["name"], model["version"], model["problem"]) == ("shop", 1, None)
    assert set(model["contract"]["columns"]) == set(shop.columns)
    assert "sources" not in model["contract"]
    assert (model["promotion"]["why"], model["promotion"]["verdict"]) == ("a test", "passed")
    assert model["request"] == list(model["typical"]) == list(shop.request)
    assert model["known"]["channel"] == ["<missing>", "store", "web"]


def test_awkward_column_names_work_all_the_way(tmp_path: Path, awkward: Contract) -> None:
    config = serve_config(tmp_path, "awkward")
    add_version(config.bundles, awkward)
    with live(config) as client:
        document = client.get("/openapi.json").json()
        assert set(document["components"]["schemas"]["Row"]["properties"]) == set(awkward.request)
        assert client.post("/predict", json=example_in(document)).status_code == 200
        row = {name: float(at) for at, name in enumerate(AWKWARD)} | {"kind of thing": "web"}
        (answer,) = client.post("/predict", json={"rows": [row]}).json()["predictions"]
        logit = 0.3 + sum(range(len(AWKWARD))) / 1000
        assert answer["probability"] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
        assert records(config.log)[-1]["columns"] == row
        for name in AWKWARD:
            faults = faults_of(client.post("/predict", json={"rows": [{**row, name: "1"}]}))
            assert faults == {(f"rows.0.{name}", "float_type")}


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_answered_as_documented_logged_and_sent_its_labels(
    tmp_path: Path, row: dict[str, Any], task: str
) -> None:
    contract, config = shop_of(task), serve_config(tmp_path)
    add_version(config.bundles, contract)
    sent = [row, {**row, "price": 900.0, "city": "Atlantis"}]
    label, wrong, rule = LABELS_OF[task]
    with live(config) as client:
        document = client.get("/openapi.json").json()
        answered = client.post("/predict", json={"rows": sent}).json()
        accepted = client.post("/feedback", json={"labels": [{"id": "o-1", "label": label}]})
        refused = client.post("/feedback", json={"labels": [{"id": "o-1", "label": wrong}]})
        assert faults_of(refused) == {("labels.0.label", rule)}
        assert client.post("/predict", json=example_in(document)).status_code == 200
        known = client.get("/model").json()["known"]["city"]
    shape = document["components"]["schemas"]["Prediction"]
    answers = answered["predictions"]
    assert set(shape["properties"]) - {"warnings"} == set(shape["required"])
    assert [set(answer) - {"warnings"} for answer in answers] == [set(shape["required"])] * 2
    assert ("warnings" in answers[0]) == (row["city"] not in known)
    assert answers[1]["warnings"] == ["city: no training row has this value"]
    for answer in answers if task == "multiclass" else ():
        best = max(answer["probabilities"], key=answer["probabilities"].get)
        assert (best, answer["probabilities"][best]) == (answer["decision"], answer["probability"])

    output, first = task_of(contract).output, next(read_lines(config.log, "predictions"))
    names = ["request_id", "time", "model", "version", "path", "route", "rows", output]
    assert list(first) == names
    assert first["request_id"] == answered["request_id"]
    assert [first[name] for name in names[2:6]] == ["shop", 1, "/predict", "champion"]
    assert first["rows"] == sent
    told = [answer[output] for answer in answers]
    assert first[output] == [list(t.values()) if task == "multiclass" else t for t in told]
    assert accepted.json()["accepted"] == 1
    (record,) = records(config.log, "labels")
    assert (record["id"], record["label"]) == ("o-1", label)


def test_what_is_left_out_is_missing_and_a_moment_is_one_in_any_zone(
    serving: Serving, row: dict[str, Any]
) -> None:
    part = {name: value for name, value in row.items() if name not in {"city", "gift"}}
    times = ["2024-05-01T08:00:00Z", "2024-05-01 03:00:00.000000-05:00", "2024-05-01t10:00+0200"]
    sent = [part, {**part, "city": None, "gift": None}, *({**part, "at": at} for at in times)]
    answers = post(serving, [row, *sent]).json()["predictions"]
    assert answers[0] != answers[1]
    assert answers[1:] == [answers[1]] * len(sent)


def test_requests_that_come_at_once_are_answered_each_with_its_own(
    serving: Serving, row: dict[str, Any]
) -> None:
    def ask(price: int) -> tuple[str, list[Any]]:
        rows = [{**row, "price": float(price + step)} for step in range(price % 3 + 1)]
        answer = serving.client.post("/predict", json={"rows": rows}).json()
        return answer["request_id"], answer["predictions"]

    alone = {price: ask(price)[1] for price in range(0, 900, 9)}
    before = len(records(serving.config.log))
    with ThreadPoolExecutor(16) as pool:
        together = dict(zip(alone, pool.map(ask, alone), strict=True))
    assert {price: answers for price, (_, answers) in together.items()} == alone
    logged = records(serving.config.log)[before:]
    assert len(logged) == sum(map(len, alone.values()))
    for request_id, predictions in together.values():
        own = [record["probability"] for record in logged if record["request_id"] == request_id]
        assert own == [answer["probability"] for answer in predictions]


def test_without_an_id_in_the_contract_a_label_names_its_request_and_row(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    contract, config = shop_of("multiclass", id=None), serve_config(tmp_path)
    add_version(config.bundles, contract)
    nameless = {name: value for name, value in row.items() if name != "order"}
    with live(config) as client:
        request_id = client.post("/predict", json={"rows": [nameless] * 3}).json()["request_id"]
        labels = [
            {"request_id": request_id, "row": place, "label": label}
            for place, label in ((0, LABELS[0]), (2, LABELS[1]))
        ]
        assert client.post("/feedback", json={"labels": labels}).json()["accepted"] == 2
        wrong = {"labels": [{"id": "o-1", "label": LABELS[0]}]}
        assert ("labels.0.request_id", "missing") in faults_of(client.post("/feedback", json=wrong))
    served = served_in(config.log, contract, 1)
    first, last = task_of(contract).encode(LABELS[:2])
    assert np.array_equal(served.labels, [first, np.nan, last], equal_nan=True)
