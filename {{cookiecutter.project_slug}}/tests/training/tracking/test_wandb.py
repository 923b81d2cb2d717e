"""Weights & Biases without its server: what it would upload lies on the disk."""

import os
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry.promotion import (
    promote,
    repair,
)
from {{ cookiecutter.__package }}.training.tracking import (
    Record,
    tracker_of,
    write_record,
)
from {{ cookiecutter.__package }}.training.tracking.outbox import Outbox

from ..conftest import Made, load_settings, outbox_of

wandb = pytest.importorskip("wandb", reason="needs the extra wandb")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def offline(tmp_path: Path, versions: Versions, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    monkeypatch.setenv("WANDB_MODE", "offline")
    settings = load_settings(tmp_path, tracker="wandb", artifacts=str(tmp_path / "runs")).train
    return outbox_of(versions, tracker_of(settings, versions.name))


def written(folder: Path) -> list[bytes]:
    """The files of runs, the oldest first."""
    files = folder.glob("runs/wandb/offline-run-*/*.wandb")
    return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]


def test_run_bundle_and_alias_wait_on_the_disk(
    offline: Outbox, versions: Versions, make_version: Made, tmp_path: Path
) -> None:
    version = make_version(settings={"epochs": 2})
    curves = [{"train_loss": 0.5}, {"train_loss": 0.25}]
    write_record(versions, version.bundle, Record(metrics={"model_auc": 0.75}, curves=curves))
    repair(offline)
    (run,) = written(tmp_path)
    for word in (b"epochs", b"train_loss", b"model_auc", b"version-1", version.bundle.encode()):
        assert word in run, word
    promote(offline, "1")
    assert b"champion" in written(tmp_path)[-1]
    assert list((versions.folder / "outbox").glob("[!.]*")) == []


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
    settings = load_settings(tmp_path, tracker="wandb", artifacts=str(tmp_path / "runs")).train
    make_version()
    promote(outbox_of(versions, tracker_of(settings, versions.name)), "1")
    assert "warning   Weights & Biases was not reached" in capsys.readouterr().out
    served = versions.served()
    assert served is not None
    assert served.number == 1
