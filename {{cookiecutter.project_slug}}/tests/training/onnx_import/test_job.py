"""A model from elsewhere goes the road of one of our own: judged, registered, served."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow.parquet as pq
import pytest
from skl2onnx import to_onnx
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.errors import (
    BundleError,
)
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.onnx_import import job

from ...conftest import TASKS, Workspace, make_workspace, shop_of
from ...serving.live import live


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


def learn(place: Workspace, folder: Path, path: Path, *, gaps: bool = True, y: Any = None) -> Path:
    """What somebody might train elsewhere on the matrix; without ``gaps`` it fills none."""
    regression = place.contract.task == "regression"
    x = np.load(folder / "train_x.npy")
    y = np.load(folder / "train_y.npy") if y is None else y
    steps: list[Any] = [SimpleImputer()] if gaps else []
    steps += [StandardScaler(), LinearRegression() if regression else LogisticRegression()]
    model = make_pipeline(*steps).fit(x if gaps else np.nan_to_num(x), y)
    options = {} if regression else {"zipmap": False}
    path.write_bytes(to_onnx(model, x[:1], options=options, target_opset=17).SerializeToString())
    return path


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
        assert np.array_equal(x, session.run(None, inputs.feed())[0], equal_nan=True)
        labels = task_of(place.contract).encode(table[place.contract.target].to_pylist())
        assert np.allclose(np.load(folder / f"{split}_y.npy"), labels)
    price = facts["columns"].index("price")
    assert np.allclose(x[:, price], inputs.numeric[:, 0])
    channel = facts["columns"].index("channel")
    texts = [facts["codes"]["channel"][int(code)] for code in x[:, channel]]
    assert texts == inputs.category[:, place.contract.category.index("channel")].tolist()


def test_an_imported_model_is_judged_registered_and_served(
    fresh: tuple[Workspace, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, folder = fresh
    path = learn(place, folder, tmp_path / "model.onnx")
    version = job.run(place.config, path, folder)
    assert version.passed, version.verdict
    assert place.versions.served() == version
    parity = next(rule for rule in version.verdict if rule["rule"] == "parity")
    assert "from the model that became this graph" in parity["reason"]

    bundle = place.bundle
    assert bundle.metadata["model"]["kind"] == "imported"
    assert bundle.metadata["settings"]["model"]["encoding"] == folder.name
    assert "trained elsewhere" in (bundle.path / "card.md").read_text()

    table = pq.read_table(place.path / "data/datasets/synthetic/test.parquet")
    inputs = from_table(place.contract, table)
    (matrix,) = ort.InferenceSession(folder / "encoding.onnx").run(None, inputs.feed())
    alone = ort.InferenceSession(path).run(None, {"X": matrix})[-1]
    outputs = bundle.predict(inputs)
    expected = alone if outputs.ndim == 2 else alone[:, -1]
    assert np.allclose(outputs, expected, rtol=1e-5, atol=1e-5)

    with live(ServeConfig(bundles=place.path / "bundles", log=tmp_path / "live", port=0)) as client:
        schema = client.get("/openapi.json").json()
        body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        answered = client.post("/predict", json=body["examples"]["typical"]["value"])
    assert answered.status_code == 200, answered.text

    again = Path(shutil.copy(path, tmp_path / "another name.onnx"))
    assert job.run(place.config, again, folder) == version
    assert "is version 1 already" in capsys.readouterr().out


def test_a_model_that_has_learned_nothing_is_refused_by_the_gate(
    fresh: tuple[Workspace, Path], tmp_path: Path
) -> None:
    place, folder = fresh
    shuffled = np.random.default_rng(0).permutation(np.load(folder / "train_y.npy"))
    path = learn(place, folder, tmp_path / "model.onnx", y=shuffled)
    assert not job.run(place.config, path, folder).passed
    assert place.versions.served() is None


def test_rows_without_an_answer_are_refused(fresh: tuple[Workspace, Path], tmp_path: Path) -> None:
    """A caller may leave a nullable column out, and send a category that nobody knows."""
    place, folder = fresh
    path = learn(place, folder, tmp_path / "model.onnx", gaps=False)
    with pytest.raises(BundleError, match=r"for every row.*SimpleImputer"):
        job.run(place.config, path, folder)


def test_an_encoding_that_is_none_or_another_contracts_is_refused(
    encoded: tuple[Workspace, Path], tmp_path: Path
) -> None:
    place, folder = encoded
    path = learn(place, folder, tmp_path / "model.onnx")
    with pytest.raises(BundleError, match=r"is no encoding .*encode-rows"):
        job.run(place.config, path, tmp_path)
    copy = shutil.copytree(folder, tmp_path / folder.name)
    description = json.loads((copy / "encoding.json").read_text()) | {"contract": "another"}
    (copy / "encoding.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match="is of another contract"):
        job.run(place.config, path, copy)
