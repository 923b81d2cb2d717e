"""MLflow for real, in one file of its own: its first import and its database take seconds."""

import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training.registry.promotion import (
    promote,
    repair,
    rollback,
)
from {{ cookiecutter.__package }}.training.tracking import (
    NullTracker,
    Record,
    Run,
    read_run,
    tracker_of,
    write_record,
)
from {{ cookiecutter.__package }}.training.tracking.mlflow import (
    MlflowTracker,
)
from {{ cookiecutter.__package }}.training.tracking.outbox import Outbox

from ...synthesized import synthesize
from ..conftest import Made, load_settings, outbox_of

# Its dependencies warn of what it calls, and it leaves its connections to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
CURVES = [
    {"train_loss": 0.6, "validation_loss": 0.65},
    {"train_loss": 0.5, "validation_loss": 0.55},
]
RECORD = Record(
    metrics={"model_auc": 0.75},
    curves=CURVES,
    dataset={"sources": {"orders": [["orders.csv", "f00d"]]}, "splits": {"test": {"rows": 9}}},
    environment={"cpus": 2},
    ended=1_700_000_000.0,
)


def frame(contract: Contract, inputs: Inputs) -> pd.DataFrame:
    """Inputs as the named columns that the logged model takes."""
    columns: dict[str, Any] = dict(zip(contract.numeric, inputs.numeric.T, strict=True))
    columns |= zip(contract.category, inputs.category.T, strict=True)
    columns |= zip(contract.times, inputs.time.T, strict=True)
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds nothing; making one takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    client_of(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def uri(tmp_path: Path, empty: Path) -> str:
    shutil.copy(empty, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def mirror(versions: Versions, uri: str, tmp_path: Path) -> Outbox:
    return outbox_of(versions, MlflowTracker(uri, tmp_path / "artifacts", "shop"))


@pytest.fixture
def made(versions: Versions, make_version: Made) -> Version:
    version = make_version(0.25, settings={"epochs": 2, "model": {"hidden": [64]}}, seed=7)
    write_record(versions, version.bundle, RECORD)
    return version


def client_of(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def runs_of(client: Any) -> list[Any]:
    experiment = client.get_experiment_by_name("shop")
    return list(client.search_runs([experiment.experiment_id]))


def test_run_version_alias_and_model_are_in_the_store(
    mirror: Outbox, made: Version, uri: str, shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    report = mirror.versions.folder.parent / "reports" / "shop" / "version-1"
    report.mkdir(parents=True)
    (report / "report.html").write_text("<h1>shop</h1>")
    mirror.mark_all()
    promote(mirror, "1", "a good start")
    assert "warning" not in capsys.readouterr().out

    client = client_of(uri)
    (run,) = runs_of(client)
    assert run.info.status == "FINISHED"
    assert run.info.end_time == 1_700_000_000_000
    assert run.data.params.items() >= {"epochs": "2", "model.hidden": "[64]", "seed": "7"}.items()
    assert run.data.metrics["model_auc"] == 0.75
    assert run.data.tags["bundle"] == made.bundle
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in history] == [(1, 0.6), (2, 0.5)]
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.digest, dataset.tags[0].value) == ("synthetic", "training")
    assert "orders.csv" in dataset.dataset.source
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {"bundle", "dataset.json", "environment.json", "report"}

    champion = client.get_model_version_by_alias("shop", "champion")
    assert champion.tags.items() >= {"version": "1", "verdict": "passed"}.items()
    assert champion.tags["why"] == "a good start"
    assert champion.run_id == run.info.run_id

    import mlflow

    loaded = mlflow.pyfunc.load_model("models:/shop@champion")
    inputs = from_table(shop, synthesize(shop, 30))
    bundle = open_bundle(mirror.versions.folder / made.bundle)
    answer = loaded.predict(frame(shop, inputs))
    assert answer["probability"].tolist() == bundle.predict(inputs).tolist()
    assert [column.name for column in loaded.metadata.signature.inputs] == [
        *shop.numeric,
        *shop.category,
        *shop.times,
    ]
    assert loaded.input_example is not None


def test_everything_is_mirrored_once_and_again_after_its_database_was_lost(
    mirror: Outbox, made: Version, make_version: Made, uri: str, tmp_path: Path, empty: Path
) -> None:
    second = make_version(0.5)
    for number in ("1", "2"):
        promote(mirror, number)
    for _ in range(2):
        repair(mirror)
    client = client_of(uri)
    assert len(runs_of(client)) == 2
    assert len(client.search_model_versions("name = 'shop'")) == 2
    assert client.get_model_version_by_alias("shop", "champion").tags["bundle"] == second.bundle

    elsewhere = f"sqlite:///{shutil.copy(empty, tmp_path / 'another.db')}"
    repair(outbox_of(mirror.versions, MlflowTracker(elsewhere, tmp_path / "artifacts", "shop")))
    assert len(runs_of(client_of(elsewhere))) == 2


def test_a_run_that_was_cut_short_is_made_anew(
    mirror: Outbox, made: Version, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise ConnectionError("the server went away")

    mirror.mark_all()
    with monkeypatch.context() as patch:
        patch.setattr(MlflowTracker, "_log_model", cut)
        assert not mirror.send()
    assert len(runs_of(client_of(uri))) == 1
    assert mirror.send()
    (run,) = runs_of(client_of(uri))
    assert run.info.status == "FINISHED"
    assert len(client_of(uri).search_model_versions("name = 'shop'")) == 1


def test_a_challenger_that_became_champion_is_no_challenger(
    mirror: Outbox, made: Version, make_version: Made, uri: str
) -> None:
    from mlflow.exceptions import MlflowException

    promote(mirror, "1")
    make_version(0.5)
    repair(mirror)
    client = client_of(uri)
    assert client.get_model_version_by_alias("shop", "challenger").tags["version"] == "2"
    promote(mirror, "challenger")
    with pytest.raises(MlflowException, match="challenger"):
        client.get_model_version_by_alias("shop", "challenger")
    rollback(mirror, None)
    assert client.get_model_version_by_alias("shop", "champion").tags["version"] == "1"


@pytest.mark.slow  # SQLite waits, and MLflow tries again
def test_a_locked_database_stops_nothing_and_hears_it_later(
    mirror: Outbox, made: Version, tmp_path: Path, uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repair(mirror)
    with sqlite3.connect(tmp_path / "mlflow.db") as other:
        other.execute("begin exclusive")
        promote(mirror, "1")
        assert "warning   MLflow was not reached" in capsys.readouterr().out
        assert mirror.versions.served() == made
        other.rollback()
    other.close()
    assert mirror.send()
    assert client_of(uri).get_model_version_by_alias("shop", "champion").tags["version"] == "1"


@pytest.mark.parametrize("address", ["sqlite:///{}/file/mlflow.db", "carrier-pigeon://loft"])
def test_a_store_that_is_not_there_is_said_and_stops_nothing(
    versions: Versions,
    made: Version,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    address: str,
) -> None:
    (tmp_path / "file").write_text("no folder")
    tracker = MlflowTracker(address.format(tmp_path), tmp_path / "artifacts", "shop")
    promote(outbox_of(versions, tracker), "1")
    said = capsys.readouterr().out.splitlines()
    assert [line[:31] for line in said if "warning" in line] == [
        "warning   MLflow was not reached"[:31]
    ]
    assert versions.served() == made


def test_without_mlflow_the_command_that_installs_it_is_told(
    mirror: Outbox,
    made: Version,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    promote(mirror, "1")
    assert "install it with: pip install '.[train]'" in capsys.readouterr().out


def test_no_tracker_records_nothing(tmp_path: Path, versions: Versions, made: Version) -> None:
    nothing = tracker_of(load_settings(tmp_path, tracker="none").train, "shop")
    assert isinstance(nothing, NullTracker)
    outbox = outbox_of(versions, nothing)
    repair(outbox)
    promote(outbox, "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundles", "configs"]


def test_more_metrics_than_the_store_takes_at_once_are_all_recorded(
    mirror: Outbox, made: Version, uri: str
) -> None:
    curves = [{"train_loss": 1 / epoch, "validation_loss": 2 / epoch} for epoch in range(1, 602)]
    write_record(mirror.versions, made.bundle, Record(curves=curves))
    run: Run = read_run(mirror.versions, made, mirror.versions.folder)
    assert len(run.record.curves) == 601
    repair(mirror)
    client = client_of(uri)
    (recorded,) = runs_of(client)
    assert len(client.get_metric_history(recorded.info.run_id, "validation_loss")) == 601
