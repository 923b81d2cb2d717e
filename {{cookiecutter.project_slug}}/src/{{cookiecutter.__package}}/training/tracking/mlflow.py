"""MLflow: runs, versions and aliases; each version is the folder of its bundle."""

import logging
import os
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import TrainConfig
from ...errors import MissingExtraError
from ...models.versions import Version
from . import Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_PARAMS, MOST_METRICS = 100, 1000
# A server that is down is told from one that is slow within seconds, not minutes.
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class MlflowTracker:
    """MLflow's tracking store and model registry at ``uri``; its version numbers are its own."""

    name = "MLflow"

    def __init__(self, uri: str, artifacts: Path, model: str) -> None:
        self._uri, self._artifacts, self._model = uri, artifacts, model
        self._query = f"name = '{model}'"

    def bundles(self) -> set[str]:
        """The bundles of the versions in its registry."""
        return set(self._bundles().values())

    def aliases(self) -> dict[str, str]:
        """The bundle that each alias names."""
        bundles, models = self._bundles(), self.client.search_registered_models(self._query)
        named = models[0].aliases if models else {}
        return {alias: bundles.get(str(number), "") for alias, number in named.items()}

    def record(self, run: Run) -> None:
        """One run by bundle; what a broken connection left half recorded is made anew."""
        from mlflow.entities import Metric, Param

        client, experiment = self.client, self._experiment()
        for half in client.search_runs([experiment], f"tags.bundle = '{run.version.bundle}'"):
            client.delete_run(half.info.run_id)
        when = round(datetime.fromisoformat(run.version.created).timestamp() * 1000)
        tags = {**run.tags, "mlflow.source.git.commit": run.tags["git.commit"]}
        info = client.create_run(experiment, when, tags, f"version {run.version.number}").info
        params = [Param(name, value[:6000]) for name, value in run.params.items()]
        points = [Metric(name, value, when, 0) for name, value in run.metrics.items()]
        for name, curve in run.curves.items():
            points += [Metric(name, value, when, step) for step, value in curve]
        for start in range(0, len(params), MOST_PARAMS):
            client.log_batch(info.run_id, params=params[start : start + MOST_PARAMS])
        for start in range(0, len(points), MOST_METRICS):
            client.log_batch(info.run_id, metrics=points[start : start + MOST_METRICS])
        client.log_artifacts(info.run_id, str(run.folder), "bundle")
        if run.report:
            client.log_artifacts(info.run_id, str(run.report), "report")
        client.set_terminated(info.run_id, end_time=when)
        if not client.search_registered_models(self._query):
            client.create_registered_model(self._model)
        source = f"{info.artifact_uri}/bundle"
        client.create_model_version(self._model, source, info.run_id, tags=dict(run.tags))

    def alias(self, alias: str, version: Version | None) -> None:
        """Move an alias to the registry version of our bundle."""
        if version is None:
            self.client.delete_registered_model_alias(self._model, alias)
            return
        number = next(n for n, bundle in self._bundles().items() if bundle == version.bundle)
        self.client.set_registered_model_alias(self._model, alias, number)

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's own client, connected at its first use.

        Raises:
            MissingExtraError: MLflow is not installed.
        """
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise MissingExtraError("mlflow", "train") from None
        for noisy in ("alembic", "mlflow"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        return MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)

    def _bundles(self) -> dict[str, str]:
        """The bundle of each version in its registry, by its number there."""
        versions = self.client.search_model_versions(self._query)
        return {str(version.version): version.tags.get("bundle", "") for version in versions}

    def _experiment(self) -> str:
        """The id of the model's experiment, made if it is not there."""
        known = self.client.get_experiment_by_name(self._model)
        if known is not None:
            return str(known.experiment_id)
        # Without its kind, MLflow's pages show what language models need.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        # A server has a place for files; a bare database has none.
        place = None if self._uri.startswith("http") else self._artifacts.absolute().as_uri()
        return str(self.client.create_experiment(self._model, place, tags=kind))


def tracker(settings: TrainConfig, model: str) -> MlflowTracker:
    """The tracker that the settings describe."""
    return MlflowTracker(settings.tracking_uri, settings.artifacts, model)
