import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from safetensors.numpy import load_file

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import current
from {{ cookiecutter.__package }}.errors import (
    DataError,
    ModelFailedError,
    ParityError,
)
from {{ cookiecutter.__package }}.models import graph as exporting
from {{ cookiecutter.__package }}.models import program
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import (
    open_bundle,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training import job
from {{ cookiecutter.__package }}.training.evaluate import (
    Evaluation,
    evaluate,
)
from {{ cookiecutter.__package }}.training.gate import Rule
from {{ cookiecutter.__package }}.training.loop import Epoch, FitResult
from {{ cookiecutter.__package }}.training.rows import Rows, read_rows

from ..conftest import Workspace
from ..models.conftest import constant_files, constant_graph, part_of
from .conftest import Recorder

EPOCH = Epoch(
    number=1, train_loss=0.5, validation_loss=0.6, validation_score=0.7, learning_rate=0, best=True
)
PASSED = Rule(rule="parity", passed=True, reason="fine")
WEAK = Rule(rule="better than dummy", passed=False, reason="AUC 0.5")
DIFFERENT = Rule(rule="parity", passed=False, reason="torch and ONNX differ by 7")
Conclude = Callable[..., Version]


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

    rewrite(place, "test", lambda table: table.slice(0, 2_000))
    plant(monkeypatch, (first.path / "model.onnx").read_bytes())  # an export takes seconds
    second = job.run(place.config)
    assert second.number == 2
    bundle = open_bundle(place.versions.folder / second.bundle)
    for learned in ("weights.safetensors", "profile.json", "sample.parquet"):
        assert (bundle.path / learned).read_bytes() == (first.path / learned).read_bytes()
    assert bundle.metadata["metrics"] != first.metadata["metrics"]

    refused = [rule for rule in second.verdict if not rule["passed"]]
    assert [(rule["rule"], rule["reason"]) for rule in refused] == [
        ("better than champion", "it is the champion's equal")
    ]
    served = place.versions.served()
    assert served is not None
    assert served.number == 1


def test_the_stored_weights_are_the_programs(workspace: Workspace) -> None:
    weights = load_file(workspace.bundle.path / "weights.safetensors")
    names = {name.split(".")[0] for name in weights}
    assert names == {"calendar", "encoder", "network"}
    assert all(np.isfinite(value).all() for value in weights.values())


def plant(monkeypatch: pytest.MonkeyPatch, graph: bytes) -> None:
    """Let the export give this graph."""
    monkeypatch.setattr(
        exporting, "export", lambda *_: SimpleNamespace(SerializeToString=lambda: graph)
    )


def test_an_export_that_answers_differently_is_kept_but_not_served(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, constant_graph(place.contract, 0.4))
    with pytest.raises(ParityError, match=r"version 2: torch and ONNX differ .* inspection"):
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
    with pytest.raises(ModelFailedError):
        job.run(place.config)
    assert sorted(path.name for path in place.versions.folder.iterdir()) == before


def test_without_a_dataset_the_command_that_makes_one_is_told(place: Workspace) -> None:
    shutil.rmtree(place.path / "data")
    with pytest.raises(DataError, match="make data"):
        job.run(place.config)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_of_one_class_or_no_rows_is_refused(place: Workspace, split: Any) -> None:
    target, positive = place.contract.target, place.contract.positive
    changes: list[Callable[[Any], Any]] = [
        lambda table: table.filter([value == positive for value in table[target].to_pylist()]),
        lambda table: table.slice(0, 0),
    ]
    for change in changes:
        rewrite(place, split, change)
        with pytest.raises(DataError, match=f"{split} rows, .*both classes are needed"):
            read_rows(current(place.config.data.directory), split)


def test_labels_are_whether_the_target_is_the_positive_value(workspace: Workspace) -> None:
    dataset = current(workspace.config.data.directory)
    rows = read_rows(dataset, "test")
    target = rows.table.column(workspace.contract.target).to_pylist()
    assert rows.labels.tolist() == [value == workspace.contract.positive for value in target]


def test_a_champion_that_needs_a_column_that_is_gone_is_told(
    shop: Contract, shop_rows: Rows, tmp_path: Path
) -> None:
    versions = Versions(tmp_path, "shop")
    bundle = write_bundle(versions.folder, constant_files(shop))
    version = versions.register(bundle.name, [], passed=True, run_id=None)
    assert job.rescore(versions, version, shop_rows).tolist() == [0.25] * 600
    fewer = Rows(
        table=shop_rows.table.drop_columns(["city"]),
        inputs=shop_rows.inputs,
        labels=shop_rows.labels,
    )
    with pytest.raises(DataError, match=r"version 1 cannot be compared.*'city'"):
        job.rescore(versions, version, fewer)


def test_statistics_come_from_the_training_rows_alone(
    shop: Contract, shop_rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = part_of(shop, "price", "city")
    settings = load_settings(tmp_path, epochs=1).train
    train = take(contract, shop_rows, slice(0, 400))
    monkeypatch.setattr(program, "features", lambda _: {})
    made = [
        job.train_program(contract, settings, train, take(contract, shop_rows, rows))[0]
        for rows in (slice(400, 500), slice(450, 600))
    ]
    one, two = (trained.encoder.state_dict() for trained in made)
    assert all(one[name].tolist() == two[name].tolist() for name in one)
    assert made[0].vocabularies == made[1].vocabularies


def take(contract: Contract, rows: Rows, at: slice) -> Rows:
    part = rows.table.slice(at.start, at.stop - at.start)
    return Rows(table=part, inputs=from_table(contract, part), labels=rows.labels[at])


def load_settings(folder: Path, **train: Any) -> Config:
    configs = folder / "configs"
    configs.mkdir()
    split = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
    (configs / "data.yaml").write_text(yaml.safe_dump({"driving": "orders", "split": split}))
    (configs / "train.yaml").write_text(
        yaml.safe_dump({"bundles": str(folder / "bundles"), "tracking_uri": ""} | train)
    )
    return load(configs)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(job, "tracker", lambda *_: made)
    return made


@pytest.fixture
def conclude(shop: Contract, tmp_path: Path) -> Conclude:
    """Ends a training whose model answers a constant, with a given verdict."""
    evaluation: Evaluation = evaluate(
        np.array([0.0, 1.0]),
        {"model": np.array([0.2, 0.8])},
        np.arange(2),
        resamples=10,
        confidence=0.9,
        seed=0,
    )
    result = FitResult(epochs=(EPOCH,), best=EPOCH, stopped_early=False)
    versions = Versions(tmp_path / "bundles", "shop")

    def end(value: float, *rules: Rule, promote: str = "manual") -> Version:
        shutil.rmtree(tmp_path / "configs", ignore_errors=True)
        config = load_settings(tmp_path, promote=promote)
        bundle = open_bundle(write_bundle(versions.folder, constant_files(shop, value)))
        return job.conclude(config, versions, bundle, evaluation, result, list(rules))

    return end


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "bundles", "shop")


def served(versions: Versions) -> int | None:
    version = versions.served()
    return None if version is None else version.number


def test_the_run_the_version_and_the_alias_are_recorded(
    conclude: Conclude, recorder: Recorder
) -> None:
    version = conclude(0.2, PASSED)
    assert recorder.runs[0]["model_auc"] == 1.0
    assert recorder.registered == [("run-1", 1, version.bundle)]
    assert recorder.aliases == [("champion", 1)]
    assert version.run_id == "run-1"


def test_a_refused_model_leaves_what_serves_alone(
    conclude: Conclude, recorder: Recorder, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude(0.1, PASSED, WEAK)
    assert served(versions) is None
    conclude(0.2, PASSED)
    assert served(versions) == 2
    capsys.readouterr()
    conclude(0.3, PASSED, WEAK, promote="auto")
    assert served(versions) == 2
    assert not versions.get(3).passed
    assert recorder.aliases == [("champion", 2)]
    assert "refused; what serves is unchanged" in capsys.readouterr().out


def test_a_challenger_waits_for_a_person_unless_promotion_is_automatic(
    conclude: Conclude, recorder: Recorder, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude(0.1, PASSED)
    conclude(0.2, PASSED)
    assert served(versions) == 1
    assert recorder.aliases[-1] == ("challenger", 2)
    assert "promote 2" in capsys.readouterr().out
    conclude(0.3, PASSED, promote="auto")
    assert served(versions) == 3
    assert recorder.aliases[-1] == ("champion", 3)


def test_a_graph_that_differs_from_torch_is_registered_and_raised(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    with pytest.raises(ParityError, match="version 1: torch and ONNX differ by 7; it is kept"):
        conclude(0.1, DIFFERENT)
    assert json.loads((versions.folder / "versions/1.json").read_text())["passed"] is False
    assert served(versions) is None


def test_what_is_registered_already_is_not_registered_again(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    assert conclude(0.1, PASSED) == conclude(0.1, PASSED)
    assert len(versions.all()) == len(recorder.runs) == 1
    assert len(versions.history()) == 1
