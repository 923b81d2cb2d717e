"""The stages after training, each as the command that a person types, over a real server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.cli import app
from {{ cookiecutter.__package }}.errors import ServerUnreachableError
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring.history import read_windows

from ..conftest import ROWS, Workspace
from .served import serving

HEAVY = {"torch", "mlflow", "pandas", "polars", "sklearn", "scipy", "pyarrow"}


@dataclass(frozen=True)
class Running:
    """A server over the trained workspace; what it and its callers write is in ``folder``."""

    folder: Path
    settings: list[str]
    url: str

    def run(self, *words: str) -> None:
        """Call a command in this process, where what it imports is shared."""
        app([*words, *self.settings], standalone_mode=False)


@pytest.fixture(scope="module")
def running(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("path")
    places = {"serve.log": "live", "monitor.log": "live", "monitor.reports": "reports"}
    settings = ["--configs", str(workspace.path / "configs")]
    settings += [f"--set={key}={folder / place}" for key, place in places.items()]
    with serving(folder / "imports.log", *settings, python=("-X", "importtime")) as url:
        yield Running(folder, settings, url)


def test_the_server_imports_no_heavy_library(running: Running) -> None:
    lines = (running.folder / "imports.log").read_text().splitlines()
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines if "|" in line}
    assert "onnxruntime" in imported
    assert imported & HEAVY == set()


def test_rows_are_scored_and_replayed_traffic_is_monitored_with_its_labels(
    running: Running, workspace: Workspace
) -> None:
    with pytest.raises(ServerUnreachableError, match="make serve"):
        running.run("replay", "--url", "http://127.0.0.1:9")
    source = workspace.path / "data" / "datasets" / "synthetic" / "test.parquet"
    running.run("score", str(source), "--output", str(running.folder / "scored.parquet"))
    assert len(pq.read_table(running.folder / "scored.parquet")) == ROWS["test"]
    running.run("replay", "--url", running.url)
    running.run("monitor")
    name, task = workspace.contract.name, workspace.bundle.task
    windows = read_windows(workspace.config.monitor.history, name)
    qualities = [quality for window in windows if (quality := window.quality(task.main))]
    assert qualities[-1].value > task.chance + 0.1
    assert SCORE in {finding.subject for window in windows for finding in window.findings}
