"""What serves changes while the server runs."""

import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.versions import Versions

from .conftest import serve_config
from .live import add_version, live, records, until
from .problems import problem_of


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
        told = "model_reload_failures 1.0"
        until(lambda: told in client.get("/metrics").text, "the metric, which follows")
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number
        versions.serve(old, action="rollback", why="")
        until(lambda: client.get("/health/ready").json()["problem"] is None, "the rollback")
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number
