import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ModelFailedError
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.predictor import Predictor
from {{ cookiecutter.__package }}.serving.schemas import Problem

from ..conftest import Workspace
from .conftest import AWKWARD, Serving, serve_config
from .live import add_version, live, records, until

PROBLEM = {"code", "message", "faults", "request_id"}


def problem_of(response: httpx.Response, status: int) -> Problem:
    """The error, in the one documented shape."""
    assert response.status_code == status, response.text
    assert set(response.json()) == PROBLEM
    problem = Problem.model_validate_json(response.content)
    assert problem.request_id == response.headers["x-request-id"]
    return problem


def faults_of(response: httpx.Response) -> set[tuple[str, str]]:
    problem = problem_of(response, 422)
    assert problem.code == "invalid_request"
    assert all(fault.message for fault in problem.faults)
    return {(fault.field, fault.rule) for fault in problem.faults}


def post(serving: Serving, rows: object, path: str = "/predict") -> httpx.Response:
    content = json.dumps({"rows": rows}).encode()
    return serving.client.post(path, content=content)


def test_each_row_is_answered_in_order(serving: Serving, row: dict[str, Any]) -> None:
    rows = [{**row, "price": float(price)} for price in (900, 1, 500)]
    answer = post(serving, rows).json()
    assert (answer["model"], answer["version"]) == ("shop", 1)
    found = [prediction["probability"] for prediction in answer["predictions"]]
    hour, items = 8, 2
    logits = np.array([0.3 + (900 + items + 1) / 1000, 0.3 + (1 + items + 1) / 1000, 0.3 + 0.503])
    assert found == pytest.approx(1 / (1 + np.exp(-(logits + hour / 100))), abs=1e-6)
    assert [p["decision"] for p in answer["predictions"]] == [p >= 0.5 for p in found]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("price", "12.5", "float_type"),
        ("price", True, "float_type"),
        ("price", None, "float_type"),
        ("price", -0.01, "greater_than_equal"),
        ("price", 1000.01, "less_than_equal"),
        ("price", float("nan"), "finite_number"),
        ("price", float("inf"), "finite_number"),
        ("price", float("-inf"), "finite_number"),
        ("items", "2", "int_type"),
        ("items", 2.5, "int_type"),
        ("items", True, "int_type"),
        ("items", 0, "greater_than_equal"),
        ("items", 2**63, "less_than_equal"),
        ("items", 10**400, "less_than_equal"),
        ("channel", "Web", "literal_error"),
        ("channel", None, "literal_error"),
        ("channel", 1, "literal_error"),
        ("city", "x" * 1_001, "string_too_long"),
        ("gift", "true", "bool_type"),
        ("gift", 1, "bool_type"),
        ("at", "2024-05-01T10:00:00", "timezone_aware"),
        ("at", "yesterday", "datetime_parsing"),
        ("at", 1714550400, "datetime_type"),
        ("order", {}, "string_type"),
        ("colour", "red", "extra_forbidden"),
        ("refund", 1.0, "extra_forbidden"),
        ("returned", True, "extra_forbidden"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_by_field_and_rule(
    serving: Serving, row: dict[str, Any], column: str, value: object, rule: str
) -> None:
    before = len(records(serving.config.log))
    assert faults_of(post(serving, [row, {**row, column: value}])) == {(f"rows.1.{column}", rule)}
    assert len(records(serving.config.log)) == before


def test_a_number_too_large_for_any_machine_is_refused(
    serving: Serving, row: dict[str, Any]
) -> None:
    text = json.dumps({"rows": [{**row, "price": 0}]}).replace('"price": 0', '"price": 1e999')
    found = faults_of(serving.client.post("/predict", content=text))
    assert found == {("rows.0.price", "finite_number")}


@pytest.mark.parametrize("column", ["price", "items", "channel", "at"])
def test_a_column_that_must_be_there_is_named(
    serving: Serving, row: dict[str, Any], column: str
) -> None:
    part = {name: value for name, value in row.items() if name != column}
    assert faults_of(post(serving, [part])) == {(f"rows.0.{column}", "missing")}


@pytest.mark.parametrize(
    ("content", "field", "rule"),
    [
        (b"", "body", "json_invalid"),
        (b'{"rows": [', "body", "json_invalid"),
        (b'{"rows": []}', "rows", "too_short"),
        (b'{"rows": [' + b"{}," * 50 + b"{}]}", "rows", "too_long"),
        (b"{}", "rows", "missing"),
        (b"[]", "body", "dict_type"),
        (b"null", "body", "dict_type"),
        (b'{"rows": {}}', "rows", "list_type"),
        (b'{"rows": [1]}', "rows.0", "dict_type"),
        (b'{"rows": "\xff\xfe"}', "body", "json_invalid"),
        ('{"rows": []}'.encode("utf-16"), "body", "json_invalid"),
        (b"[" * 5_000, "body", "json_invalid"),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    serving: Serving, content: bytes, field: str, rule: str
) -> None:
    found = faults_of(serving.client.post("/predict", content=content))
    assert (field, rule) in found


def test_at_most_twenty_faults_are_listed_and_all_are_counted(
    serving: Serving, row: dict[str, Any]
) -> None:
    problem = problem_of(post(serving, [{**row, "price": -1}] * 30), 422)
    assert len(problem.faults) == 20
    assert problem.message.startswith("30 not valid; the first is rows.0.price")


def test_a_body_above_the_limit_is_refused_unread(serving: Serving, row: dict[str, Any]) -> None:
    limit = serving.config.max_body_bytes
    problem = problem_of(serving.client.post("/predict", content=b" " * (limit + 1)), 413)
    assert problem.code == "body_too_large"
    assert "fewer rows" in problem.message
    padded = json.dumps({"rows": [row]}).encode().ljust(limit)
    assert serving.client.post("/predict", content=padded).status_code == 200


def test_a_body_that_does_not_tell_its_length_is_limited_too(serving: Serving) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 1_000

    problem_of(serving.client.post("/predict", content=chunks()), 413)


def test_unknown_paths_and_methods_are_problems_too(serving: Serving) -> None:
    assert problem_of(serving.client.get("/nothing"), 404).code == "not_found"
    refused = serving.client.get("/predict")
    assert problem_of(refused, 405).code == "method_not_allowed"
    assert refused.headers["allow"] == "POST"


def test_a_fault_of_our_own_is_a_problem_that_tells_nothing_of_the_inside(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        kinds: list[tuple[Exception, str]] = [
            (ModelFailedError("the graph gave a result that is no probability"), "model_failed"),
            (RuntimeError("password=secret"), "internal"),
        ]
        for error, code in kinds:

            def fail(*_: object, error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(Predictor, "predict", fail)
            response = client.post("/predict", json={"rows": [row]})
            problem = problem_of(response, 500)
            assert problem.code == code
            assert "secret" not in response.text
        metrics = client.get("/metrics").text
        assert 'requests_total{route="/predict",status="500"} 2.0' in metrics
    assert not list(config.log.glob("*.jsonl"))


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


def test_before_the_first_model_callers_are_told_and_then_served_without_a_restart(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    with live(config) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert "make train" in ready.json()["problem"]
        for path, body in (("/predict", {"rows": [row]}), ("/feedback", {"labels": []})):
            problem = problem_of(client.post(path, json=body), 503)
            assert problem.code == "not_ready"
            assert "make train" in problem.message
        problem_of(client.get("/model"), 503)
        assert client.get("/openapi.json").status_code == 200
        add_version(config.bundles, shop)
        until(lambda: client.get("/health/ready").status_code == 200, "the first model to serve")
        assert client.get("/health/ready").json() == {"ready": True, "version": 1, "problem": None}
        assert client.post("/predict", json={"rows": [row]}).status_code == 200


def test_promotion_and_rollback_are_followed_without_a_failed_or_mixed_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    versions = Versions(config.bundles, shop.name)
    low = add_version(config.bundles, shop, bias=-9)
    high = add_version(config.bundles, shop, bias=9, serve=False)
    body = json.dumps({"rows": [row] * 20}).encode()
    done, answers, failed = threading.Event(), [], []
    with live(config) as client:

        def load() -> None:
            with httpx.Client(base_url=client.base_url, timeout=20) as own:
                while not done.is_set():
                    response = own.post("/predict", content=body)
                    if response.status_code == 200:
                        answers.append(response.json())
                    else:
                        failed.append(response.text)

        def answered(number: int) -> bool:
            return bool(answers) and answers[-1]["version"] == number

        callers = [threading.Thread(target=load) for _ in range(3)]
        for caller in callers:
            caller.start()
        for version in (high, low, high):
            versions.serve(version, action="promote", why="")
            until(partial(answered, version.number), f"version {version.number} to answer")
        done.set()
        for caller in callers:
            caller.join()
    assert failed == []
    assert {answer["version"] for answer in answers} == {1, 2}
    for answer in answers:
        decisions = {prediction["decision"] for prediction in answer["predictions"]}
        assert decisions == {answer["version"] == high.number}
    logged = {(record["request_id"], record["version"]) for record in records(config.log)}
    assert logged == {(answer["request_id"], answer["version"]) for answer in answers}


def test_a_damaged_new_version_leaves_the_old_one_serving_and_readiness_says_why(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    versions = Versions(config.bundles, shop.name)
    old = add_version(config.bundles, shop)
    new = add_version(config.bundles, shop, bias=1, serve=False)
    model = versions.folder / new.bundle / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    with live(config) as client:
        versions.serve(new, action="promote", why="")
        until(lambda: client.get("/health/ready").json()["problem"] is not None, "the refusal")
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["version"]) == (200, old.number)
        assert "model.onnx is absent or damaged" in ready.json()["problem"]
        assert "model_reload_failures 1.0" in client.get("/metrics").text
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number
        versions.serve(old, action="rollback", why="")
        until(lambda: client.get("/health/ready").json()["problem"] is None, "the rollback")
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number


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
    refused = post(serving, [{**row, "price": -1}, {**row, "name": 7 * ["Ada Lovelace"]}])
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
