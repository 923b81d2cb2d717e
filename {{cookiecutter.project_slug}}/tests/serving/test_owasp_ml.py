"""The OWASP Machine Learning Security Top Ten (2023), as far as a predictor can answer for it.

ML07, transfer learning, is not here: nothing is learned from what others trained. What training does
against ML02, data poisoning, is tested beside its contract, its leak checks and its gate.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.segments import LABELS
from {{ cookiecutter.__package }}.models import bundle
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.access.keys import new_key

from .conftest import Serving, serve_config
from .live import add_version, live, records, until
from .problems import faults_of, problem_of


@pytest.fixture
def guarded(tmp_path: Path, shop: Contract) -> Iterator[tuple[Serving, dict[str, str]]]:
    """A server that demands keys, and the header of one that has ten requests a minute."""
    config = serve_config(tmp_path)
    assert config.keys
    key = new_key(config.keys, "caller", per_minute=10)
    add_version(config.bundles, shop)
    with live(config) as client:
        yield Serving(client=client, config=config), {"authorization": f"Bearer {key}"}


def test_ml01_input_manipulation_ends_at_the_bounds_of_the_contract(
    serving: Serving, row: dict[str, Any]
) -> None:
    bent = {**row, "price": 1000.01, "channel": "phone", "items": 0, "returned": True}
    found = faults_of(serving.client.post("/predict", json={"rows": [bent]}))
    assert found == {
        ("rows.0.price", "less_than_equal"),
        ("rows.0.channel", "literal_error"),
        ("rows.0.items", "greater_than_equal"),
        ("rows.0.returned", "extra_forbidden"),
    }


def test_ml02_data_poisoning_by_labels_takes_a_key(
    guarded: tuple[Serving, dict[str, str]],
) -> None:
    serving, headers = guarded
    labels = {"labels": [{"id": "o-1", "label": True}]}
    problem_of(serving.client.post("/feedback", json=labels), 401)
    assert records(serving.config.log, LABELS) == []
    assert serving.client.post("/feedback", json=labels, headers=headers).status_code == 200
    assert len(records(serving.config.log, LABELS)) == 1


def test_ml03_model_inversion_gets_no_gradients_no_files_and_few_tries(
    guarded: tuple[Serving, dict[str, str]], row: dict[str, Any]
) -> None:
    serving, headers = guarded
    answer = serving.client.post("/predict", json={"rows": [row]}, headers=headers).json()
    assert set(answer["predictions"][0]) == {"probability", "decision"}
    for path in ("/model.onnx", "/bundles/shop/served", "/models/shop/model.onnx"):
        assert serving.client.get(path, headers=headers).status_code == 404
    told = [serving.client.get("/model", headers=headers).status_code for _ in range(10)]
    assert told == [200] * 6 + [429] * 4, "reading about the model counts, too"


def test_ml04_membership_inference_finds_no_training_rows_and_takes_a_key(
    guarded: tuple[Serving, dict[str, str]], row: dict[str, Any]
) -> None:
    serving, headers = guarded
    for path in ("/openapi.json", "/status", "/model"):  # a typical row, the test rows' metrics
        problem_of(serving.client.get(path), 401)
    assert serving.client.get("/sample.parquet", headers=headers).status_code == 404
    problem_of(serving.client.post("/predict", json={"rows": [row]}), 401)


def test_ml05_model_theft_takes_a_key_and_longer_than_the_limit_allows(
    guarded: tuple[Serving, dict[str, str]], row: dict[str, Any]
) -> None:
    serving, headers = guarded

    def ask(**more: Any) -> httpx.Response:
        return serving.client.post("/predict", json={"rows": [row]}, **more)

    problem_of(ask(), 401)
    assert [ask(headers=headers).status_code for _ in range(10)] == [200] * 10
    refused = ask(headers=headers)
    assert problem_of(refused, 429).code == "too_many_requests"
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    assert len(records(serving.config.log)) == 10, "what was answered is on record"


@pytest.mark.parametrize("name", ["model.onnx", "metadata.json", "contract.json"])
def test_ml06_supply_chain_a_file_that_was_changed_on_its_way_is_not_loaded(
    tmp_path: Path, shop: Contract, name: str
) -> None:
    config = serve_config(tmp_path)
    version = add_version(config.bundles, shop)
    path = config.bundles / shop.name / version.bundle / name
    path.write_bytes(path.read_bytes() + b" ")
    with live(config) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert f"{name} is absent or damaged" in ready.json()["problem"]
        problem_of(client.post("/predict", json={"rows": [{}]}), 503)


def test_ml08_model_skewing_leaves_every_label_on_record(
    guarded: tuple[Serving, dict[str, str]],
) -> None:
    serving, headers = guarded
    for label in (True, False):
        body = {"labels": [{"id": "o-1", "label": label}]}
        assert serving.client.post("/feedback", json=body, headers=headers).status_code == 200
    told = records(serving.config.log, LABELS)
    assert [record["label"] for record in told] == [True, False], "a later one erases none"
    assert all(record["request_id"] for record in told)


@pytest.mark.parametrize("output", [np.nan, np.inf, -np.inf, -0.1, 1.1])
def test_ml09_output_integrity_what_is_no_probability_is_no_answer(
    serving: Serving, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, output: float
) -> None:
    before = len(records(serving.config.log))
    monkeypatch.setattr(
        bundle, "run", lambda _, inputs: np.full(len(inputs), output, dtype=np.float32)
    )
    answer = serving.client.post("/predict", json={"rows": [row]})
    assert problem_of(answer, 500).code == "model_failed"
    assert answer.headers["cache-control"] == "no-store"
    assert len(records(serving.config.log)) == before


def test_ml10_model_poisoning_other_weights_under_the_old_name_do_not_serve(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    first = add_version(config.bundles, shop)
    with live(config) as client:
        before = client.post("/predict", json={"rows": [row]}).json()["predictions"]
        second = add_version(config.bundles, shop, bias=9, serve=False)
        folder = config.bundles / shop.name
        poisoned = (folder / first.bundle / "model.onnx").read_bytes()
        (folder / second.bundle / "model.onnx").write_bytes(poisoned[::-1])
        Versions(config.bundles, shop.name).serve(second, action="promote", why="a test")
        until(lambda: client.get("/health/ready").json()["problem"] is not None, "a refusal")
        assert client.post("/predict", json={"rows": [row]}).json()["predictions"] == before
        assert client.get("/health/ready").json()["version"] == 1
