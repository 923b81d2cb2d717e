"""A model from elsewhere goes the road of one of our own: judged, registered, served."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pyarrow.parquet as pq
import pytest
from onnx import ModelProto, helper

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    GateRefusedError,
    ParityError,
)
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.training.onnx_import import job
from {{ cookiecutter.__package }}.training.promote import promote

from ...conftest import TASKS, Workspace, make_workspace, shop_of
from ...models.test_onnx_import import FLOAT, graph, save
from ...serving.live import live

ENDS = {"binary": "Sigmoid", "multiclass": "Softmax", "regression": None}


@pytest.fixture(autouse=True)
def _no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner's features know the project's contract, not the shop's."""
    monkeypatch.setattr(preprocess, "features", lambda _: {})


@pytest.fixture(scope="module", params=TASKS)
def encoded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, Path]:
    """A dataset of the shop, and its encoding."""
    folder = tmp_path_factory.mktemp("imported") / request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "features", lambda _: {})
        place = make_workspace(folder, shop_of(request.param), train=False)
        return place, job.encode(place.config)


@pytest.fixture
def fresh(encoded: tuple[Workspace, Path]) -> Iterator[tuple[Workspace, Path]]:
    """Without a version."""
    yield encoded
    shutil.rmtree(encoded[0].path / "bundles", ignore_errors=True)


def learned(place: Workspace, folder: Path) -> ModelProto:
    """Least squares on the standardised matrix, as somebody might train elsewhere."""
    x, y = (np.load(folder / f"train_{name}.npy") for name in "xy")
    task, labels = place.contract.task, len(place.contract.labels or ())
    fill = np.nanmean(x, 0)
    full = np.where(np.isnan(x), fill, x).astype(np.float64)
    mean, spread = full.mean(0), full.std(0) + 1e-9
    wanted = np.eye(labels)[y] if task == "multiclass" else y[:, None].astype(np.float64)
    scaled = (full - mean) / spread
    centre = wanted.mean(0)
    w = np.linalg.lstsq(scaled, wanted - centre, rcond=1e-6)[0]
    strength = {"binary": 6.0, "multiclass": 6.0, "regression": 1.0}[task]
    start = centre if task == "regression" else np.log(centre / (1 - centre))
    end = ENDS[task]
    nodes = [
        helper.make_node("IsNaN", ["x"], ["gap"]),
        helper.make_node("Where", ["gap", "fill", "x"], ["full"]),
        helper.make_node("Sub", ["full", "mean"], ["centred"]),
        helper.make_node("MatMul", ["centred", "w"], ["product"]),
        helper.make_node("Add", ["product", "start"], ["raw" if end else "y"]),
    ]
    if end:
        nodes.append(helper.make_node(end, ["raw"], ["y"]))
    constants = {
        "fill": fill.astype(np.float32),
        "mean": mean.astype(np.float32),
        "w": (strength * w / spread[:, None]).astype(np.float32),
        "start": start.astype(np.float32),
    }
    inputs = [("x", FLOAT, ["n", x.shape[1]])]
    return graph(nodes, inputs, [("y", FLOAT, ["n", w.shape[1]])], constants)


def test_the_matrices_are_what_the_encoding_gives_and_hold_no_test_row(
    encoded: tuple[Workspace, Path],
) -> None:
    place, folder = encoded
    facts = json.loads((folder / "encoding.json").read_text())
    session = ort.InferenceSession(folder / "encoding.onnx")
    assert {path.stem for path in folder.glob("*.npy")} == {
        f"{split}_{name}" for split in ("train", "validation") for name in "xy"
    }
    for split in ("train", "validation"):
        table = pq.read_table(place.path / "data/datasets/synthetic" / f"{split}.parquet")
        inputs = from_table(place.contract, table)
        x = np.load(folder / f"{split}_x.npy")
        assert x.shape == (len(table), len(facts["columns"]))
        assert np.array_equal(x, session.run(None, inputs.feed())[0], equal_nan=True)
        values = table[place.contract.target].to_pylist()
        y = np.load(folder / f"{split}_y.npy").tolist()
        if place.contract.task == "multiclass":
            values = [(place.contract.labels or ()).index(value) for value in values]
        assert y == pytest.approx([float(value) for value in values])
    price = facts["columns"].index("price")
    assert np.allclose(x[:, price], inputs.numeric[:, 0])
    channel = facts["columns"].index("channel")
    texts = [facts["codes"]["channel"][int(code)] for code in x[:, channel]]
    assert texts == inputs.category[:, place.contract.category.index("channel")].tolist()


def test_encoding_again_changes_nothing(encoded: tuple[Workspace, Path]) -> None:
    place, folder = encoded
    before = (folder / "encoding.onnx").stat().st_mtime_ns
    assert job.encode(place.config) == folder
    assert (folder / "encoding.onnx").stat().st_mtime_ns == before
    assert (folder.parent / "current").read_text().strip() == folder.name


def test_an_imported_model_is_judged_registered_and_served(
    fresh: tuple[Workspace, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, folder = fresh
    path = save(learned(place, folder), tmp_path)
    version = job.run(place.config, path, folder)
    assert version.passed, version.verdict
    assert place.versions.served() == version
    parity = next(rule for rule in version.verdict if rule["rule"] == "parity")
    assert "from the model that became this graph" in parity["reason"]

    bundle = place.bundle
    assert bundle.metadata["model"]["kind"] == "imported"
    assert bundle.metadata["settings"]["model"]["encoding"] == folder.name
    assert bundle.metadata["metrics"].keys() == {"model", "linear", "dummy"}
    assert (bundle.metadata["threshold"] is None) == (place.contract.task != "binary")
    assert "trained elsewhere" in (bundle.path / "card.md").read_text()

    table = pq.read_table(place.path / "data/datasets/synthetic/test.parquet")
    inputs = from_table(place.contract, table)
    (matrix,) = ort.InferenceSession(folder / "encoding.onnx").run(None, inputs.feed())
    (alone,) = ort.InferenceSession(path).run(None, {"x": matrix})
    found = bundle.predict(inputs)
    assert np.allclose(found, alone if found.ndim == 2 else alone[:, 0], rtol=1e-5, atol=1e-5)

    again = save(learned(place, folder), tmp_path, "another name.onnx")
    assert job.run(place.config, again, folder) == version
    assert "is version 1 already" in capsys.readouterr().out


def test_the_server_answers_with_an_imported_model(
    fresh: tuple[Workspace, Path], tmp_path: Path
) -> None:
    place, folder = fresh
    job.run(place.config, save(learned(place, folder), tmp_path), folder)
    bundles = place.config.train.bundles
    with live(ServeConfig(bundles=bundles, log=tmp_path / "live", port=0)) as client:
        schema = client.get("/openapi.json").json()
        body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        answered = client.post("/predict", json=body["examples"]["typical"]["value"])
    assert answered.status_code == 200, answered.text
    found = answered.json()["predictions"][0]
    assert 0 <= found["probability"] <= 1 if "probability" in found else found["value"]


def test_a_model_that_has_learned_nothing_is_refused_by_the_gate(
    fresh: tuple[Workspace, Path], tmp_path: Path
) -> None:
    place, folder = fresh
    model = learned(place, folder)
    for one in model.graph.initializer:
        if one.name == "w":
            nothing = np.zeros(tuple(one.dims), np.float32)
            one.CopyFrom(onnx.numpy_helper.from_array(nothing, "w"))
    version = job.run(place.config, save(model, tmp_path), folder)
    assert not version.passed
    assert place.versions.served() is None
    with pytest.raises(GateRefusedError):
        promote(place.versions, "1")


def changed(model: ModelProto, *nodes: Any, constants: dict[str, Any] | None = None) -> ModelProto:
    """The model with operators behind its output ``y``, which become the output."""
    model.graph.node[-1].output[0] = "before"
    model.graph.node.extend(nodes)
    for name, value in (constants or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    return model


def test_answers_that_depend_on_their_company_break_parity(
    fresh: tuple[Workspace, Path], tmp_path: Path
) -> None:
    place, folder = fresh
    model = changed(
        learned(place, folder),
        helper.make_node("ReduceMean", ["before"], ["average"], axes=[0], keepdims=1),
        helper.make_node("Add", ["before", "average"], ["sum"]),
        helper.make_node("Mul", ["sum", "half"], ["y"]),
        constants={"half": np.full(1, 0.5, np.float32)},
    )
    with pytest.raises(ParityError, match=r"answers a row otherwise alone than among others"):
        job.run(place.config, save(model, tmp_path), folder)
    assert place.versions.all() == []


def test_rows_without_an_answer_are_refused(fresh: tuple[Workspace, Path], tmp_path: Path) -> None:
    """A caller may leave a nullable column out, and send a category that nobody knows."""
    place, folder = fresh
    model = changed(
        learned(place, folder),
        helper.make_node("ReduceMin", ["x"], ["least"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["least", "none"], ["nothing"]),
        helper.make_node("Add", ["before", "nothing"], ["y"]),
        constants={"none": np.zeros(1, np.float32)},
    )
    with pytest.raises(BundleError, match=r"for every row.*SimpleImputer"):
        job.run(place.config, save(model, tmp_path), folder)


def test_an_encoding_that_is_none_or_another_contracts_is_refused(
    encoded: tuple[Workspace, Path], tmp_path: Path
) -> None:
    place, folder = encoded
    path = save(learned(place, folder), tmp_path)
    with pytest.raises(BundleError, match=r"is no encoding .*encode-rows"):
        job.run(place.config, path, tmp_path)
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    (copy / "encoding.onnx").write_bytes(b"another")
    with pytest.raises(BundleError, match=r"was changed, or is of another contract"):
        job.run(place.config, path, copy)
