import io
import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version as library_version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import (
    Config,
    DataConfig,
    MonitorConfig,
    ServeConfig,
    TrainConfig,
)
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.profile import SCORE, ColumnProfile
from {{ cookiecutter.__package }}.training import record
from {{ cookiecutter.__package }}.training.rows import Rows
from {{ cookiecutter.__package }}.values import MISSING_TIME

from ..conftest import Workspace
from ..models.conftest import part_of


@pytest.fixture(scope="module")
def predicted(shop_rows: Rows) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.linspace(0, 1, len(shop_rows.labels), dtype=np.float32)


Predicted = np.ndarray[tuple[int], np.dtype[np.float32]]


def exported(predicted: Predicted) -> Any:
    return SimpleNamespace(trained=predicted)


def config_of(**monitor: int) -> Config:
    split = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
    return Config(
        data=DataConfig.model_validate({"driving": "orders", "split": split}),
        train=TrainConfig(),
        serve=ServeConfig(),
        monitor=MonitorConfig.model_validate(monitor),
    )


def test_golden_rows_are_exactly_the_inputs_they_were_made_of(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    golden = json.loads(json.dumps(record._golden(shop, shop_rows.inputs, predicted)))
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
    assert golden["rows"][0]["price"] is None
    assert golden["rows"][0]["at"] is None
    assert MISSING_TIME not in golden["rows"][0].values()


def test_the_typical_row_is_a_complete_recent_one_without_personal_data(
    shop: Contract, shop_rows: Rows
) -> None:
    typical = record._typical(shop, shop_rows)
    assert list(typical) == list(shop.request)
    assert shop_rows.table.column("name").null_count < 600
    assert "name" not in typical
    rows = shop_rows.table.to_pylist()
    (source,) = [row for row in rows if row["order"] == typical["order"]]
    assert all(source[name] is not None for name in shop.features)
    assert typical["at"] == source["at"].isoformat().replace("+00:00", "Z")
    later = [row for row in rows if row["at"] > source["at"] + timedelta(seconds=1)]
    gaps = sum(source[name] is None for name in shop.request)
    assert all(sum(row[name] is None for name in shop.request) > gaps for row in later)


def test_the_sample_has_features_target_and_score_but_nothing_personal(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    content = record._sample(shop, shop_rows, predicted)
    sample = pq.read_table(io.BytesIO(content))
    assert sample.column_names == [*shop.features, shop.target, SCORE]
    assert sample[SCORE].to_numpy() == pytest.approx(predicted)
    assert record._sample(shop, shop_rows, predicted) == content


def test_a_large_sample_is_drawn_in_order(
    shop: Contract, shop_rows: Rows, predicted: Predicted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "SAMPLE_ROWS", 50)
    scores = pq.read_table(io.BytesIO(record._sample(shop, shop_rows, predicted)))[SCORE]
    assert len(scores) == 50
    assert scores.to_pylist() == sorted(scores.to_pylist())


def test_the_profile_has_every_judged_column_and_the_score(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    config = config_of(window_days=15)
    profile = json.loads(json.dumps(record._profile(shop, config, shop_rows, exported(predicted))))
    columns = {c["name"]: ColumnProfile(**c) for c in profile["columns"]}
    assert list(columns) == [*shop.numeric, *shop.category, SCORE]
    assert profile["rows"] == 600
    assert all(sum(c.shares) == pytest.approx(1) for c in columns.values())
    assert columns[SCORE].reference_range > columns["price"].reference_range > 0


def test_without_a_time_windows_are_runs_of_rows(
    shop: Contract, shop_rows: Rows, predicted: Predicted
) -> None:
    contract = part_of(shop, "price")
    inputs = replace(
        shop_rows.inputs,
        numeric=shop_rows.inputs.numeric[:, :1],
        category=shop_rows.inputs.category[:, :0],
        time=shop_rows.inputs.time[:, :0],
    )
    rows = replace(shop_rows, inputs=inputs)
    by_rows = record._profile(contract, config_of(window_rows=150), rows, exported(predicted))
    one_window = record._profile(contract, config_of(window_rows=600), rows, exported(predicted))
    assert by_rows["columns"][-1]["reference_range"] > 0.5
    assert one_window["columns"][-1]["reference_range"] == 0


def test_the_metadata_says_where_the_model_comes_from(workspace: Workspace) -> None:
    metadata = workspace.bundle.metadata
    contract, train = workspace.contract, workspace.config.train
    assert metadata["contract"] == contract.hash
    assert metadata["dataset"] == "synthetic"
    assert metadata["settings"]["epochs"] == train.epochs
    assert set(metadata["metrics"]) == {"model", "linear", "dummy"}
    assert metadata["libraries"]["numpy"] == library_version("numpy")
    if contract.task == "binary":
        assert 0 < metadata["threshold"] < 1
        assert 0 < metadata["fallback"] < 1
    else:
        assert metadata["threshold"] is None
    assert workspace.bundle.task.valid(np.array([metadata["fallback"]]))


def test_the_bundle_holds_no_path_of_this_machine(workspace: Workspace) -> None:
    for path in workspace.bundle.path.iterdir():
        assert str(workspace.path).encode() not in path.read_bytes(), path.name


def test_the_working_trees_commit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert record.git_state() == {"commit": None, "dirty": False}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(("git", *command), check=True)
    state = record.git_state()
    assert len(state["commit"]) == 40
    assert not state["dirty"]
    Path("new.txt").touch()
    assert record.git_state() == {"commit": state["commit"], "dirty": True}


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert record.git_state() == {"commit": None, "dirty": False}


MOST_BYTES = 300_000


def test_the_evaluation_stands_in_the_bundle_without_the_champion(workspace: Workspace) -> None:
    path = workspace.bundle.path / "evaluation.json"
    found = json.loads(path.read_text())
    assert path.stat().st_size < MOST_BYTES
    assert found["size"]["bytes"] == (path.parent / "model.onnx").stat().st_size
    assert found["learning"]["curves"]["train_loss"]
    assert list(found["metrics"]) == ["model", "linear", "dummy"]
    for metric, value in workspace.bundle.metadata["metrics"]["model"].items():
        written = found["metrics"]["model"][metric]["value"]
        assert written == pytest.approx(value["value"], rel=1e-4)


def test_json_holds_no_infinite_number() -> None:
    given = {"a": np.array([1.23456789, np.nan]), "b": (np.float64("inf"), np.int64(3)), 4: None}
    assert record.jsonable(given) == {"a": [1.23457, None], "b": [None, 3], "4": None}
