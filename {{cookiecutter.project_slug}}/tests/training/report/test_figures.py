"""What a report draws."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.intervals import Bootstrap
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.report.figures import (
    MOST_LABELS,
    POINTS,
    REST,
    Bin,
    Curve,
    calibration,
    confusion,
    curves,
    of_outputs,
    outcomes,
    residuals,
    scores,
)

from ...conftest import shop_of
from ..records import N_ROWS, record_of

N = 4_000
BOOTSTRAP = Bootstrap(block=np.arange(N) // 40, unit="days", resamples=200, confidence=0.95, seed=0)
RANDOM = np.random.default_rng(0)
P = RANDOM.random(N)
LABELS = (RANDOM.random(N) < P).astype(float)


def calibrated(name: str, labels: Any, outputs: Any) -> tuple[Bin, ...]:
    found = calibration(task_of(shop_of(name)), labels, outputs, BOOTSTRAP)
    assert sum(one.rows for one in found) == N
    return found


def test_calibration_compares_what_was_promised_with_what_came() -> None:
    found = calibrated("binary", LABELS, P)
    assert len(found) == 15
    inside = [one.observed.low <= one.predicted <= one.observed.high for one in found]
    assert sum(inside) >= 12
    ece = sum(one.rows * abs(one.predicted - one.observed.value) for one in found) / N
    task = task_of(shop_of("binary"))
    assert ece == pytest.approx(task.scores(LABELS, P).all()["ece"])


def test_bins_without_rows_are_left_out() -> None:
    found = calibrated("binary", LABELS, np.where(P > 0.5, 0.7, 0.3))
    assert [one.predicted for one in found] == pytest.approx([0.3, 0.7])


def test_of_several_labels_the_decided_one_is_compared_with_how_often_it_is_right() -> None:
    shares = np.stack([0.5 + P / 2, 0.3 - 0.3 * P, 0.2 - 0.2 * P], 1)
    found = calibrated("multiclass", np.where(RANDOM.random(N) < 0.5 + P / 2, 0.0, 1.0), shares)
    assert all(one.predicted == pytest.approx(one.observed.value, abs=0.1) for one in found)


def test_of_values_as_many_rows_are_in_each_bin() -> None:
    found = calibrated("regression", P * 10 + RANDOM.normal(0, 1, N), P * 10)
    assert {one.rows for one in found} <= {N // 15, N // 15 + 1}
    assert all(one.predicted == pytest.approx(one.observed.value, abs=0.3) for one in found)
    (alone,) = calibrated("regression", P, np.full(N, 0.5))
    assert alone.rows == N


@pytest.fixture(scope="module")
def drawn() -> Any:
    return curves(task_of(shop_of("binary")), LABELS, P, BOOTSTRAP)


@pytest.mark.parametrize("name", ["roc", "precision_recall"])
def test_a_curve_lies_in_its_band(drawn: dict[str, Curve], name: str) -> None:
    curve = drawn[name]
    assert len(curve.x) == len(curve.y) == len(curve.low) == len(curve.high) == POINTS <= 200
    inner = slice(5, -1)
    assert (curve.low[inner] <= curve.y[inner]).all()
    assert (curve.y[inner] <= curve.high[inner]).all()
    assert 0 < (curve.high - curve.low)[inner].mean() < 0.15


def test_curves_are_sklearns(drawn: dict[str, Curve]) -> None:
    wrong, found, _ = sklearn.roc_curve(LABELS, P, drop_intermediate=False)
    roc = drawn["roc"]
    assert roc.y == pytest.approx(np.interp(roc.x, wrong, found), abs=2e-3)
    precision, recall, _ = sklearn.precision_recall_curve(LABELS, P)
    steps = drawn["precision_recall"]
    for x, y in zip(steps.x[1:], steps.y[1:], strict=True):
        assert y == pytest.approx(precision[recall >= x - 1e-12][-1])


def test_only_binary_rows_of_both_labels_have_curves() -> None:
    binary, regression = task_of(shop_of("binary")), task_of(shop_of("regression"))
    assert curves(binary, np.ones(N), P, BOOTSTRAP) == {}
    assert curves(regression, P, P, BOOTSTRAP) == {}


def test_every_row_is_once_in_the_confusion(any_shop: Contract) -> None:
    record = record_of(any_shop, measure=of_outputs)
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
    other, second = outcomes(task_of(Contract.model_validate(source)))
    assert (second, {other, second}) == (positive, {"kept", "back"})


def test_of_many_labels_the_commonest_are_told_apart() -> None:
    names = [f"label {k}" for k in range(40)]
    task = task_of(shop_of("multiclass", labels=names))
    labels = np.repeat(np.arange(40.0), np.arange(40, 0, -1))[::-1]
    found = confusion(task, labels, np.eye(40)[labels.astype(int)])
    assert found["labels"] == [*names[:MOST_LABELS], REST]
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
