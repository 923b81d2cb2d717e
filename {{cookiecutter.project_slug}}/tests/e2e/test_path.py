"""The stages after training, each as the command that a person types, over a real server."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.cli import app
from {{ cookiecutter.__package }}.errors import ServerUnreachableError
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring.history import read_windows

from ..conftest import ROWS, Workspace
from ..serving.test_server import process

HEAVY = {"torch", "mlflow", "pandas", "polars", "sklearn", "scipy", "pyarrow"}


def test_a_light_server_answers_replayed_traffic_which_is_monitored_with_its_labels(
    workspace: Workspace, tmp_path: Path
) -> None:
    places = {"serve.log": "live", "monitor.log": "live", "monitor.reports": "reports"}
    settings = ["--configs", str(workspace.path / "configs")]
    settings += [f"--set={key}={tmp_path / place}" for key, place in places.items()]

    def run(*words: str) -> None:
        """A command in this process, where what it imports is shared."""
        app([*words, *settings], standalone_mode=False)

    with pytest.raises(ServerUnreachableError, match="make serve"):
        run("replay", "--url", "http://127.0.0.1:9")
    source = workspace.path / "data" / "datasets" / "synthetic" / "test.parquet"
    run("score", str(source), "--output", str(tmp_path / "scored.parquet"))
    assert len(pq.read_table(tmp_path / "scored.parquet")) == ROWS["test"]
    with process(tmp_path, None, *settings, python=("-X", "importtime")) as (_, url):
        run("replay", "--url", url)
    lines = (tmp_path / "stderr.txt").read_text().splitlines()
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines if "|" in line}
    assert "onnxruntime" in imported
    assert imported & HEAVY == set()
    run("monitor")
    name, task = workspace.contract.name, workspace.bundle.task
    windows = read_windows(workspace.config.monitor.history, name)
    qualities = [quality for window in windows if (quality := window.quality(task.main))]
    assert qualities[-1].value > task.chance + 0.1
    assert SCORE in {finding.subject for window in windows for finding in window.findings}
