"""A training from a dataset to a version: what it refuses, registers and serves, and leaves behind."""

import re
import shutil
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import yaml

from {{ cookiecutter.__package }}.errors import (
    DataError,
    ModelFailedError,
    ParityError,
)
from {{ cookiecutter.__package }}.models import graph as exporting
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.training import job

from ..conftest import Workspace
from ..models.conftest import constant_graph


def plant(monkeypatch: pytest.MonkeyPatch, graph: bytes) -> None:
    """Let the export give this graph."""
    made = SimpleNamespace(SerializeToString=lambda: graph)
    monkeypatch.setattr(exporting, "export", lambda *_: made)


@pytest.mark.slow
def test_the_same_training_is_the_same_version_and_other_test_rows_change_no_statistic(
    place: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place.bundle
    assert job.run(place.config).number == 1
    assert len(place.versions.all()) == 1
    assert "is version 1 already: same data, settings and code" in capsys.readouterr().out

    path = place.path / "data/datasets/synthetic/test.parquet"
    pq.write_table(pq.read_table(path).slice(0, 1_000), path)
    plant(monkeypatch, (first.path / "model.onnx").read_bytes())  # an export takes seconds
    second = job.run(place.config)
    assert second.number == 2
    bundle = open_bundle(place.versions.folder / second.bundle)
    assert bundle.files["profile.json"] == first.files["profile.json"]
    assert bundle.metadata["metrics"] != first.metadata["metrics"]
    (rule,) = second.broken
    assert (rule.name, rule.reason) == ("better than champion", "it is the champion's equal")
    assert "refused version 2; what serves is unchanged" in capsys.readouterr().out
    assert place.bundle.path == first.path


@pytest.mark.slow
def test_a_damaged_champion_stops_no_training_and_a_later_model_waits_for_a_person(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    served = place.versions.served()
    (place.bundle.path / "model.onnx").write_bytes(b"")
    train = place.path / "configs" / "train.yaml"
    train.write_text(train.read_text() + "seed: 1\n")
    version = job.run(place.config)
    assert version.number == 2
    shown = capsys.readouterr().out
    assert "nothing is compared with the served version 1, which is damaged" in shown
    assert "next      serve it with: promote 2" in shown
    assert place.versions.served() == served


def test_an_export_that_answers_differently_stays_but_does_not_serve(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = place.contract.labels
    value = 1 / len(labels) if place.contract.task == "multiclass" and labels else 0.4
    plant(monkeypatch, constant_graph(place.contract, value))
    with pytest.raises(ParityError, match=r"version 2: parity: .* inspection"):
        job.run(place.config)
    assert not place.versions.get(2).passed
    assert place.versions.served() == place.versions.get(1)
    before = sorted(path.name for path in place.versions.folder.iterdir())
    plant(monkeypatch, constant_graph(place.contract, float("nan")))
    with pytest.raises(ModelFailedError, match="the graph gave a result that is no"):
        job.run(place.config)
    assert sorted(path.name for path in place.versions.folder.iterdir()) == before


def test_without_a_dataset_the_message_names_the_command_that_makes_one(place: Workspace) -> None:
    shutil.rmtree(place.path / "data")
    with pytest.raises(DataError, match="make data"):
        job.run(place.config)


def test_where_the_winner_is_refused_and_the_linear_baseline_passes_that_is_registered(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The network learns nothing at such a rate."""
    shutil.rmtree(place.path / "bundles")
    path = place.path / "configs" / "train.yaml"
    settings = yaml.safe_load(path.read_text())
    settings |= {"learning_rate": 1e-9, "epochs": 1, "model": {"kind": "mlp"}}
    settings["gate"] |= {"max_loss_to_linear": 0.0}
    path.write_text(yaml.safe_dump(settings))
    assert job.run(place.config) == place.versions.served()
    assert place.bundle.metadata["model"]["kind"] == "linear"
    shown = capsys.readouterr().out
    assert re.search(r"gate      refused mlp \(.*not worse than linear.*\); linear passes\n", shown)
