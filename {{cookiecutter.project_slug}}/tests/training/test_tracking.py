"""MLflow for real, in one file of its own: its first import and its database take seconds."""

import sys
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.training.tracking import (
    MlflowTracker,
    NullTracker,
    tracker,
)

# SQLAlchemy warns of what MLflow calls.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CURVES = [
    {"train_log_loss": 0.6, "validation_log_loss": 0.65},
    {"train_log_loss": 0.5, "validation_log_loss": 0.55},
]
METRICS = {"model_auc": 0.75, "dummy_auc": 0.5}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "shop" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "card.md").write_text("# shop\n")
    (folder / "model.onnx").write_bytes(b"\0\1")
    return folder


@pytest.fixture
def mlflow_tracker(tmp_path: Path) -> MlflowTracker:
    made = tracker(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts", "shop")
    assert isinstance(made, MlflowTracker)
    return made


def test_runs_versions_and_aliases_are_in_the_store(
    mlflow_tracker: MlflowTracker,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    params = {"epochs": 2, "model": {"hidden": (64, 32)}, "note": "x" * 9_000}
    run_id = mlflow_tracker.run(params, METRICS, CURVES, bundle)
    assert run_id is not None
    mlflow_tracker.register(run_id, 1, bundle.name)
    mlflow_tracker.register(run_id, 2, bundle.name)
    mlflow_tracker.alias("champion", 1)
    mlflow_tracker.alias("champion", 2)
    assert capsys.readouterr().out == ""

    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == bundle.name
    assert run.data.params["epochs"] == "2"
    assert run.data.params["model"] == "{'hidden': (64, 32)}"
    assert METRICS.items() <= run.data.metrics.items()
    history = client.get_metric_history(run_id, "train_log_loss")
    assert [(point.step, point.value) for point in history] == [(1, 0.6), (2, 0.5)]
    stored = {p.name for p in (tmp_path / "artifacts").rglob("bundle/*")}
    assert stored == {"card.md", "model.onnx"}
    champion = client.get_model_version_by_alias("shop", "champion")
    assert champion.tags == {"version": "2", "bundle": bundle.name}
    assert champion.run_id == run_id

    mlflow_tracker.alias("champion", 9)
    said = capsys.readouterr().out
    assert said == (
        "warning   MLflow did not take alias 'champion': the registry has no version tagged 9\n"
    )
    assert client.get_model_version_by_alias("shop", "champion").version == champion.version


def test_a_store_that_is_down_is_said_and_stops_nothing(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    broken = tracker(f"sqlite:///{tmp_path}/file/mlflow.db", tmp_path / "artifacts", "shop")
    assert broken.run({"epochs": 2}, METRICS, CURVES, bundle) is None
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].startswith("warning   MLflow did not take the run: ")


def test_an_address_of_no_known_kind_is_said_and_stops_nothing(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tracker("carrier-pigeon://loft", tmp_path / "artifacts", "shop")
    assert broken.run({}, METRICS, CURVES, bundle) is None
    broken.register(None, 1, bundle.name)
    broken.alias("champion", 1)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in said] == [
        "warning   MLflow did not take the run",
        "warning   MLflow did not take version 1",
        "warning   MLflow did not take alias 'champion'",
    ]


def test_without_mlflow_the_command_that_installs_it_is_told(
    tmp_path: Path,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    absent = tracker("sqlite:///mlflow.db", tmp_path, "shop")
    assert absent.run({}, METRICS, CURVES, bundle) is None
    assert "install it with: pip install '.[train]'" in capsys.readouterr().out


def test_an_empty_address_records_nothing(tmp_path: Path, bundle: Path) -> None:
    nothing = tracker("", tmp_path, "shop")
    assert isinstance(nothing, NullTracker)
    assert nothing.run({}, METRICS, CURVES, bundle) is None
    nothing.register(None, 1, bundle.name)
    nothing.alias("champion", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_more_metrics_than_the_store_takes_at_once_are_all_recorded(
    mlflow_tracker: MlflowTracker, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow import MlflowClient

    curves = [{"train_loss": 1 / epoch, "validation_loss": 2 / epoch} for epoch in range(1, 602)]
    run_id = mlflow_tracker.run({}, METRICS, curves, bundle)
    assert run_id is not None
    assert capsys.readouterr().out == ""
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    assert len(client.get_metric_history(run_id, "validation_loss")) == 601
