import json

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training import findings
from {{ cookiecutter.__package }}.training.findings import (
    confusion,
    jsonable,
    residuals,
    scores,
)

from ..conftest import Workspace, shop_of
from .records import N_ROWS, record_of

MOST_BYTES = 300_000


def test_the_record_is_small_json_and_the_same_each_time(any_shop: Contract) -> None:
    written = json.dumps(record_of(any_shop), allow_nan=False)
    assert written == json.dumps(record_of(any_shop), allow_nan=False)
    assert len(written) < MOST_BYTES


def test_the_record_of_a_training_stands_in_its_bundle(workspace: Workspace) -> None:
    path = workspace.bundle.path / "evaluation.json"
    record = json.loads(path.read_text())
    assert path.stat().st_size < MOST_BYTES
    assert set(record["importance"]) == set(workspace.contract.features)
    assert record["size"]["bytes"] == (path.parent / "model.onnx").stat().st_size
    assert record["learning"]["curves"]["train loss"]
    for metric, found in workspace.bundle.metadata["metrics"]["model"].items():
        written = record["metrics"]["model"][metric]["value"]
        assert written == pytest.approx(found["value"], rel=1e-4)


def test_the_champion_is_not_in_it_or_training_again_would_be_another_bundle() -> None:
    assert list(record_of(shop_of("binary"))["metrics"]) == ["model", "linear", "dummy"]


def test_every_row_is_once_in_the_confusion(any_shop: Contract) -> None:
    record = record_of(any_shop)
    if any_shop.task == "regression":
        assert record["confusion"] is None
        return
    assert np.sum(record["confusion"]["counts"]) == N_ROWS
    expected = any_shop.labels or ("false", "true")
    assert record["confusion"]["labels"] == list(expected)


def test_a_binary_confusion_is_at_the_threshold() -> None:
    task = task_of(shop_of("binary"), 0.6)
    labels, outputs = np.array([0.0, 0, 1, 1, 1]), np.array([0.5, 0.7, 0.5, 0.6, 0.7])
    assert confusion(task, labels, outputs)["counts"].tolist() == [[1, 1], [1, 2]]


@pytest.mark.parametrize("positive", ["kept", "back"])
def test_outcomes_are_called_by_the_contract(positive: str) -> None:
    source = json.loads(shop_of("binary").text) | {"labels": ["kept", "back"], "positive": positive}
    source["columns"]["returned"] = {"type": "category"}
    other, second = findings.outcomes(task_of(Contract.model_validate(source)))
    assert (second, {other, second}) == (positive, {"kept", "back"})


def test_of_many_labels_the_commonest_are_told_apart() -> None:
    names = [f"label {k}" for k in range(40)]
    task = task_of(shop_of("multiclass", labels=names))
    labels = np.repeat(np.arange(40.0), np.arange(40, 0, -1))[::-1]
    found = confusion(task, labels, np.eye(40)[labels.astype(int)])
    assert found["labels"] == [*names[: findings.MOST_LABELS], findings.REST]
    assert found["counts"].sum() == len(labels)
    assert (found["counts"] == np.diag(np.diag(found["counts"]))).all()


def test_constant_answers_have_a_histogram_too(any_shop: Contract) -> None:
    task, labels = task_of(any_shop), np.array([0.0, 1.0] * 20)
    found = scores(task, labels, task.constant(labels, 40).astype(np.float32))
    rows = sum(sum(counts) for counts in found["counts"].values())
    assert rows >= 40
    assert (np.diff(found["edges"]) > 0).all()


def test_residuals_say_how_far_off_predictions_are() -> None:
    labels = np.arange(100.0)
    found = residuals(labels, (labels - 2).astype(np.float32))
    assert found["half_within"] == 2
    assert found["quantiles"] == {"10": 2, "50": 2, "90": 2}
    assert [row[0] for row in found["along"]] == sorted(row[0] for row in found["along"])
    assert len(residuals(labels[:3], labels[:3])["along"]) == 3


def test_json_holds_no_infinite_number() -> None:
    given = {"a": np.array([1.23456789, np.nan]), "b": (np.float64("inf"), np.int64(3)), 4: None}
    assert jsonable(given) == {"a": [1.23457, None], "b": [None, 3], "4": None}
