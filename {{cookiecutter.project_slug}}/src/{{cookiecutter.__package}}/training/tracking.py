"""Mirrors versions to MLflow: runs, registered versions and which one is the champion.

What MLflow has is listed, what we have is listed, and the difference is sent. So a server that is
down, or a process that is killed, loses nothing, and no queue is needed. Our versions are the truth.
"""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import TrainConfig
from ..models.versions import CHAMPION, Version, Versions
from ..terminal import say

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_PARAMS, MOST_METRICS = 100, 1000  # of a request
# A server that is down is told from one that is slow within seconds, not minutes.
VARIABLES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def mirror(settings: TrainConfig, versions: Versions, reports: Path) -> bool:
    """Send what MLflow lacks, unless ``tracker`` is none; whether it has everything now.

    A failure is said and stops nothing.
    """
    if settings.tracker == "none":
        return True
    try:
        client, name = _connect(settings.tracking_uri), versions.name
        mirrored = _registered(client, name)
        for version in versions.all():
            if version.bundle not in mirrored:
                _record(client, settings, versions, version, reports / name)
        if served := versions.served():
            number = _registered(client, name)[served.bundle]
            client.set_registered_model_alias(name, CHAMPION, number)
    except Exception as error:  # MLflow and its stores raise many kinds
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        reason = re.sub(r"://\S*@", "://", reason)  # without a password
        say(
            f"warning   MLflow was not reached: {reason[:300]}\n"
            "          nothing is lost: the next train, promote or rollback sends it"
        )
        return False
    return True


def _connect(uri: str) -> "MlflowClient":
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _registered(client: "MlflowClient", name: str) -> dict[str, str]:
    """The number in MLflow's registry by bundle; its numbers are its own."""
    versions = client.search_model_versions(f"name = '{name}'")
    return {version.tags.get("bundle", ""): str(version.version) for version in versions}


def _record(
    client: "MlflowClient",
    settings: TrainConfig,
    versions: Versions,
    version: Version,
    reports: Path,
) -> None:
    """A run and a registered version; what a broken connection left half recorded is made anew."""
    folder, report = versions.folder / version.bundle, reports / f"version-{version.number}"
    metadata = json.loads((folder / "metadata.json").read_text())
    evaluation = json.loads((folder / "evaluation.json").read_text())
    experiment = _experiment(client, settings, versions.name)
    for half in client.search_runs([experiment], f"tags.bundle = '{version.bundle}'"):
        client.delete_run(half.info.run_id)
    when = round(datetime.fromisoformat(version.created).timestamp() * 1000)
    tags = {
        "bundle": version.bundle,
        "version": str(version.number),
        "gate": "passed" if version.passed else "refused",
        "mlflow.source.git.commit": str(metadata["git"]["commit"]),
    }
    run = client.create_run(experiment, when, tags, f"version {version.number}").info
    _log(client, run.run_id, when, metadata, evaluation)
    client.log_artifacts(run.run_id, str(folder), "bundle")
    if report.is_dir():
        client.log_artifacts(run.run_id, str(report), "report")
    client.set_terminated(run.run_id, end_time=when)
    if not client.search_registered_models(f"name = '{versions.name}'"):
        client.create_registered_model(versions.name)
    client.create_model_version(versions.name, f"{run.artifact_uri}/bundle", run.run_id, tags=tags)


def _experiment(client: "MlflowClient", settings: TrainConfig, name: str) -> str:
    """The id of the model's experiment, made if it is not there."""
    known = client.get_experiment_by_name(name)
    if known is not None:
        return str(known.experiment_id)
    # Without its kind, MLflow's pages show what language models need.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    # A server has a place for files; a bare database has none.
    uri, artifacts = settings.tracking_uri, settings.artifacts.absolute().as_uri()
    place = None if uri.startswith("http") else artifacts
    return str(client.create_experiment(name, place, tags=kind))


def _log(
    client: "MlflowClient",
    run: str,
    when: int,
    metadata: Mapping[str, Any],
    evaluation: Mapping[str, Any],
) -> None:
    """Settings and what else the result follows from, metrics on the test rows, and curves."""
    from mlflow.entities import Metric, Param

    names = ("model", "dataset", "contract", "seed", "libraries")
    values = metadata["settings"] | {name: metadata.get(name) for name in names}
    params = [Param(name, value[:6000]) for name, value in _flat(values)]
    points = [
        Metric(f"{model}_{metric}", interval["value"], when, 0)
        for model, metrics in metadata["metrics"].items()
        for metric, interval in metrics.items()
        if interval["value"] is not None
    ]
    for name, curve in evaluation["learning"]["curves"].items():
        points += [Metric(name, value, when, step) for step, value in curve]
    for start in range(0, len(params), MOST_PARAMS):
        client.log_batch(run, params=params[start : start + MOST_PARAMS])
    for start in range(0, len(points), MOST_METRICS):
        client.log_batch(run, metrics=points[start : start + MOST_METRICS])


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values by dotted name, as text."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
