"""Labels in, outputs out: what each task makes of them."""

from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import ThresholdConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.metrics import METRICS
from {{ cookiecutter.__package }}.models.tasks import (
    JUDGED,
    Task,
    task_of,
    threshold_of,
)

from ..conftest import LABELS, shop_of

NAN = float("nan")
SHARES = np.array([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], np.float32)


@pytest.fixture(params=JUDGED)
def task(request: pytest.FixtureRequest) -> Task:
    return task_of(shop_of(request.param), 0.5)


def column_of(kind: str, positive: object) -> Contract:
    """The shop whose target is of another type."""
    values = shop_of("binary").model_dump(mode="json") | {"positive": positive}
    values["columns"]["returned"] = {"type": kind}
    return Contract.model_validate(values)


ENCODED: list[tuple[Contract, list[Any], list[float]]] = [
    (shop_of("binary"), [True, False, None, True], [1, 0, NAN, 1]),
    (shop_of("binary", positive=False), [True, False, None], [0, 1, NAN]),
    (column_of("integer", 1), [1, 0, 2, None], [1, 0, 0, NAN]),
    (column_of("integer", 0), [1, 0, 2, None], [0, 1, 0, NAN]),
    (column_of("category", "yes"), ["yes", "no", None], [1, 0, NAN]),
    (shop_of("multiclass"), [*LABELS, None], [0, 1, 2, NAN]),
    (shop_of("multiclass"), ["unheard of", "kept"], [NAN, 0]),
    (shop_of("regression"), [1, -2.5, None, NAN, 1e38], [1, -2.5, NAN, NAN, 1e38]),
]


@pytest.mark.parametrize(("contract", "values", "labels"), ENCODED)
def test_the_targets_values_become_labels(
    contract: Contract, values: list[Any], labels: list[float]
) -> None:
    encoded = task_of(contract).encode(values)
    assert encoded.dtype == np.float64
    assert np.array_equal(encoded, np.array(labels, float), equal_nan=True)


def test_what_knows_only_the_labels_answers_validly_and_with_their_frequencies() -> None:
    binary, multiclass, regression = (task_of(shop_of(name)) for name in JUDGED)
    assert binary.constant(np.array([1.0, 0, 0, 0]), 3).tolist() == [0.25] * 3
    assert regression.constant(np.array([1.0, 2, 6]), 2).tolist() == [3.0, 3.0]
    shares = multiclass.constant(np.array([0.0] * 60 + [1.0] * 37), 2)
    assert shares.shape == (2, 3)
    assert shares[0] == pytest.approx([0.61, 0.38, 0.01])
    assert all(task.valid(task.constant(np.array([0.0, 1.0]), 5)) for task in (binary, multiclass))


@pytest.mark.parametrize(
    ("name", "outputs", "valid"),
    [
        ("binary", [0.0, 0.5, 1.0], True),
        ("binary", [-0.001], False),
        ("binary", [1.001], False),
        ("binary", [NAN], False),
        ("binary", [], True),
        ("multiclass", SHARES, True),
        ("multiclass", [[0.5, 0.5, 0.5]], False),
        ("multiclass", [[1.5, -0.5, 0.0]], False),
        ("multiclass", [[NAN, 0.5, 0.5]], False),
        ("multiclass", np.zeros((0, 3)), True),
        ("regression", [-1e30, 0.0, 1e30], True),
        ("regression", [float("inf")], False),
        ("regression", [NAN], False),
    ],
)
def test_an_output_that_cannot_be_one_is_told(name: str, outputs: Any, valid: bool) -> None:
    assert task_of(shop_of(name)).valid(np.asarray(outputs)) is valid


def test_a_binary_decision_is_positive_from_the_threshold_on() -> None:
    outputs = np.array([0.1, 0.3, 0.5, 0.7])
    contract = shop_of("binary")
    assert task_of(contract, 0.3).decisions(outputs).tolist() == [False, True, True, True]
    assert task_of(contract).decisions(outputs).tolist() == [False, False, True, True]
    assert task_of(contract, 0.0).decisions(outputs).tolist() == [True] * 4
    assert task_of(contract).certainty(outputs) is outputs
    assert task_of(contract).watched(outputs) is outputs


def test_of_several_labels_the_likeliest_is_decided_for_and_watched() -> None:
    task = task_of(shop_of("multiclass"))
    expected = ["exchanged", "kept", "returned"]
    assert task.decisions(SHARES).tolist() == task.watched(SHARES).tolist() == expected
    certainty = task.certainty(SHARES)
    assert certainty is not None
    assert certainty == pytest.approx(np.array([0.7, 0.5, 0.8]))


def test_a_value_is_its_own_decision_without_a_probability() -> None:
    task, outputs = task_of(shop_of("regression")), np.array([3.5, -1.0])
    assert task.decisions(outputs).tolist() == task.watched(outputs).tolist() == [3.5, -1.0]
    assert task.certainty(outputs) is None


def test_only_a_binary_decision_has_a_threshold() -> None:
    labels, outputs = np.array([0.0, 1, 1]), np.array([0.2, 0.6, 0.9])
    binary, multiclass, regression = (task_of(shop_of(name)) for name in JUDGED)
    cut = threshold_of(binary, labels, outputs, ThresholdConfig())
    assert cut is not None
    assert cut.threshold == 0.6
    assert threshold_of(multiclass, np.array([0.0, 1, 2]), SHARES, ThresholdConfig()) is None
    assert threshold_of(regression, labels, outputs, ThresholdConfig()) is None


def test_f1_is_that_of_the_decisions_at_the_threshold() -> None:
    labels, outputs = np.array([0.0, 1, 1, 0]), np.array([0.2, 0.6, 0.9, 0.4])
    contract = shop_of("binary")
    assert task_of(contract).scores(labels, outputs).all()["f1"] == 1
    assert task_of(contract, 0.7).scores(labels, outputs).all()["f1"] == pytest.approx(2 / 3)


def test_every_metric_of_a_task_is_scored_and_has_a_title(task: Task) -> None:
    labels = np.array([0.0, 1, 2] if task.output == "probabilities" else [0.0, 1, 1])
    outputs = SHARES if task.output == "probabilities" else np.array([0.3, 0.6, 0.7])
    found = task.scores(labels, outputs).all()
    assert set(found) == set(task.metrics) == set(task.metrics) & set(METRICS)
    assert METRICS[task.main].sign == 1
    assert METRICS[task.loss].sign == -1
    assert task.loss in task.metrics
    assert task.main in task.headline
    assert set(task.headline) <= set(task.metrics)


def test_the_deciding_metric_is_at_its_chance_for_what_knows_only_the_labels(task: Task) -> None:
    labels = np.arange(30, dtype=np.float64) % (3 if task.output == "probabilities" else 2)
    found = task.scores(labels, task.constant(labels, 30)).all()
    assert found[task.main] == pytest.approx(task.chance)
