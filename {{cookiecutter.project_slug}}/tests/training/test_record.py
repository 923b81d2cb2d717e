"""What a bundle holds: complete, without personal data, paths and numbers that JSON does not know."""

import json
import subprocess
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_rows
from {{ cookiecutter.__package }}.training import record
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import Workspace

Predicted = np.ndarray[tuple[int], np.dtype[np.float32]]
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def predicted(shop_rows: Rows) -> Predicted:
    return np.linspace(0, 1, len(shop_rows.labels), dtype=np.float32)


def as_json(value: Any) -> Any:
    return json.loads(record.dump_json(value))


def test_golden_rows_are_exactly_the_inputs_they_were_made_of(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    golden = as_json(record._golden(shop, shop_rows.inputs, predicted))
    again = from_rows(shop, golden["rows"])
    at = np.linspace(0, len(predicted) - 1, record.GOLDEN_ROWS).astype(int)
    assert np.array_equal(again.numeric, shop_rows.inputs.numeric[at], equal_nan=True)
    assert again.category.tolist() == shop_rows.inputs.category[at].tolist()
    assert again.time.tolist() == shop_rows.inputs.time[at].tolist()
    assert golden["predictions"] == predicted[at].astype(float).tolist()


def test_the_typical_row_is_complete_and_holds_nothing_personal(
    shop: Contract, shop_rows: Rows
) -> None:
    typical = record._typical(shop_rows)
    assert list(typical) == list(shop.request)
    assert "name" not in typical
    rows = shop_rows.table.to_pylist()
    (source,) = [row for row in rows if row["order"] == typical["order"]]
    assert all(source[name] is not None for name in shop.features)
    assert typical["at"] == source["at"].isoformat().replace("+00:00", "Z")


def test_the_bundle_says_where_the_model_comes_from_and_nothing_of_the_machine(
    workspace: Workspace,
) -> None:
    metadata, contract = workspace.bundle.metadata, workspace.contract
    assert (metadata["contract"], metadata["dataset"]) == (contract.hash, "synthetic")
    assert metadata["settings"]["epochs"] == workspace.config.train.epochs
    assert metadata["libraries"]["numpy"] == library_version("numpy")
    assert (metadata["threshold"] is None) == (contract.task != "binary")
    path = workspace.bundle.path / "evaluation.json"
    evaluation = json.loads(path.read_text())
    assert path.stat().st_size < MOST_BYTES
    assert evaluation["size"]["bytes"] == (path.parent / "model.onnx").stat().st_size
    assert evaluation["learning"]["curves"]["train_loss"]
    assert list(evaluation["metrics"]) == ["model", "linear", "dummy"]
    assert evaluation["metrics"] == metadata["metrics"]
    for file in path.parent.iterdir():
        assert str(workspace.path).encode() not in file.read_bytes(), file.name


def test_the_working_trees_commit_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert record.git_state() == {"commit": None, "dirty": False}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(("git", *command), check=True)
    state = record.git_state()
    assert (len(state["commit"]), state["dirty"]) == (40, False)
    Path("new.txt").touch()
    assert record.git_state() == {"commit": state["commit"], "dirty": True}
