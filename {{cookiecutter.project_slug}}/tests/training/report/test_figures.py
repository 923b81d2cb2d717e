"""What a report draws."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_session, run
from {{ cookiecutter.__package }}.models.intervals import Bootstrap
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.report.figures import (
    LEAST_ROWS,
    MOST_LABELS,
    POINTS,
    REST,
    bins,
    confusion,
    histograms,
    importance,
    names_of,
    of_outputs,
    ranking,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from ...conftest import shop_of
from ...models.conftest import constant_graph, exported_of
from ...synthesized import synthesize

N = 4_000
RANDOM = np.random.default_rng(0)
P = RANDOM.random(N)
LABELS = (RANDOM.random(N) < P).astype(float)


def test_calibration_compares_what_was_predicted_with_what_came() -> None:
    groups = bins(P, LABELS)
    assert len(groups) == 15
    assert sum(one["rows"] for one in groups) == N
    assert all(one["observed"] == pytest.approx(one["predicted"], abs=0.1) for one in groups)
    few = bins(P[:100], LABELS[:100])
    assert len(few) == 3
    assert min(one["rows"] for one in few) >= LEAST_ROWS


def test_curves_are_sklearns() -> None:
    curves = ranking(LABELS, P)
    wrong, hits, _ = sklearn.roc_curve(LABELS, P, drop_intermediate=False)
    assert curves["roc"] == pytest.approx(np.interp(POINTS, wrong, hits))
    precision, recall, _ = sklearn.precision_recall_curve(LABELS, P)
    for at, value in zip(POINTS[1:], curves["precision_recall"], strict=True):
        assert value == precision[recall >= at - 1e-12][-1]
    assert ranking(np.ones(N), P) == {}


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


def test_of_many_labels_the_commonest_have_a_line_of_their_own() -> None:
    labels = np.repeat(np.arange(40), np.arange(40, 0, -1))[::-1]
    content = confusion([f"label {k}" for k in range(40)], labels, labels)
    assert content["labels"] == [*(f"label {k}" for k in range(MOST_LABELS)), REST]
    assert content["counts"].sum() == len(labels)
    assert (content["counts"] == np.diag(np.diag(content["counts"]))).all()


def test_constant_answers_have_a_histogram_too() -> None:
    content = histograms({"a": np.full(40, 0.5), "b": np.array([])})
    assert content["shares"]["a"].sum() == 1
    assert content["medians"] == {"a": 0.5, "b": None}
    assert (np.diff(content["edges"]) > 0).all()


def test_errors_say_how_far_off_predictions_are() -> None:
    labels = np.arange(100.0)
    content = of_outputs(task_of(shop_of("regression")), labels, (labels - 2).astype(np.float32))
    assert content["errors"]["half_within"] == 2
    assert len(content["errors"]["points"]) == 100


def rows_of(task: str) -> Rows:
    """Labels that the random graph of the shop follows."""
    exported = exported_of(task)
    table = synthesize(exported.contract, 400)
    inputs = from_table(exported.contract, table)
    outputs: Any = run(exported.session, inputs)
    labels = outputs.argmax(1) if task == "multiclass" else outputs
    if task == "binary":
        labels = labels > np.median(labels)
    return Rows(table=table, inputs=inputs, labels=labels.astype(np.float64))


def bootstrap(rows: Rows) -> Bootstrap:
    block = np.arange(len(rows.labels)) // 4
    return Bootstrap(block=block, unit="rows", resamples=100, confidence=0.9, seed=0)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_the_model_goes_by_is_lost_without_it(task: str) -> None:
    exported, rows = exported_of(task), rows_of(task)
    before = rows.inputs.numeric.copy()
    losses = importance(exported.session, exported.task, rows, bootstrap(rows))
    assert losses == importance(exported.session, exported.task, rows, bootstrap(rows))
    assert set(losses) == set(exported.contract.features)
    values = [interval.value for interval in losses.values()]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.05
    np.testing.assert_array_equal(rows.inputs.numeric, before)


def test_a_model_that_goes_by_nothing_loses_nothing(shop: Contract) -> None:
    rows, session = rows_of("binary"), open_session(constant_graph(shop, 0.25))
    losses = importance(session, task_of(shop), rows, bootstrap(rows))
    assert {(one.low, one.value, one.high) for one in losses.values()} == {(0.0, 0.0, 0.0)}
