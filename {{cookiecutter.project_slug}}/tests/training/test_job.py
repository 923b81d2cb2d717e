"""A training from a dataset to a version: what it refuses, and what it leaves behind."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from {{ cookiecutter.__package }}.training.folds import make_training_set

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import current
from {{ cookiecutter.__package }}.errors import (
    DataError,
    ModelFailedError,
    ParityError,
)
from {{ cookiecutter.__package }}.models import graph as exporting
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.bundle import (
    open_bundle,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training import job, tracking
from {{ cookiecutter.__package }}.training.kinds import fit
from {{ cookiecutter.__package }}.training.rows import Rows, read_rows

from ..conftest import Workspace, shop_of
from ..models.conftest import constant_files, constant_graph, part_of
from .conftest import Recorder


@pytest.fixture
def place(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the trained workspace, to train in again."""
    folder = tmp_path / "copy"
    shutil.copytree(workspace.path, folder)
    for path in (folder / "configs").glob("*.yaml"):
        path.write_text(path.read_text().replace(str(workspace.path), str(folder)))
    return Workspace(path=folder, contract=workspace.contract)


def rewrite(place: Workspace, split: str, change: Callable[[Any], Any]) -> None:
    path = place.path / "data/datasets/synthetic" / f"{split}.parquet"
    pq.write_table(change(pq.read_table(path)), path)


def test_the_first_model_that_passes_is_served(workspace: Workspace) -> None:
    (version,) = workspace.versions.all()
    assert version.passed
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

    rewrite(place, "test", lambda table: table.slice(0, 1_000))
    plant(monkeypatch, (first.path / "model.onnx").read_bytes())  # an export takes seconds
    second = job.run(place.config)
    assert second.number == 2
    bundle = open_bundle(place.versions.folder / second.bundle)
    for learned in ("profile.json", "sample.parquet"):
        assert (bundle.path / learned).read_bytes() == (first.path / learned).read_bytes()
    assert bundle.metadata["metrics"] != first.metadata["metrics"]

    refused = [rule for rule in second.verdict if not rule["passed"]]
    assert [(rule["rule"], rule["reason"]) for rule in refused] == [
        ("better than champion", "it is the champion's equal")
    ]
    served = place.versions.served()
    assert served is not None
    assert served.number == 1


@pytest.mark.slow
def test_a_damaged_champion_does_not_stop_a_training(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.bundle.path / "model.onnx").write_bytes(b"")
    train = place.path / "configs" / "train.yaml"
    train.write_text(train.read_text() + "seed: 1\npromote: auto\n")
    version = job.run(place.config)
    assert version.number == 2
    assert "the served version 1 is damaged" in capsys.readouterr().out
    served = place.versions.served()
    assert served is not None
    assert served.number == 1  # nobody compared them
    assert place.versions.aliases()["challenger"] == version


def plant(monkeypatch: pytest.MonkeyPatch, graph: bytes) -> None:
    """Let the export give this graph."""
    monkeypatch.setattr(
        exporting, "export", lambda *_: SimpleNamespace(SerializeToString=lambda: graph)
    )


def test_an_export_that_answers_differently_is_kept_but_not_served(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = place.contract.labels
    value = 1 / len(labels) if place.contract.task == "multiclass" and labels else 0.4
    plant(monkeypatch, constant_graph(place.contract, value))
    with pytest.raises(ParityError, match=r"version 2: parity: .* torch and ONNX.* inspection"):
        job.run(place.config)
    assert not place.versions.get(2).passed
    served = place.versions.served()
    assert served is not None
    assert served.number == 1


def test_an_export_that_answers_no_number_leaves_no_bundle(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(path.name for path in place.versions.folder.iterdir())
    plant(monkeypatch, constant_graph(place.contract, float("nan")))
    with pytest.raises(ModelFailedError, match="valid outputs: wrong in 1,500 of 1,500 test rows"):
        job.run(place.config)
    assert sorted(path.name for path in place.versions.folder.iterdir()) == before


def test_without_a_dataset_the_command_that_makes_one_is_told(place: Workspace) -> None:
    shutil.rmtree(place.path / "data")
    with pytest.raises(DataError, match="make data"):
        job.run(place.config)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_without_rows_is_refused(place: Workspace, split: Any) -> None:
    rewrite(place, split, lambda table: table.slice(0, 0))
    with pytest.raises(DataError, match=f"the {split} split has 0 rows .*data.yaml"):
        read_rows(current(place.config.data.directory), split)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_training_rows_need_two_labels_and_others_only_one(place: Workspace, split: Any) -> None:
    target = place.contract.target

    def alike(table: pa.Table) -> pa.Table:
        values = table[target].to_pylist()
        return table.filter(pa.array([value == values[0] for value in values]))

    rewrite(place, split, alike)
    dataset = current(place.config.data.directory)
    if split == "train":
        with pytest.raises(DataError, match=r"with 1 different .*, but needs 2"):
            read_rows(dataset, split)
    else:
        assert len(set(read_rows(dataset, split).labels.tolist())) == 1


def test_labels_are_what_the_task_makes_of_the_target(workspace: Workspace) -> None:
    contract = workspace.contract
    rows = read_rows(current(workspace.config.data.directory), "test")
    target = rows.table.column(contract.target).to_pylist()
    if contract.task == "binary":
        assert rows.labels.tolist() == [value == contract.positive for value in target]
    elif contract.task == "multiclass":
        assert [(contract.labels or ())[int(label)] for label in rows.labels] == target
    else:
        assert rows.labels.tolist() == target


def test_a_champion_that_needs_a_column_that_is_gone_is_told(
    shop: Contract, shop_rows: Rows, tmp_path: Path
) -> None:
    versions = Versions(tmp_path, "shop")
    bundle = write_bundle(versions.folder, constant_files(shop))
    version = versions.register(bundle.name, [], passed=True)
    versions.serve(version, action="promote", why="")
    scored = job.champion(shop, versions, shop_rows)["champion"]
    assert scored.outputs.tolist() == [0.25] * 600
    fewer = Rows(
        table=shop_rows.table.drop_columns(["city"]),
        inputs=shop_rows.inputs,
        labels=shop_rows.labels,
    )
    with pytest.raises(DataError, match=r"version 1 cannot be compared.*'city'"):
        job.champion(shop, versions, fewer)


def test_a_damaged_champion_is_told_and_compared_with_nothing(
    shop: Contract, shop_rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = Versions(tmp_path, "shop")
    bundle = write_bundle(versions.folder, constant_files(shop))
    version = versions.register(bundle.name, [], passed=True)
    versions.serve(version, action="promote", why="")
    (bundle / "model.onnx").write_bytes(b"")
    assert job.champion(shop, versions, shop_rows) == {}
    said = capsys.readouterr().out
    assert "the served version 1 is damaged" in said
    assert "rollback" in said


def test_a_champion_of_another_task_is_told(
    shop: Contract, shop_rows: Rows, tmp_path: Path
) -> None:
    versions = Versions(tmp_path, "shop")
    bundle = write_bundle(versions.folder, constant_files(shop))
    version = versions.register(bundle.name, [], passed=True)
    versions.serve(version, action="promote", why="")
    with pytest.raises(
        DataError, match=r"version 1 is a binary model .* regression .* another name"
    ):
        job.champion(shop_of("regression"), versions, shop_rows)


def test_statistics_come_from_the_training_rows_alone(
    shop: Contract, shop_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = part_of(shop, "price", "city")
    train = take(contract, shop_rows, slice(0, 400))
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    sets = [
        make_training_set(contract, TrainConfig(), train, take(contract, shop_rows, rows))
        for rows in (slice(400, 500), slice(450, 600))
    ]
    one, two = (fit(each, ModelConfig(kind="linear")).body.state_dict() for each in sets)
    assert all(one[name].tolist() == two[name].tolist() for name in one)
    assert sets[0].preprocess.vocabularies == sets[1].preprocess.vocabularies


def take(contract: Contract, rows: Rows, at: slice) -> Rows:
    part = rows.table.slice(at.start, at.stop - at.start)
    return Rows(table=part, inputs=from_table(contract, part), labels=rows.labels[at])


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
