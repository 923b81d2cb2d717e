"""MLflow for real, in one file of its own: its first import and its database take seconds."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training.promote import promote
from {{ cookiecutter.__package }}.training.tracking import mirror

from .conftest import Made

# Its dependencies warn of what it calls, and it leaves its connections to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


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
def made(versions: Versions, make_version: Made) -> Version:
    return make_version(
        0.25,
        settings={"epochs": 2, "model": {"kind": "auto"}},
        model={"kind": "blend", "members": [{"name": "lightgbm small trees", "leaves": 8}]},
        metrics={"model": {"auc": {"value": 0.75, "low": 0.7, "high": 0.8}}},
        seed=7,
        evaluation={"learning": {"curves": {"train_loss": [[n, 1 / n] for n in range(1, 1102)]}}},
    )


def client_of(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def runs_of(client: Any) -> list[Any]:
    experiment = client.get_experiment_by_name("shop")
    return list(client.search_runs([experiment.experiment_id]))


def send(versions: Versions, uri: str) -> bool:
    """Reports and files of runs lie beside the bundles."""
    place = versions.folder.parent
    settings = TrainConfig(tracking_uri=uri, artifacts=place / "artifacts")
    return mirror(settings, versions, place / "reports")


def test_run_version_alias_and_bundle_are_in_the_store(
    versions: Versions, made: Version, uri: str
) -> None:
    report = versions.folder.parent / "reports" / "shop" / "version-1"
    report.mkdir(parents=True)
    (report / "report.html").write_text("<h1>shop</h1>")
    promote(versions, "1")
    assert send(versions, uri)
    client = client_of(uri)
    (run,) = runs_of(client)
    assert run.info.status == "FINISHED"
    expected = {"epochs": "2", "model.kind": "blend", "seed": "7"}
    assert run.data.params.items() >= expected.items()
    assert "lightgbm small trees" in run.data.params["model.members"]
    assert run.data.metrics["model_auc"] == 0.75
    assert run.data.tags["bundle"] == made.bundle
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in history][:2] == [(1, 1.0), (2, 0.5)]
    assert len(history) == 1101
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {"bundle", "report"}

    champion = client.get_model_version_by_alias("shop", "champion")
    assert champion.tags.items() >= {"version": "1", "gate": "passed"}.items()
    assert champion.run_id == run.info.run_id
    from mlflow.artifacts import download_artifacts

    folder = Path(download_artifacts(champion.source, tracking_uri=uri))
    content = (versions.folder / made.bundle / "model.onnx").read_bytes()
    assert (folder / "model.onnx").read_bytes() == content


def test_everything_is_mirrored_once_and_again_where_it_was_cut_short_or_the_database_was_lost(
    versions: Versions,
    made: Version,
    make_version: Made,
    uri: str,
    tmp_path: Path,
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mlflow import MlflowClient

    def cut(*_: object) -> None:
        raise ConnectionError("the server went away")

    promote(versions, "1")
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_artifacts", cut)
        assert not send(versions, uri)
    client = client_of(uri)
    assert [run.info.status for run in runs_of(client)] == ["RUNNING"]
    second = make_version(0.5)
    for _ in range(2):
        assert send(versions, uri)
    assert [run.info.status for run in runs_of(client)] == ["FINISHED"] * 2
    assert len(client.search_model_versions("name = 'shop'")) == 2
    assert client.get_model_version_by_alias("shop", "champion").tags["version"] == "1"
    promote(versions, "2")
    assert send(versions, uri)
    assert client.get_model_version_by_alias("shop", "champion").tags["bundle"] == second.bundle
    another = f"sqlite:///{shutil.copy(empty, tmp_path / 'another.db')}"
    assert send(versions, another)
    assert len(runs_of(client_of(another))) == 2
    shutil.rmtree(versions.folder / make_version(0.75).bundle)
    assert not send(versions, another), "and what cannot be sent stops nothing"


DOWN = ["sqlite:///{}/file/mlflow.db", "carrier-pigeon://loft", "http://me:secret@127.0.0.1:9"]


@pytest.mark.parametrize("address", DOWN)
def test_a_store_that_is_not_there_is_said_without_its_password(
    versions: Versions,
    made: Version,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    address: str,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (tmp_path / "file").write_text("no folder")
    assert not send(versions, address.format(tmp_path))
    shown = capsys.readouterr().out
    assert shown.count("warning   MLflow was not reached") == 1
    assert "nothing is lost: the next train, promote or rollback" in shown
    assert "secret" not in shown
