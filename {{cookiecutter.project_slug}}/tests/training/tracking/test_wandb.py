"""Weights & Biases without its server: what it would upload lies on the disk."""

import os
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.promote import promote
from {{ cookiecutter.__package }}.training.tracking import mirror

from ..conftest import Made

wandb = pytest.importorskip("wandb", reason="needs the extra wandb")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)


def settings_of(folder: Path) -> Config:
    train = {"bundles": f"{folder}/bundles", "artifacts": f"{folder}/runs", "tracker": "wandb"}
    configs = folder / "configs"
    configs.mkdir()
    (configs / "data.yaml").write_text("driving: orders\nsplit: {by: hash}\n")
    (configs / "train.yaml").write_text(yaml.safe_dump(train))
    return load(configs)


def written(folder: Path) -> list[bytes]:
    """The files of runs, the oldest first."""
    files = folder.glob("runs/wandb/offline-run-*/*.wandb")
    return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]


def test_run_bundle_and_alias_wait_on_the_disk_and_are_logged_once(
    versions: Versions, make_version: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    config = settings_of(tmp_path)
    version = make_version(
        settings={"epochs": 2},
        metrics={"model": {"auc": {"value": 0.75}}},
        evaluation={"learning": {"curves": {"train_loss": [[1, 0.5], [2, 0.25]]}}},
    )
    assert mirror(config, versions)
    (run,) = written(tmp_path)
    for word in (b"epochs", b"train_loss", b"model_auc", b"version-1", version.bundle.encode()):
        assert word in run, word
    promote(versions, "1")
    assert mirror(config, versions)
    assert b"champion" in written(tmp_path)[-1]
    n_files = len(written(tmp_path))
    assert mirror(config, versions)
    assert len(written(tmp_path)) == n_files


def test_a_server_that_is_gone_stops_nothing(
    versions: Versions,
    make_version: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wandb.teardown()  # it remembers the mode of runs before
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    config = settings_of(tmp_path)
    make_version()
    assert not mirror(config, versions)
    assert "warning   Weights & Biases was not reached" in capsys.readouterr().out
