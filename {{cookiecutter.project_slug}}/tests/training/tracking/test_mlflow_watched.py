"""What monitoring found, in an MLflow of its own."""

from pathlib import Path

from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry.promotion import repair
from {{ cookiecutter.__package }}.training.tracking.mlflow import (
    MlflowTracker,
)
from {{ cookiecutter.__package }}.training.tracking.watched import Watched

from ..conftest import Made, outbox_of
from .test_mlflow import client_of, runs_of
from .test_mlflow import pytestmark as pytestmark  # the same warnings


def test_what_monitoring_found_is_a_run_below_the_versions_with_a_step_for_each_window(
    versions: Versions, make_version: Made, tmp_path: Path
) -> None:
    uri, made = f"sqlite:///{tmp_path}/mlflow.db", make_version()
    mirror = outbox_of(versions, MlflowTracker(uri, tmp_path / "artifacts", "shop"))

    def week(day: int, auc: float, fingerprint: str = "a", judged: float = 1.7e9) -> Watched:
        values = {"quality/auc/auc": auc} | {f"data_drift/c{n}/psi": n for n in range(1_100)}
        name = f"2024-01-{day:02}"
        return Watched(name=name, fingerprint=fingerprint, judged=judged, values=values)

    weeks = [week(1, 0.7), week(8, 0.9)]
    mirror.mark_all()
    for _ in range(2):
        assert mirror.watch(made, weeks)
    assert mirror.watch(made, [weeks[0], week(8, 0.6, "labels came", 1.8e9)])

    client = client_of(uri)
    (run,) = [run for run in runs_of(client) if "watched" in run.data.tags]
    assert run.info.status == "FINISHED"
    points = client.get_metric_history(run.info.run_id, "quality/auc/auc")
    assert [(p.step, p.value) for p in points] == [
        (20240101, 0.7),
        (20240108, 0.9),
        (20240108, 0.6),
    ]
    assert run.data.metrics["quality/auc/auc"] == 0.6
    assert len(run.data.metrics) == 1_101
    (version,) = client.search_model_versions("name = 'shop'")
    assert run.data.tags.items() >= {"version": "1", "mlflow.parentRunId": version.run_id}.items()
    assert version.tags["monitoring"] == run.info.run_id
    (model,) = client.get_run(version.run_id).outputs.model_outputs
    linked = client.get_run(run.info.run_id).inputs.model_inputs
    assert [given.model_id for given in linked] == [model.model_id]
    assert "quality/auc/auc" in {m.key for m in client.get_logged_model(model.model_id).metrics}
    repair(mirror)  # what is watched is not taken for what a broken connection left of the version
    assert len(runs_of(client)) == 2
