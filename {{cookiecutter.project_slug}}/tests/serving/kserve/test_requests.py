"""The Open Inference Protocol, asked over HTTP; its real client and its refusals have modules of their own."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Workspace
from ..conftest import AWKWARD, Serving, serve_config
from ..live import add_version, live, records
from .protocol import ask, ask_packed, error_of, predicted, tensor, tensors, told


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
    expected = predicted(serving.client, rows, "binary")
    inputs = tensors(rows)
    for place, each in enumerate(inputs):
        each["shape"] = [3, 1]
        if place % 2:
            each["data"] = [[value] for value in each["data"]]
    wanted = [{"name": "decision"}, {"name": "probability", "parameters": {"binary_data": False}}]
    answer = ask(serving.client, inputs, "/v2/models/shop/versions/1/infer", outputs=wanted)
    assert list(told(answer).items()) == [
        ("decision", expected["decision"]),
        ("probability", expected["probability"]),
    ]
    assert "id" not in answer.json()
    assert set(told(ask(serving.client, inputs, outputs=wanted[:1]))) == {"decision"}


def test_an_answer_is_logged_under_the_id_that_it_tells_and_counted(
    serving: Serving, rows: list[dict[str, Any]]
) -> None:
    def count(name: str) -> float:
        lines = serving.client.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    counters = (
        "predicted_rows_total",
        "predicted_decisions_total",
        'requests_total{route="/v2/models/{name}/infer",status="200"}',
    )
    before = [count(name) for name in counters]
    answer = ask(serving.client, tensors(rows), id="not unique")
    request_id = answer.json()["parameters"]["request_id"]
    assert answer.json()["id"] == "not unique"
    assert answer.headers["x-request-id"] == request_id
    logged = [r for r in records(serving.config.log) if r["request_id"] == request_id]
    assert [r["probability"] for r in logged] == told(answer)["probability"]
    assert [r["columns"]["order"] for r in logged] == [r["order"] for r in rows]
    assert [count(name) for name in counters] == [before[0] + 3, before[1] + 3, before[2] + 1]


def test_bytes_and_json_may_be_mixed(serving: Serving, rows: list[dict[str, Any]]) -> None:
    prices, gifts = struct.pack("<3d", *(r["price"] for r in rows)), b"\x01\x00\x01"
    inputs = tensors(rows)
    for each in inputs:
        if each["name"] in {"price", "gift"}:
            del each["data"]
            each["parameters"] = {"binary_data_size": 24 if each["name"] == "price" else 3}
    outputs = [{"name": "decision", "parameters": {"binary_data": True}}, {"name": "probability"}]
    head = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    answer = ask_packed(serving.client, head, prices + gifts)
    size = int(answer.headers["inference-header-content-length"])
    decision, probability = json.loads(answer.content[:size])["outputs"]
    expected = predicted(serving.client, rows, "binary")
    assert probability["data"] == expected["probability"]
    assert decision["parameters"] == {"binary_data_size": 3}
    assert list(answer.content[size:]) == expected["decision"]
    assert answer.headers["content-type"] == "application/octet-stream"


def test_what_is_missing_can_be_null_a_number_that_is_none_or_left_out(
    serving: Serving, row: dict[str, Any]
) -> None:
    given = [row, {**row, "city": None, "gift": None}]
    expected = predicted(serving.client, given, "binary")["probability"]
    assert expected[0] != expected[1]
    assert told(ask(serving.client, tensors(given)))["probability"] == expected
    others = [each for each in tensors(given) if each["name"] not in {"city", "gift"}]
    gaps = [tensor("city", ["Lyon", ""]), tensor("gift", [1.0, float("nan")], "FP64")]
    assert told(ask(serving.client, [*others, *gaps]))["probability"] == expected
    by_predict, by_null, by_gaps = np.split(np.array(records(serving.config.log)[-6:], object), 3)
    assert [r["columns"] for r in by_predict] == [r["columns"] for r in by_null]
    assert [r["columns"] for r in by_predict] == [r["columns"] for r in by_gaps]
    left_out = [each for each in tensors(given[1:]) if each["name"] not in {"city", "gift"}]
    assert told(ask(serving.client, left_out))["probability"] == expected[1:]


def test_awkward_column_names_are_tensors_too(tmp_path: Path, awkward: Contract) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, awkward)
    row: dict[str, Any] = {name: float(at) for at, name in enumerate(AWKWARD)}
    inputs = [tensor(name, [value], "FP64") for name, value in row.items()]
    inputs.append(tensor("kind of thing", ["web"], "BYTES"))
    with live(config) as client:
        expected = predicted(client, [{**row, "kind of thing": "web"}], "binary")
        found = told(ask(client, inputs, "/v2/models/awkward/infer"))
        assert found == expected
        wrong = [{**each, "data": ["1"]} for each in inputs[:1]] + inputs[1:]
        text = error_of(ask(client, wrong, "/v2/models/awkward/infer"), 400)
        assert text == f"rows.0.{AWKWARD[0]}: Input should be a valid number"


def test_the_documentation_leaves_the_protocol_to_its_own_document(serving: Serving) -> None:
    paths = serving.client.get("/openapi.json").json()["paths"]
    assert not [path for path in paths if path.startswith("/v2")]


def test_the_trained_model_answers_its_own_example(workspace: Workspace, tmp_path: Path) -> None:
    config = workspace.config.serve.model_copy(update={"log": tmp_path / "live"})
    typical, model = workspace.bundle.metadata["typical"], f"/v2/models/{workspace.contract.name}"
    with live(config) as client:
        specs = client.get(model).json()["inputs"]
        inputs = [tensor(spec["name"], [typical[spec["name"]]], spec["datatype"]) for spec in specs]
        found = told(ask(client, inputs, f"{model}/infer"))
        assert found == predicted(client, [typical], workspace.contract.task)
