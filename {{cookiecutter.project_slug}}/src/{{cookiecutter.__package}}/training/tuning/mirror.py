"""A study as runs of MLflow: one for the study, and one below it for each trial."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...config import TrainConfig
from ..tracking import warn
from ..tracking.mlflow import MlflowTracker, tracker
from .trial import StudyRecord, Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_RUNS = 50_000
PARENT = "all"


def mirror(settings: TrainConfig, model: str, study: StudyRecord) -> None:
    """Record a finished study, where runs go to MLflow; a failure is a warning, and the study is kept."""
    if settings.tracker != "mlflow":
        return
    mlflow = tracker(settings, model)
    try:
        record(mlflow, study)
    except Exception as error:  # MLflow and its stores raise many kinds
        warn(mlflow.name, error, "tune")


def record(mlflow: MlflowTracker, study: StudyRecord) -> None:
    """Record the trials that MLflow does not have yet; one that was recorded in half is made anew."""
    client, experiment, known = mlflow.client, mlflow.experiment(), {}
    query = f"tags.study = '{study.name}'"
    for run in client.search_runs([experiment], query, max_results=MOST_RUNS):
        trial = run.data.tags["trial"]
        if trial != PARENT and run.info.status == "RUNNING":
            client.delete_run(run.info.run_id)
        else:
            known[trial] = run.info.run_id
    tags = {"study": study.name, "kind": study.kind, "dataset": study.dataset}
    if PARENT not in known:
        began = round(1000 * min(trial.began for trial in study.trials))
        parent = client.create_run(
            experiment, began, tags | {"trial": PARENT}, f"tune {study.kind}"
        )
        known[PARENT] = parent.info.run_id
    for trial in study.trials:
        if str(trial.number) not in known:
            own = {"trial": str(trial.number), "mlflow.parentRunId": known[PARENT]}
            _record_trial(client, experiment, tags | own, study.metric, trial)
    if study.best is not None:
        client.log_metric(known[PARENT], f"validation_{study.metric}", study.best.score or 0.0)
        client.set_tag(known[PARENT], "best", str(study.best.number))
    ended = round(1000 * max(trial.ended for trial in study.trials))
    client.set_terminated(known[PARENT], end_time=ended)


def _record_trial(
    client: "MlflowClient", experiment: str, tags: Mapping[str, str], metric: str, trial: Trial
) -> None:
    from mlflow.entities import Metric, Param

    began, ended = round(trial.began * 1000), round(trial.ended * 1000)
    run_id = client.create_run(experiment, began, dict(tags), f"trial {trial.number}").info.run_id
    points = [Metric("score", score, ended, at) for at, score in trial.rounds.items()]
    if trial.score is not None:
        points.append(Metric(f"validation_{metric}", trial.score, ended, 0))
    params = [Param(name, str(value)[:6000]) for name, value in trial.drawn.items()]
    client.log_batch(run_id, metrics=points, params=params)
    status = "FINISHED" if trial.score is not None else "KILLED"
    client.set_terminated(run_id, status, ended)
