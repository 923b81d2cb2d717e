"""What a bundle holds: complete, without personal data, paths and numbers that JSON does not know."""

import json
import subprocess
from importlib.metadata import version as library_version
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.data.dataset import current
from {{ cookiecutter.__package }}.models.inputs import from_rows
from {{ cookiecutter.__package }}.training.record import (
    GOLDEN_ROWS,
    git_state,
)
from {{ cookiecutter.__package }}.training.rows import read_rows

from ..conftest import Workspace

MOST_BYTES = 300_000


def test_golden_rows_are_exactly_the_inputs_and_the_typical_row_is_complete_and_public(
    trained: Workspace,
) -> None:
    bundle, contract, config = trained.bundle, trained.contract, trained.config
    train = read_rows(current(config.data.directory), "train", config.train)
    expected = train.inputs[np.linspace(0, len(train) - 1, GOLDEN_ROWS).astype(int)]
    golden, typical = bundle.metadata["golden"], bundle.metadata["typical"]
    again = from_rows(contract, golden["rows"])
    assert np.array_equal(again.numeric, expected.numeric, equal_nan=True)
    assert again.category.tolist() == expected.category.tolist()
    assert again.time.tolist() == expected.time.tolist()
    assert np.allclose(golden["predictions"], bundle.predict(expected), rtol=1e-5, atol=1e-6)

    assert list(typical) == list(contract.request)
    assert "name" not in typical
    (source,) = [row for row in train.table.to_pylist() if row["order"] == typical["order"]]
    assert all(source[name] is not None for name in contract.features)
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
    assert git_state() == {"commit": None, "dirty": False}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(("git", *command), check=True)
    state = git_state()
    assert (len(state["commit"]), state["dirty"]) == (40, False)
    Path("new.txt").touch()
    assert git_state() == {"commit": state["commit"], "dirty": True}
