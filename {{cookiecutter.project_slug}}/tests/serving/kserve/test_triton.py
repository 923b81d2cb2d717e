"""The Open Inference Protocol, asked by a client of others: Triton's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

from {{ cookiecutter.__package }}.models.tasks import task_of

from ...conftest import TASKS, shop_of
from ..conftest import serve_config
from ..live import add_version, live, records
from .protocol import DATATYPES, predicted

NUMPY: dict[str, Any] = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": object}


@pytest.mark.parametrize("task", TASKS)
def test_the_real_client_is_answered_what_predict_answers(
    tmp_path: Path, rows: list[dict[str, Any]], task: str
) -> None:
    config, output = serve_config(tmp_path), task_of(shop_of(task)).output
    add_version(config.bundles, shop_of(task))
    with live(config) as http, InferenceServerClient(http.base_url.netloc.decode()) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("shop")
        assert client.is_model_ready("shop", "1")
        assert not client.is_model_ready("shop", "2")
        assert client.get_server_metadata()["extensions"] == []
        metadata = client.get_model_metadata("shop")
        inputs = []
        for spec in metadata["inputs"]:
            values = np.array([r[spec["name"]] for r in rows], NUMPY[spec["datatype"]])
            inputs.append(InferInput(spec["name"], list(values.shape), spec["datatype"]))
            inputs[-1].set_data_from_numpy(values, binary_data=False)
        names = [spec["name"] for spec in metadata["outputs"]]
        chosen = [InferRequestedOutput(name) for name in names]
        answer = client.infer("shop", inputs, outputs=chosen, request_id="mine")
        unchosen = client.infer("shop", inputs, model_version="1")
        expected = predicted(http, rows)
    assert {spec["name"]: spec["datatype"] for spec in metadata["inputs"]} == DATATYPES
    assert set(names) == set(expected)
    for spec in metadata["outputs"]:
        for result in (answer, unchosen):
            found = result.as_numpy(spec["name"])
            assert found.dtype == NUMPY[spec["datatype"]]
            assert list(found.shape) == [3, *spec["shape"][1:]]
            assert found.ravel().tolist() == expected[spec["name"]]
    head = answer.get_response()
    assert (head["id"], head["model_name"], head["model_version"]) == ("mine", "shop", "1")
    logged = [(r["columns"], r[output]) for r in records(config.log)]
    assert logged[:3] == logged[3:6] == logged[6:]
    assert [columns["order"] for columns, _ in logged[:3]] == [row["order"] for row in rows]
