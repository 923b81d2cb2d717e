"""A training of each task, from a dataset to a model that serves."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.bundle import (
    open_bundle,
    parity_error,
)
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.training.record import GOLDEN_ROWS

from ..conftest import LABELS, TASKS, Workspace, shared_workspace, shop_of
from ..synthesized import synthesize

N_NEW = 1_000


@pytest.fixture(scope="module", params=TASKS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The owner's features know the project's contract, not the shop's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "features", lambda _: {})
        return shared_workspace(tmp_path_factory, request.param, shop_of(request.param))


def test_the_model_passes_its_gate_and_is_served(trained: Workspace) -> None:
    (version,) = trained.versions.all()
    assert [rule["rule"] for rule in version.verdict] == [
        "valid outputs",
        "parity",
        "no leaky feature",
        "unseen test rows",
        "better than dummy",
        "not worse than linear",
        "no broken slice",
        "calibrated",
        "size",
        "row cost",
        "clean commit",
    ]
    assert all(rule["measured"] and rule["limit"] for rule in version.verdict)
    assert version.passed
    assert trained.versions.served() == version


def test_the_model_knows_rows_that_it_has_not_seen(trained: Workspace) -> None:
    contract, task = trained.contract, trained.bundle.task
    table = synthesize(contract, N_NEW, seed=99)
    labels = task.encode(table["returned"].to_pylist())
    outputs = trained.bundle.predict(from_table(contract, table))
    found = task.scores(labels, outputs).all()
    fallback = np.array([trained.bundle.metadata["fallback"]] * N_NEW)
    known = task.scores(labels, fallback).all()
    assert found[task.main] > task.chance + 0.25
    assert found[task.loss] < known[task.loss] * 0.9


def test_the_stored_quality_is_told_by_the_tasks_metrics(trained: Workspace) -> None:
    bundle = trained.bundle
    metrics = bundle.metadata["metrics"]
    assert set(metrics) == {"model", "linear", "dummy"}
    for found in metrics.values():
        assert list(found) == list(bundle.task.metrics)
    chance = metrics["dummy"][bundle.task.main]["value"]
    assert chance == pytest.approx(bundle.task.chance, abs=0.02)
    assert (bundle.metadata["threshold"] is None) == (trained.contract.task != "binary")


def test_golden_rows_hold_the_tasks_outputs(trained: Workspace) -> None:
    golden = trained.bundle.metadata["golden"]
    predictions = np.array(golden["predictions"])
    width = (len(LABELS),) if trained.contract.task == "multiclass" else ()
    assert predictions.shape == (GOLDEN_ROWS, *width)
    assert trained.bundle.task.valid(predictions)
    assert len(np.unique(predictions.round(4), axis=0)) > GOLDEN_ROWS / 2


def test_a_graph_of_another_answer_is_not_opened(trained: Workspace) -> None:
    bundle = trained.bundle
    predictions = np.array(bundle.metadata["golden"]["predictions"])
    scale = bundle.task.scale(predictions)
    assert parity_error(predictions, predictions + 1e-3 * scale, scale) > 1
    assert open_bundle(bundle.path).hash == bundle.hash


def test_the_card_is_about_the_task(trained: Workspace) -> None:
    card = (trained.bundle.path / "card.md").read_text()
    said = {
        "binary": ["probability that `returned` is `true`", "| AUC | log loss | Brier |"],
        "multiclass": [
            "which `returned` is likeliest, of `kept`, `exchanged`, `returned`",
            "| AUC | log loss | accuracy |",
        ],
        "regression": ["the value of `returned`, in EUR", "| R² | RMSE | MAE |"],
    }
    assert [words for words in said[trained.contract.task] if words not in card] == []
    assert "| channel | web |" in card


def test_drift_watches_labels_or_numbers(trained: Workspace) -> None:
    columns = {column["name"]: column for column in trained.bundle.profile["columns"]}
    score = columns[SCORE]
    sample = pq.read_table(trained.bundle.path / "sample.parquet")[SCORE].to_pylist()
    assert len(sample) > 1_000
    if trained.contract.task == "multiclass":
        assert (score["kind"], set(score["values"])) == ("category", set(LABELS))
        assert set(sample) == set(LABELS)
    else:
        assert score["kind"] == "numeric"
        assert len(score["edges"]) == 9
        assert all(isinstance(value, float) for value in sample)


def test_every_json_file_of_the_bundle_is_strict(trained: Workspace) -> None:
    for path in trained.bundle.path.glob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)
