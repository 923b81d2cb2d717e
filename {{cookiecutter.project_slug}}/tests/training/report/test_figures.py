"""What a report draws."""

import json
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import predict
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.report.figures import (
    bins,
    importance,
    names_of,
    of_outputs,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from ...conftest import shop_of
from ...models.conftest import exported_of
from ...synthesized import synthesize

N = 4_000
RANDOM = np.random.default_rng(0)
P = RANDOM.random(N)
LABELS = (RANDOM.random(N) < P).astype(float)


def test_calibration_compares_what_was_predicted_with_what_came() -> None:
    groups = bins(P, LABELS)
    assert len(groups) == 15
    assert all(observed == pytest.approx(predicted, abs=0.1) for predicted, observed in groups)
    assert len(bins(P[:100], LABELS[:100])) == 3  # of at least 30 rows


def test_every_row_is_once_in_the_confusion_at_the_threshold() -> None:
    task = task_of(shop_of("binary"), 0.6)
    labels, outputs = np.array([0.0, 0, 1, 1, 1]), np.array([0.5, 0.7, 0.5, 0.6, 0.7])
    content = of_outputs(task, labels, outputs)["confusion"]
    assert content["labels"] == ["false", "true"]
    assert content["counts"].tolist() == [[1, 1], [1, 2]]


@pytest.mark.parametrize("positive", ["kept", "back"])
def test_outcomes_are_called_by_the_contract(positive: str) -> None:
    source = json.loads(shop_of("binary").text) | {"labels": ["kept", "back"], "positive": positive}
    source["columns"]["returned"] = {"type": "category"}
    names = names_of(task_of(Contract.model_validate(source)))
    assert (names[1], set(names)) == (positive, {"kept", "back"})


def test_errors_are_points_of_what_was_predicted_and_what_came() -> None:
    labels = np.arange(100.0)
    content = of_outputs(task_of(shop_of("regression")), labels, (labels - 2).astype(np.float32))
    assert len(content["errors"]) == 100
    assert (content["errors"][:, 1] - content["errors"][:, 0] == 2).all()


def rows_of(task: str) -> Rows:
    """Labels that the random graph of the shop follows."""
    exported = exported_of(task)
    table = synthesize(exported.contract, 400)
    inputs = from_table(exported.contract, table)
    outputs: Any = predict(exported.session, inputs, exported.task)
    labels = outputs.argmax(1) if task == "multiclass" else outputs
    if task == "binary":
        labels = labels > np.median(labels)
    labels = labels.astype(np.float64)
    return Rows(contract=exported.contract, table=table, inputs=inputs, labels=labels)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_the_model_goes_by_is_lost_without_it(task: str) -> None:
    exported, rows = exported_of(task), rows_of(task)
    before = rows.inputs.numeric.copy()
    losses = importance(exported.session, exported.task, rows)
    assert losses == importance(exported.session, exported.task, rows)
    assert set(losses) == set(exported.contract.features)
    values = list(losses.values())
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.05
    np.testing.assert_array_equal(rows.inputs.numeric, before)
