"""Weights & Biases: runs, and bundles as artifacts with aliases; offline where WANDB_MODE says so."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import TrainConfig
from ...errors import MissingExtraError
from ...models.versions import Version
from ...storage import write_file
from . import Run

if TYPE_CHECKING:
    import wandb


class WandbTracker:
    """A project of the model's name; a run has its bundle's name, so that none is there twice.

    Offline nobody can be asked what is there: what was logged is noted in a file beside the runs.
    """

    name = "Weights & Biases"

    def __init__(self, folder: Path, bundles: Path, model: str) -> None:
        self._folder, self._bundles, self._model = folder, bundles, model
        self._noted = folder / f"wandb-{model}.json"

    def bundles(self) -> set[str]:
        """Those that were logged from here."""
        return set(self._notes()["bundles"])

    def aliases(self) -> dict[str, str]:
        """The bundle that each alias was given to."""
        return dict(self._notes()["aliases"])

    def record(self, run: Run) -> None:
        """One run with its curves, its summary and the bundle as an artifact."""
        with self._open(run.version.bundle) as made:
            made.config.update({**run.params, **run.tags}, allow_val_change=True)
            for name, curve in run.curves.items():
                made.define_metric(name, step_metric="round")
                for number, value in curve:
                    made.log({"round": number, name: value})
            made.summary.update(dict(run.metrics))
            self._log_bundle(made, run.version, [f"version-{run.version.number}"])
            if run.report:
                made.log_artifact(str(run.report), f"{self._model}-report", "report")
        notes = self._notes()
        self._note(notes | {"bundles": [*notes["bundles"], run.version.bundle]})

    def alias(self, alias: str, version: Version | None) -> None:
        """Log the bundle, which is there already, under the alias; an alias cannot name none."""
        notes = self._notes()
        if version is not None:
            with self._open(version.bundle) as made:
                self._log_bundle(made, version, [alias])
        bundle = {alias: version.bundle} if version else {}
        rest = {name: b for name, b in notes["aliases"].items() if name != alias}
        self._note(notes | {"aliases": rest | bundle})

    def _notes(self) -> dict[str, dict[str, str]]:
        empty: dict[str, dict[str, str]] = {"bundles": {}, "aliases": {}}
        return empty | (json.loads(self._noted.read_bytes()) if self._noted.exists() else {})

    def _note(self, notes: Mapping[str, object]) -> None:
        write_file(self._noted, json.dumps(notes).encode())

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

    def _log_bundle(self, run: "wandb.Run", version: Version, aliases: list[str]) -> None:
        import wandb

        artifact = wandb.Artifact(self._model, "model")
        artifact.add_dir(str(self._bundles / version.bundle))
        run.log_artifact(artifact, aliases=aliases)


def tracker(settings: TrainConfig, model: str) -> WandbTracker:
    """The tracker that the settings describe."""
    return WandbTracker(settings.artifacts, settings.bundles / model, model)
