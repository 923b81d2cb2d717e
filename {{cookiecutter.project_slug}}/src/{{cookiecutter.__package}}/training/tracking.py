"""Where runs and versions are recorded: MLflow, or nowhere."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import MissingExtraError
from ..terminal import say

if TYPE_CHECKING:
    from mlflow import MlflowClient


MOST_METRICS = 1000  # that MLflow takes at once


class Tracker(Protocol):
    """Records one model's runs and mirrors its versions."""

    def run(
        self,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        curves: Sequence[Mapping[str, float]],
        folder: Path,
    ) -> str | None:
        """Record a finished run with the files of its bundle; return its id."""

    def register(self, run_id: str | None, version: int, bundle: str) -> None:
        """Mirror a new version."""

    def alias(self, alias: str, version: int) -> None:
        """Mirror which version an alias names."""


class NullTracker:
    """Records nothing."""

    def run(self, *_: object) -> str | None:
        """Nothing is recorded, so there is no id."""
        return None

    def register(self, *_: object) -> None:
        """Nothing is mirrored."""

    def alias(self, *_: object) -> None:
        """Nothing is mirrored."""


class MlflowTracker:
    """MLflow's tracking server and model registry; a failure is said and does not stop the work."""

    def __init__(self, uri: str, artifacts: Path, name: str) -> None:
        self._name = name
        self._artifacts = artifacts
        self._uri = uri
        self._client: MlflowClient | None = None

    def run(
        self,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        curves: Sequence[Mapping[str, float]],
        folder: Path,
    ) -> str | None:
        """One run: parameters, curves by epoch, final metrics, the bundle's files."""
        run_id: str | None = None

        def record(client: "MlflowClient") -> None:
            nonlocal run_id
            from mlflow.entities import Metric, Param

            run_id = client.create_run(self._experiment(client), run_name=folder.name).info.run_id
            points = [
                Metric(key, value, 0, step)
                for step, epoch in enumerate([*curves, metrics], start=1)
                for key, value in epoch.items()
            ]
            shown = [Param(key, str(value)[:500]) for key, value in params.items()]
            client.log_batch(run_id, params=shown)
            for start in range(0, len(points), MOST_METRICS):
                client.log_batch(run_id, metrics=points[start : start + MOST_METRICS])
            client.log_artifacts(run_id, str(folder), "bundle")
            client.set_terminated(run_id)

        self._attempt("the run", record)
        return run_id

    def register(self, run_id: str | None, version: int, bundle: str) -> None:
        """A registry version tagged with ours; MLflow numbers its own."""

        def record(client: "MlflowClient") -> None:
            if not client.search_registered_models(f"name = '{self._name}'"):
                client.create_registered_model(self._name)
            source = f"{client.get_run(run_id).info.artifact_uri}/bundle" if run_id else bundle
            client.create_model_version(
                self._name, source, run_id, tags={"version": str(version), "bundle": bundle}
            )

        self._attempt(f"version {version}", record)

    def alias(self, alias: str, version: int) -> None:
        """Move an alias to the registry version that carries our number."""

        def record(client: "MlflowClient") -> None:
            for found in client.search_model_versions(f"name = '{self._name}'"):
                if found.tags.get("version") == str(version):
                    client.set_registered_model_alias(self._name, alias, found.version)
                    return
            raise LookupError(f"the registry has no version tagged {version}")

        self._attempt(f"alias '{alias}'", record)

    def _experiment(self, client: "MlflowClient") -> str:
        found = client.get_experiment_by_name(self._name)
        if found is not None:
            return str(found.experiment_id)
        # Without its kind, MLflow's pages show what language models need.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        place = self._artifacts.absolute().as_uri()
        return str(client.create_experiment(self._name, place, tags=kind))

    def _attempt(self, what: str, record: Callable[["MlflowClient"], None]) -> None:
        try:
            if self._client is None:
                self._client = _connect(self._uri)
            record(self._client)
        except Exception as error:  # the mirror may be down; what was made locally stands
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            say(f"warning   MLflow did not take {what}: {reason}")


def tracker(uri: str, artifacts: Path, name: str) -> Tracker:
    """MLflow at ``uri``; an empty address records nothing."""
    return MlflowTracker(uri, artifacts, name) if uri else NullTracker()


def _connect(uri: str) -> "MlflowClient":
    settings: dict[str, Any] = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise MissingExtraError("mlflow", "train") from None
    for noisy in ("alembic", "mlflow.store", "mlflow.tracking"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)
