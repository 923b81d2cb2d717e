"""Weights & Biases: runs, and bundles as artifacts with aliases; offline where WANDB_MODE says so."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import TrainConfig
from ...errors import MissingExtraError
from ...models.versions import Version
from . import Run
from .watched import Watched

if TYPE_CHECKING:
    import wandb


class WandbTracker:
    """A project of the model's name; a run has its bundle's name, so that none is there twice."""

    name = "Weights & Biases"

    def __init__(self, folder: Path, bundles: Path, model: str) -> None:
        self._folder = folder
        self._bundles = bundles
        self._model = model

    def record(self, run: Run) -> None:
        """One run with its curves, its summary and the bundle as an artifact."""
        with self._open(run.version.bundle) as made:
            made.config.update(run.params | run.tags, allow_val_change=True)
            for step, epoch in enumerate(run.record.curves, start=1):
                made.log(dict(epoch), step=step)
            dataset = {"dataset": dict(run.record.dataset), **run.record.environment}
            made.summary.update(dict(run.record.metrics) | dataset)
            self._log_bundle(made, run.version, [f"version-{run.version.number}"], run.tags)
            if run.report:
                made.log_artifact(str(run.report), f"{self._model}-report", "report")

    def alias(self, alias: str, version: Version | None, tags: Mapping[str, str]) -> None:
        """Log the bundle, which is there already, under the alias; an alias cannot name none."""
        if version is not None:
            with self._open(version.bundle) as made:
                self._log_bundle(made, version, [alias], tags)

    def watch(self, version: Version, windows: Sequence[Watched]) -> None:
        """A run beside the version's, whose axis is the window."""
        with self._open(f"{version.bundle}-monitoring") as made:
            made.config.update({"version": version.number}, allow_val_change=True)
            made.define_metric("*", step_metric="window")
            for window in windows:
                made.log({"window": window.step, **window.values})

    def _open(self, name: str) -> "wandb.Run":
        try:
            import wandb
        except ImportError:
            raise MissingExtraError("wandb", "wandb") from None
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = wandb.Settings(silent=True, console="off", disable_git=True, init_timeout=20.0)
        made: wandb.Run = wandb.init(
            project=self._model,
            id=name,
            resume="allow",
            dir=self._folder,
            settings=settings,
        )
        return made

    def _log_bundle(
        self, run: "wandb.Run", version: Version, aliases: list[str], tags: Mapping[str, str]
    ) -> None:
        import wandb

        artifact = wandb.Artifact(self._model, "model", metadata=dict(tags))
        artifact.add_dir(str(self._bundles / version.bundle))
        run.log_artifact(artifact, aliases=aliases)


def tracker(settings: TrainConfig, model: str) -> WandbTracker:
    """The tracker that the settings describe."""
    return WandbTracker(settings.artifacts, settings.bundles / model, model)
