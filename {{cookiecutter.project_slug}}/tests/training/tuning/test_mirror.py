"""A study in MLflow, in a database of its own."""

import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.training.tuning.mirror import mirror
from {{ cookiecutter.__package }}.training.tuning.trial import (
    StudyRecord,
    Trial,
)

# MLflow's dependencies warn, and it leaves its connections to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def study_of(n_trials: int) -> StudyRecord:
    trials = [
        Trial(
            number=number,
            drawn={"model.hidden": [8, 4]} if number else {},
            score=None if number == 1 else 0.5 + number / 10,
            state="ended early" if number == 1 else "complete",
            rounds={5: 0.5, 10: 0.55},
            began=1_700_000_000.0 + number,
            ended=1_700_000_001.0 + number,
        )
        for number in range(n_trials)
    ]
    return StudyRecord(name="shop-mlp-1", kind="mlp", dataset="d", metric="auc", trials=trials)


def test_a_study_has_a_run_for_each_trial(tmp_path: Path) -> None:
    """Mirrored again with one more trial, or after half of it was recorded, each is there once."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    settings = TrainConfig(tracking_uri=uri, artifacts=tmp_path / "artifacts")
    for n_trials in (2, 3):
        mirror(settings, "shop", study_of(n_trials))
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("shop")
    assert experiment is not None
    ids = [experiment.experiment_id]
    runs = {run.data.tags["trial"]: run for run in client.search_runs(ids)}
    assert sorted(runs) == ["0", "1", "2", "all"]
    assert len(client.search_runs(ids)) == 4
    parent = runs["all"]
    assert parent.data.tags["best"] == "2"
    assert parent.data.metrics["validation_auc"] == 0.7
    for number in ("0", "1", "2"):
        assert runs[number].data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert runs["2"].data.params == {"model.hidden": "[8, 4]"}
    assert [runs[number].info.status for number in "012"] == ["FINISHED", "KILLED", "FINISHED"]
    points = client.get_metric_history(runs["1"].info.run_id, "score")
    assert [(point.step, point.value) for point in points] == [(5, 0.5), (10, 0.55)]
    client.update_run(runs["1"].info.run_id, "RUNNING")  # as a kill would leave it
    mirror(settings, "shop", study_of(3))
    again = {run.data.tags["trial"]: run for run in client.search_runs(ids)}
    assert again["1"].info.status == "KILLED"


def test_a_tracker_that_is_gone_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    mirror(TrainConfig(artifacts=tmp_path), "shop", study_of(1))
    printed = capsys.readouterr().out
    assert "warning   MLflow was not reached" in printed
    assert "the next tune sends it" in printed


def test_without_a_tracker_nothing_is_recorded(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    mirror(TrainConfig(tracker="none", tracking_uri=uri), "shop", study_of(1))
    assert list(tmp_path.iterdir()) == []
