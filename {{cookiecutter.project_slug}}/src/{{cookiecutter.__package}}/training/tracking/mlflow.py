"""MLflow: runs, models that its own server can serve, versions and aliases."""

import json
import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version as library_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...config import TrainConfig
from ...contract import Contract
from ...errors import MissingExtraError
from ...models.versions import Version
from ...values import MISSING_TIME
from . import Run
from .watched import Watched

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from ...models.bundle import Bundle

MOST_AT_ONCE = {"params": 100, "metrics": 1000}
LOADER = "served_by_mlflow"
# A server that is down is told from one that is slow within seconds, not minutes.
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class MlflowTracker:
    """MLflow's tracking store and model registry at ``uri``."""

    name = "MLflow"

    def __init__(self, uri: str, artifacts: Path, model: str) -> None:
        self._uri = uri
        self._artifacts = artifacts
        self._model = model

    def record(self, run: Run) -> None:
        """One run by bundle; what a broken connection left half-recorded is made anew."""
        bundle, experiment = run.version.bundle, self.experiment()
        if self._find(bundle) is not None:
            return
        for found in self.client.search_runs([experiment], f"tags.bundle = '{bundle}'"):
            self.client.delete_run(found.info.run_id)
        ended = round(run.record.ended * 1000) or None
        tags = run.tags | {"mlflow.source.git.commit": run.tags["git.commit"]}
        name = f"version {run.version.number}"
        run_id = self.client.create_run(experiment, ended, tags, name).info.run_id
        self._log(run_id, run)
        source, model_id = self._log_model(run_id, run)
        self.client.set_terminated(run_id, end_time=ended)
        if not self.client.search_registered_models(f"name = '{self._model}'"):
            self.client.create_registered_model(self._model)
        self.client.create_model_version(
            self._model, source, run_id, tags=run.tags, model_id=model_id
        )

    def alias(self, alias: str, version: Version | None, tags: Mapping[str, str]) -> None:
        """Move an alias to the registry version of our bundle; MLflow's numbers are its own.

        Raises:
            LookupError: the registry does not have it.
        """
        if version is None:
            if self.client.search_registered_models(f"name = '{self._model}'"):
                self.client.delete_registered_model_alias(self._model, alias)
            return
        found = str(self._found(version).version)
        for key, value in tags.items():
            self.client.set_model_version_tag(self._model, found, key, value[:5000])
        self.client.set_registered_model_alias(self._model, alias, found)

    def watch(self, version: Version, windows: Sequence[Watched]) -> None:
        """One run below the version's, with a step for each window; of values, the last given counts.

        Raises:
            LookupError: the registry does not have the version.
        """
        from mlflow.entities import Metric

        run_id, model_id = self._watching(version)
        points = [
            Metric(key, value, round(window.judged * 1000), window.step, model_id)
            for window in windows
            for key, value in window.values.items()
        ]
        most = MOST_AT_ONCE["metrics"]
        for start in range(0, len(points), most):
            self.client.log_batch(run_id, metrics=points[start : start + most])
        ended = max(round(window.judged * 1000) for window in windows)
        self.client.set_terminated(run_id, end_time=ended)

    def _watching(self, version: Version) -> tuple[str, str | None]:
        """The run in which a version is watched, and the model's id, to which it is linked."""
        from mlflow.entities import LoggedModelInput

        experiment, found = self.experiment(), self._found(version)
        logged = self.client.get_run(found.run_id).outputs
        models = [output.model_id for output in logged.model_outputs] if logged else []
        model_id = models[0] if models else None
        asked = f"tags.watched = '{version.bundle}'"
        for run in self.client.search_runs([experiment], asked):
            return str(run.info.run_id), model_id
        tags = {
            "watched": version.bundle,
            "version": str(version.number),
            "mlflow.parentRunId": found.run_id,
        }
        name = f"monitoring of version {version.number}"
        run_id = str(self.client.create_run(experiment, None, tags, name).info.run_id)
        self.client.log_inputs(run_id, models=[LoggedModelInput(model_id) for model_id in models])
        number = str(found.version)
        self.client.set_model_version_tag(self._model, number, "monitoring", run_id)
        return run_id, model_id

    def _find(self, bundle: str) -> "ModelVersion | None":
        """The registry's version of a bundle; MLflow's numbers are its own."""
        versions = self.client.search_model_versions(f"name = '{self._model}'")
        return next((v for v in versions if v.tags.get("bundle") == bundle), None)

    def _found(self, version: Version) -> "ModelVersion":
        if found := self._find(version.bundle):
            return found
        raise LookupError(f"its registry has no version {version.number}; run: registry repair")

    def _log(self, run_id: str, run: Run) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

        when = round(run.record.ended * 1000)
        points = [
            Metric(key, value, when, step)
            for step, values in enumerate([*run.record.curves, run.record.metrics], start=1)
            for key, value in values.items()
        ]
        params = [Param(key, value[:6000]) for key, value in run.params.items()]
        for kind, entries in (("params", params), ("metrics", points)):
            for start in range(0, len(entries), MOST_AT_ONCE[kind]):
                part = entries[start : start + MOST_AT_ONCE[kind]]
                self.client.log_batch(run_id, **{kind: part})
        name, manifest = str(run.metadata.get("dataset")), run.record.dataset
        profile = {key: manifest[key] for key in ("rows", "splits") if key in manifest}
        dataset = Dataset(
            name=self._model,
            digest=name[:36],
            source_type="local",
            source=json.dumps({"dataset": name, "sources": manifest.get("sources")}),
            profile=json.dumps(profile),
        )
        context = InputTag("mlflow.data.context", "training")
        self.client.log_inputs(run_id, [DatasetInput(dataset, [context])])
        self.client.log_dict(run_id, dict(run.record.environment), "environment.json")
        self.client.log_dict(run_id, dict(manifest), "dataset.json")
        self.client.log_artifacts(run_id, str(run.folder), "bundle")
        if run.report:
            self.client.log_artifacts(run_id, str(run.report), "report")

    def _log_model(self, run_id: str, run: Run) -> tuple[str, str]:
        """Log the graph as a model of named columns that MLflow can serve; its address and id."""
        from ...models.bundle import open_bundle

        bundle = open_bundle(run.folder)
        libraries = ("numpy", "onnxruntime", "pandas")
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow warns of itself and of what it calls
            import mlflow.pyfunc

            (Path(folder) / "model.onnx").write_bytes(bundle.read("model.onnx"))
            outputs = _outputs(bundle)
            names = {"inputs": _groups(bundle.contract), "outputs": outputs}
            (Path(folder) / "columns.json").write_text(json.dumps(names))
            with mlflow.start_run(run_id=run_id):
                info = mlflow.pyfunc.log_model(
                    name="model",
                    loader_module=LOADER,
                    code_paths=[str(Path(__file__).with_name(f"{LOADER}.py"))],
                    data_path=folder,
                    signature=_signature(bundle.contract, outputs),
                    input_example=_example(bundle),
                    pip_requirements=[f"{name}=={library_version(name)}" for name in libraries],
                    metadata={"bundle": bundle.hash},
                )
        return info.model_uri, info.model_id

    def experiment(self) -> str:
        """The id of the model's experiment, made if it is not there."""
        found = self.client.get_experiment_by_name(self._model)
        if found is not None:
            return str(found.experiment_id)
        # Without its kind, MLflow's pages show what language models need.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        # A server has a place for files; a bare database has none.
        place = None if self._uri.startswith("http") else self._artifacts.absolute().as_uri()
        return str(self.client.create_experiment(self._model, place, tags=kind))

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's own client, connected at its first use.

        Raises:
            MissingExtraError: MLflow is not installed.
        """
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            import mlflow
        except ImportError:
            raise MissingExtraError("mlflow", "train") from None
        for noisy in ("alembic", "mlflow"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        return mlflow.MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)


def tracker(settings: TrainConfig, model: str) -> MlflowTracker:
    """The tracker that the settings describe."""
    return MlflowTracker(settings.tracking_uri, settings.artifacts, model)


def _groups(contract: Contract) -> dict[str, list[str]]:
    groups = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    return {group: list(names) for group, names in groups.items() if names}


def _outputs(bundle: "Bundle") -> list[str]:
    """A name for each number of the graph's result."""
    labels = bundle.contract.labels if bundle.contract.task == "multiclass" else None
    output = bundle.task.output
    return [f"{output}_{label}" for label in labels] if labels else [output]


def _example(bundle: "Bundle") -> Any:
    """The golden rows as columns."""
    import pandas as pd

    rows = pd.DataFrame(bundle.metadata["golden"]["rows"])[list(bundle.contract.features)]
    times, numbers = list(bundle.contract.times), list(bundle.contract.numeric)
    rows[times] = rows[times].fillna(MISSING_TIME).astype("int64")
    rows[numbers] = rows[numbers].astype("float64")
    return rows


def _signature(contract: Contract, outputs: list[str]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    kinds = {"numeric": "double", "category": "string", "time": "long"}
    inputs = [ColSpec(kinds[g], name) for g, names in _groups(contract).items() for name in names]
    return ModelSignature(Schema(inputs), Schema([ColSpec("float", name) for name in outputs]))
