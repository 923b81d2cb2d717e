"""A training from a dataset to a version: what it refuses, registers and serves, and leaves behind."""

import re
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
from {{ cookiecutter.__package }}.training.assess import (
    Assessed,
    Exported,
    champion,
)

from {{ cookiecutter.__package }}.config import ModelConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    DataError,
    ModelFailedError,
    ParityError,
)
from {{ cookiecutter.__package }}.models import graph as exporting
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.intervals import Bootstrap
from {{ cookiecutter.__package }}.models.tasks import Cut, task_of
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training import job, tracking
from {{ cookiecutter.__package }}.training.evaluate import evaluate
from {{ cookiecutter.__package }}.training.gate import RULES, Rule
from {{ cookiecutter.__package }}.training.kinds import Fitted
from {{ cookiecutter.__package }}.training.promote import promote
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import Workspace, shop_of, write_dataset
from ..models.conftest import constant_graph
from .conftest import Made, Recorder, load_settings


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
    assert all(rule["passed"] for rule in version.verdict)
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
    train.write_text(train.read_text() + "seed: 1\npromote: auto\n")
    version = job.run(place.config)
    assert version.number == 2
    assert re.search("served version 1 is damaged(.|\n)*rollback", capsys.readouterr().out)
    assert served(place.versions) == 1  # nobody compared them
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


def test_an_export_that_answers_no_number_leaves_no_bundle(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(path.name for path in place.versions.folder.iterdir())
    plant(monkeypatch, constant_graph(place.contract, float("nan")))
    with pytest.raises(ModelFailedError, match="1,500 of 1,500 outputs on the test rows are not"):
        job.run(place.config)
    assert sorted(path.name for path in place.versions.folder.iterdir()) == before


def test_without_a_dataset_the_message_names_the_command_that_makes_one(place: Workspace) -> None:
    shutil.rmtree(place.path / "data")
    with pytest.raises(DataError, match="make data"):
        job.run(place.config)


def test_a_champion_that_cannot_be_compared_is_named(
    versions: Versions, make_version: Made, shop: Contract, shop_rows: Rows
) -> None:
    promote(versions, str(make_version(0.25).number))
    assert champion(shop, versions, shop_rows)["champion"].all()["auc"] == 0.5
    table = shop_rows.table.drop_columns(["city"])
    fewer = Rows(table=table, inputs=shop_rows.inputs, labels=shop_rows.labels)
    with pytest.raises(DataError, match=r"version 1 cannot be compared.*'city'"):
        champion(shop, versions, fewer)
    with pytest.raises(DataError, match=r"it is a binary model.* regression: .* another name"):
        champion(shop_of("regression"), versions, shop_rows)


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
    assert re.search(r"gate +refused mlp \(.*not worse than linear.*\); linear passes", shown)


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
    """Ends a training whose graph answers a constant, with a given verdict."""
    dataset = write_dataset(tmp_path / "data", shop)
    splits: Mapping[Any, Rows] = dict.fromkeys(("train", "validation", "test"), shop_rows)
    block = np.arange(len(shop_rows)) // 60
    bootstrap = Bootstrap(block=block, unit="rows", resamples=100, confidence=0.9, seed=0)

    def register(
        value: float, failed: str = "", promote: str = "manual", compared: bool = True
    ) -> Version:
        shutil.rmtree(tmp_path / "configs", ignore_errors=True)
        outputs = np.full(len(shop_rows), value, np.float32)
        names = ("model", "linear", "dummy", *(["champion"] if compared else []))
        scores = dict.fromkeys(names, task_of(shop).scores(shop_rows.labels, outputs))
        exported = Exported(
            graph=constant_graph(shop, value),
            tested=outputs,
            trained=outputs,
            parity=0.0,
            cut=Cut(threshold=0.5, why="as said"),
            choice=ModelConfig(kind="linear"),
            fitted=Fitted(body=torch.nn.Identity()),
        )
        rules = [Rule(name, "1", "2", name != failed, "why") for name in RULES]
        evaluation = evaluate(scores, bootstrap)
        assessed = Assessed(exported=exported, evaluation=evaluation, slices=(), rules=rules)
        return job.register(load_settings(tmp_path, promote=promote), dataset, splits, assessed)

    return register


def test_a_refused_model_leaves_what_serves_alone_and_says_why(
    end: End, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    end(0.1, failed="calibrated")
    assert served(versions) is None
    shown = capsys.readouterr().out
    assert "refused   calibrated: why" in shown
    assert shown.count("refused   ") == 1
    assert "nothing serves yet" in shown
    end(0.2)
    assert served(versions) == 2
    end(0.3, failed="calibrated", promote="auto")
    assert served(versions) == 2
    assert not versions.get(3).passed
    assert "refused version 3; what serves is unchanged" in capsys.readouterr().out


def test_a_challenger_waits_for_a_person_unless_promotion_is_automatic(
    end: End, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    end(0.1)
    end(0.2)
    assert served(versions) == 1
    assert "promote 2" in capsys.readouterr().out
    end(0.3, promote="auto", compared=False)
    assert served(versions) == 1, "nobody compared it with the champion"
    end(0.4, promote="auto")
    assert served(versions) == 4
    versions.serve(versions.get(1), action="rollback", why="complaints")
    assert end(0.4, promote="auto") == versions.get(4)
    assert served(versions) == 1, "what was rolled back does not return by itself"
    assert len(versions.all()) == 4


def test_a_graph_that_differs_from_torch_is_registered_and_raised(
    end: End, versions: Versions
) -> None:
    for _ in range(2):  # trained again it is no better
        with pytest.raises(ParityError, match=r"version 1: parity: .*why.*; it is kept"):
            end(0.1, failed="parity")
    assert len(versions.all()) == 1
    assert served(versions) is None
