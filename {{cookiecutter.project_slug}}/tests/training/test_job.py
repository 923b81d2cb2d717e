"""A training from a dataset to a version: what it refuses, registers and serves, and leaves behind."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from {{ cookiecutter.__package }}.config import ModelConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    DataError,
    ModelFailedError,
    ParityError,
)
from {{ cookiecutter.__package }}.models import graph as exporting
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.intervals import Bootstrap, Interval
from {{ cookiecutter.__package }}.models.tasks import Cut, task_of
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training import job, tracking
from {{ cookiecutter.__package }}.training.evaluate import Evidence, Exported, evaluate
from {{ cookiecutter.__package }}.training.gate import RULES
from {{ cookiecutter.__package }}.training.kinds import Fitted
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import Workspace, write_dataset
from ..models.conftest import constant_graph
from .conftest import Recorder, load_settings


@pytest.fixture
def place(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the trained workspace, to train in again."""
    folder = tmp_path / "copy"
    shutil.copytree(workspace.path, folder)
    for path in (folder / "configs").glob("*.yaml"):
        path.write_text(path.read_text().replace(str(workspace.path), str(folder)))
    return Workspace(path=folder, contract=workspace.contract)


def served(versions: Versions) -> int | None:
    version = versions.served()
    return None if version is None else version.number


def plant(monkeypatch: pytest.MonkeyPatch, graph: bytes) -> None:
    """Let the export give this graph."""
    made = SimpleNamespace(SerializeToString=lambda: graph)
    monkeypatch.setattr(exporting, "export", lambda *_: made)


def test_the_first_model_that_passes_is_served(workspace: Workspace) -> None:
    (version,) = workspace.versions.all()
    assert workspace.versions.served() == version
    (line,) = workspace.versions.history()
    assert line["why"] == "the first model that passed the gate"


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
    for name in ("profile.json", "sample.parquet"):
        assert (bundle.path / name).read_bytes() == (first.path / name).read_bytes()
    assert bundle.metadata["metrics"] != first.metadata["metrics"]
    assert second.broken_rules == ["better than champion"]
    assert "it is the champion's equal" in second.broken[0]
    assert served(place.versions) == 1


@pytest.mark.slow
def test_a_damaged_champion_does_not_stop_a_training(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.bundle.path / "model.onnx").write_bytes(b"")
    train = place.path / "configs" / "train.yaml"
    train.write_text(train.read_text() + "seed: 1\n")
    version = job.run(place.config)
    assert version.number == 2
    assert (
        "nothing is compared with the served version 1, which is damaged" in capsys.readouterr().out
    )
    assert served(place.versions) == 1
    assert place.versions.aliases()["challenger"] == version


def test_an_export_that_answers_differently_stays_but_does_not_serve(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = place.contract.labels
    value = 1 / len(labels) if place.contract.task == "multiclass" and labels else 0.4
    plant(monkeypatch, constant_graph(place.contract, value))
    with pytest.raises(ParityError, match=r"version 2: parity: .* inspection"):
        job.run(place.config)
    assert not place.versions.get(2).passed
    assert served(place.versions) == 1
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
    version = job.run(place.config)
    assert version.passed
    assert place.versions.served() == version
    assert place.bundle.metadata["model"]["kind"] == "linear"
    shown = capsys.readouterr().out
    refused = next(
        line for line in shown.splitlines() if line.startswith("gate      refused mlp (")
    )
    assert "not worse than linear" in refused
    assert refused.endswith("); linear passes")


def test_a_tracker_that_is_down_is_sent_everything_by_the_next_training(
    place: Workspace, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded: the winner's kind, its curves, the reports that sinks have written."""
    path = place.path / "configs" / "train.yaml"
    path.write_text(path.read_text().replace("tracker: none", "tracker: mlflow"))
    monkeypatch.setattr(tracking, "tracker_of", lambda *_: recorder)
    recorder.down = True
    job.run(place.config)
    assert recorder.runs == []
    recorder.down = False
    job.run(place.config)
    assert [run.version for run in recorder.runs] == place.versions.all()
    bundle = place.bundle
    run = next(run for run in recorder.runs if run.version.bundle == bundle.hash)
    assert recorder.named["champion"] == bundle.hash
    assert run.params["model.kind"] == bundle.metadata["model"]["kind"]
    assert len(run.curves["train_loss"]) == 4
    main = bundle.task.main
    assert run.metrics[f"model_{main}"] == bundle.metadata["metrics"]["model"][main]["value"]


End = Callable[..., Version]


@pytest.fixture
def end(shop: Contract, shop_rows: Rows, versions: Versions, tmp_path: Path) -> End:
    """Ends a training whose graph answers a constant; parity and calibration alone are asked."""
    dataset = write_dataset(tmp_path / "data", shop)
    splits: Mapping[Any, Rows] = dict.fromkeys(("train", "validation", "test"), shop_rows)
    block, task = np.arange(len(shop_rows)) // 60, task_of(shop)
    bootstrap = Bootstrap(block=block, unit="rows", resamples=100, confidence=0.9, seed=0)
    gate = {"skip": sorted(set(RULES) - {"parity", "calibrated"})}

    def register(value: float, *, parity: float = 0.0, off_by: float = 0.0) -> Version:
        shutil.rmtree(tmp_path / "configs", ignore_errors=True)
        outputs = np.full(len(shop_rows), value, np.float32)
        scores = dict.fromkeys(("model", "linear", "dummy"), task.scores(shop_rows.labels, outputs))
        exported = Exported(
            graph=constant_graph(shop, value),
            tested=outputs,
            trained=outputs,
            parity=parity,
            cut=Cut(threshold=0.5, why="as said"),
            choice=ModelConfig(kind="linear"),
            fitted=Fitted(body=torch.nn.Identity()),
        )
        evidence = Evidence(
            task=task,
            evaluation=evaluate(scores, bootstrap),
            parity=parity,
            leakage={},
            overlap=0,
            slices=(),
            calibration=Interval(value=off_by, low=off_by, high=off_by),
        )
        config = load_settings(tmp_path, gate=gate)
        return job.register(config, dataset, splits, exported, evidence)

    return register


def test_the_first_that_passes_serves_and_later_ones_wait_for_a_person(
    end: End, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    end(0.1, off_by=0.3)
    assert served(versions) is None
    shown = capsys.readouterr().out
    assert shown.count("refused   ") == 1
    assert "refused   calibrated: mean distance of probabilities" in shown
    assert "no version of shop serves: the gate refused version 1: calibrated: 0.3" in shown
    end(0.2)
    assert served(versions) == 2
    end(0.3)
    assert served(versions) == 2
    assert "next      serve it with: promote 3" in capsys.readouterr().out
    end(0.4, off_by=0.3)
    assert not versions.get(4).passed
    assert "refused version 4; what serves is unchanged" in capsys.readouterr().out
    assert end(0.3) == versions.get(3)
    assert len(versions.all()) == 4


def test_a_graph_that_differs_from_torch_is_registered_and_raised(
    end: End, versions: Versions
) -> None:
    for _ in range(2):  # trained again it is no better
        with pytest.raises(ParityError, match=r"version 1: parity: 2\.000.*; it is kept"):
            end(0.1, parity=2.0)
    assert len(versions.all()) == 1
    assert served(versions) is None
