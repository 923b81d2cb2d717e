"""A training of each task, from a dataset to a model that serves."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.training.gate import RULES
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
    names = [name for name in RULES if name != "better than champion"]
    assert [rule["rule"] for rule in version.verdict] == names
    assert all(rule["measured"] and rule["limit"] for rule in version.verdict)
    assert version.passed
    assert trained.versions.served() == version


def test_the_model_knows_rows_that_it_has_not_seen(trained: Workspace) -> None:
    contract, task = trained.contract, trained.bundle.task
    table = synthesize(contract, N_NEW, seed=99)
    labels = task.encode(table["returned"].to_pylist())
    outputs = trained.bundle.predict(from_table(contract, table))
    fallback = np.array([trained.bundle.metadata["fallback"]] * N_NEW)
    model, dummy = (task.scores(labels, one).all() for one in (outputs, fallback))
    assert model[task.main] > task.chance + 0.25
    assert model[task.loss] < dummy[task.loss] * 0.9


def test_the_stored_quality_and_golden_rows_are_the_tasks(trained: Workspace) -> None:
    bundle = trained.bundle
    metrics = bundle.metadata["metrics"]
    assert all(list(values) == list(bundle.task.metrics) for values in metrics.values())
    chance = metrics["dummy"][bundle.task.main]["value"]
    assert chance == pytest.approx(bundle.task.chance, abs=0.02)
    predictions = np.array(bundle.metadata["golden"]["predictions"])
    width = (len(LABELS),) if trained.contract.task == "multiclass" else ()
    assert predictions.shape == (GOLDEN_ROWS, *width)
    assert bundle.task.valid(predictions)
    assert len(np.unique(predictions.round(4), axis=0)) > GOLDEN_ROWS / 2


def test_drift_watches_labels_or_numbers(trained: Workspace) -> None:
    columns = {column["name"]: column for column in trained.bundle.profile["columns"]}
    score = columns[SCORE]
    sample = pq.read_table(trained.bundle.path / "sample.parquet")[SCORE].to_pylist()
    assert len(sample) > 1_000
    if trained.contract.task == "multiclass":
        assert (score["kind"], set(score["values"])) == ("category", set(LABELS))
        assert set(sample) == set(LABELS)
    else:
        assert (score["kind"], len(score["edges"])) == ("numeric", 9)
        assert all(isinstance(value, float) for value in sample)


def test_every_json_file_of_the_bundle_is_strict(trained: Workspace) -> None:
    for path in trained.bundle.path.glob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)
