"""What a bundle holds: complete, without personal data, paths and numbers that JSON does not know."""

import io
import json
import subprocess
from dataclasses import replace
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.profile import SCORE, ColumnProfile
from {{ cookiecutter.__package }}.training import record
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import Workspace
from ..models.conftest import part_of

Predicted = np.ndarray[tuple[int], np.dtype[np.float32]]
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def predicted(shop_rows: Rows) -> Predicted:
    return np.linspace(0, 1, len(shop_rows.labels), dtype=np.float32)


def config_of(**monitor: int) -> Config:
    data = {"driving": "orders", "split": {"by": "hash"}}
    sections = {"data": data, "train": {}, "serve": {}, "monitor": monitor}
    return Config.model_validate(sections)


def test_golden_rows_are_exactly_the_inputs_they_were_made_of(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    golden = json.loads(record.dump_json(record._golden(shop, shop_rows.inputs, predicted)))
    columns = {name: [row[name] for row in golden["rows"]] for name in shop.features}
    again = from_columns(shop, columns, len(golden["rows"]))
    at = np.linspace(0, len(predicted) - 1, record.GOLDEN_ROWS).astype(int)
    assert np.array_equal(again.numeric, shop_rows.inputs.numeric[at], equal_nan=True)
    assert again.category.tolist() == shop_rows.inputs.category[at].tolist()
    assert again.time.tolist() == shop_rows.inputs.time[at].tolist()
    assert golden["predictions"] == predicted[at].astype(float).tolist()


def test_golden_rows_hold_missing_values_as_null(shop: Contract) -> None:
    inputs = from_columns(shop, {key: [None, None] for key in shop.features}, 2)
    golden = record._golden(shop, inputs, np.array([0.1, 0.2], np.float32))
    assert (golden["rows"][0]["price"], golden["rows"][0]["at"]) == (None, None)


def test_the_typical_row_is_a_complete_recent_one_without_personal_data(
    shop: Contract, shop_rows: Rows
) -> None:
    typical = record._typical(shop, shop_rows)
    assert list(typical) == list(shop.request)
    assert "name" not in typical
    rows = shop_rows.table.to_pylist()
    (source,) = [row for row in rows if row["order"] == typical["order"]]
    assert all(source[name] is not None for name in shop.features)
    assert typical["at"] == source["at"].isoformat().replace("+00:00", "Z")


def test_the_sample_has_features_target_and_score_but_nothing_personal(
    shop: Contract, shop_rows: Rows, predicted: Predicted, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = record._sample(shop, shop_rows, predicted)
    sample = pq.read_table(io.BytesIO(content))
    assert sample.column_names == [*shop.features, shop.target, SCORE]
    assert sample[SCORE].to_numpy() == pytest.approx(predicted)
    assert record._sample(shop, shop_rows, predicted) == content
    monkeypatch.setattr(record, "SAMPLE_ROWS", 50)
    scores = pq.read_table(io.BytesIO(record._sample(shop, shop_rows, predicted)))[SCORE]
    assert scores.to_pylist() == sorted(scores.to_pylist())
    assert len(scores) == 50


def profile_of(contract: Contract, rows: Rows, predicted: Predicted, **monitor: int) -> Any:
    return json.loads(
        record.dump_json(record._profile(contract, config_of(**monitor), rows, predicted))
    )


def test_the_profile_has_every_judged_column_and_the_score(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    profile = profile_of(shop, shop_rows, predicted, window_days=15)
    columns = {c["name"]: ColumnProfile(**c) for c in profile["columns"]}
    assert list(columns) == [*shop.numeric, *shop.category, SCORE]
    assert profile["rows"] == 600
    assert all(sum(c.shares) == pytest.approx(1) for c in columns.values())
    assert columns[SCORE].reference_range > columns["price"].reference_range > 0


def test_without_a_time_rows_are_profiled_in_blocks(
    shop: Contract, shop_rows: Rows, predicted: Predicted, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, inputs = part_of(shop, "price"), shop_rows.inputs
    none: dict[str, Any] = {"category": inputs.category[:, :0], "time": inputs.time[:, :0]}
    rows = replace(shop_rows, inputs=replace(inputs, numeric=inputs.numeric[:, :1], **none))
    one_block = profile_of(contract, rows, predicted)["columns"][-1]
    assert one_block["reference_range"] == 0
    monkeypatch.setattr(record, "BLOCK_ROWS", 150)
    assert profile_of(contract, rows, predicted)["columns"][-1]["reference_range"] > 0.5


def test_the_metadata_say_where_the_model_comes_from(workspace: Workspace) -> None:
    metadata, contract = workspace.bundle.metadata, workspace.contract
    assert (metadata["contract"], metadata["dataset"]) == (contract.hash, "synthetic")
    assert metadata["settings"]["epochs"] == workspace.config.train.epochs
    assert set(metadata["metrics"]) == {"model", "linear", "dummy"}
    assert metadata["libraries"]["numpy"] == library_version("numpy")
    assert (metadata["threshold"] is None) == (contract.task != "binary")
    assert workspace.bundle.task.valid(np.array([metadata["fallback"]]))


def test_the_evaluation_stands_in_the_bundle_without_the_champion_or_a_path(
    workspace: Workspace,
) -> None:
    path = workspace.bundle.path / "evaluation.json"
    evaluation = json.loads(path.read_text())
    assert path.stat().st_size < MOST_BYTES
    assert evaluation["size"]["bytes"] == (path.parent / "model.onnx").stat().st_size
    assert evaluation["learning"]["curves"]["train_loss"]
    assert list(evaluation["metrics"]) == ["model", "linear", "dummy"]
    assert evaluation["metrics"] == workspace.bundle.metadata["metrics"]
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
    monkeypatch.setenv("PATH", str(tmp_path))  # no git
    assert record.git_state() == {"commit": None, "dirty": False}


def test_json_holds_no_infinite_number() -> None:
    value = {"a": np.array([1.5, np.nan]), "b": (np.float64("inf"), np.int64(3))}
    assert json.loads(record.dump_json(value)) == {"a": [1.5, None], "b": [None, 3]}
