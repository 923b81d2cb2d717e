"""Labels in, outputs out: what each task makes of them, and where a binary one decides."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from {{ cookiecutter.__package }}.config import ThresholdConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tasks import (
    choose_threshold,
    task_of,
)

from ..conftest import LABELS, shop_of
from .test_metrics import CASES
from .test_metrics import LABELS as CAME

NAN = float("nan")
SHARES = np.array([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], np.float32)


def column_of(kind: str, positive: object) -> Contract:
    """The shop whose target is of another type."""
    values = shop_of("binary").model_dump(mode="json") | {"positive": positive}
    values["columns"]["returned"] = {"type": kind}
    return Contract.model_validate(values)


ENCODED: list[tuple[Contract, list[Any], list[float]]] = [
    (shop_of("binary"), [True, False, None, True], [1, 0, NAN, 1]),
    (shop_of("binary", positive=False), [True, False, None], [0, 1, NAN]),
    (column_of("integer", 0), [1, 0, 2, None], [0, 1, 0, NAN]),
    (column_of("category", "yes"), ["yes", "no", None], [1, 0, NAN]),
    (shop_of("multiclass"), [*LABELS, None, "unheard of"], [0, 1, 2, NAN, NAN]),
    (shop_of("regression"), [1, -2.5, None, NAN, 1e38], [1, -2.5, NAN, NAN, 1e38]),
]


@pytest.mark.parametrize(("contract", "values", "labels"), ENCODED)
def test_the_targets_values_become_labels(
    contract: Contract, values: list[Any], labels: list[float]
) -> None:
    encoded = task_of(contract).encode(values)
    assert encoded.dtype == np.float64
    assert np.array_equal(encoded, np.array(labels, float), equal_nan=True)


@pytest.mark.parametrize(
    ("name", "outputs", "valid"),
    [
        ("binary", [0.0, 0.5, 1.0], True),
        ("binary", [], True),
        *(("binary", [0.5, value], False) for value in (-0.001, 1.001, NAN)),
        ("multiclass", SHARES, True),
        ("multiclass", np.zeros((0, 3)), True),
        *(("multiclass", [[value, 0.5, 0.0]], False) for value in (0.6, NAN)),
        ("multiclass", [[1.5, -0.5, 0.0]], False),
        ("regression", [-1e30, 0.0, 1e30], True),
        *(("regression", [0.0, value], False) for value in (float("inf"), NAN)),
    ],
)
def test_an_output_that_cannot_be_one_is_noticed(name: str, outputs: Any, valid: bool) -> None:
    assert task_of(shop_of(name)).valid(np.asarray(outputs)) is valid


def test_parity_is_a_multiple_of_what_is_tolerated_of_values_in_their_scale() -> None:
    expected = np.array([0.5, 1.0])
    for actual, multiples in (([0.5, 1.0], [0, 0]), ([0.5 + 1.5e-5, 1.0 - 4e-5], [1, 2])):
        errors = task_of(shop_of("binary")).parity_errors(expected, np.array(actual))
        assert errors == pytest.approx(multiples)
    values, task = np.array([1e6, -1e6, 0.0]), task_of(shop_of("regression"))
    assert task.parity_errors(values, values + 5).max() == pytest.approx(0.5)
    small = values * 1e-12
    assert task.parity_errors(small, small * 1.1).max() > 1
    assert task.parity_errors(values, np.array([NAN, 0, 0]))[0] == np.inf


def threshold_of(labels: Any, outputs: Any, **settings: Any) -> float:
    config = ThresholdConfig.model_validate(settings)
    return choose_threshold(np.array(labels), np.array(outputs), config)[0]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("objective", ["f1", "cost"])
def test_no_threshold_serves_the_objective_better(case: str, objective: str) -> None:
    probabilities = CASES[case]

    def value_of(threshold: float) -> float:
        called = probabilities >= threshold
        if objective == "f1":
            return float(sklearn.f1_score(CAME, called, zero_division=0.0))
        return -float(5 * (CAME * ~called).sum() + 2 * ((1 - CAME) * called).sum())

    costs = {"false_negative_cost": 5, "false_positive_cost": 2} if objective == "cost" else {}
    chosen = threshold_of(CAME, probabilities, objective=objective, **costs)
    best = max(value_of(threshold) for threshold in [*np.unique(probabilities), 2.0])
    assert value_of(chosen) == pytest.approx(best)


def test_where_alarms_cost_most_none_is_raised_in_float32_either() -> None:
    costs = {"false_negative_cost": 1, "false_positive_cost": 9}
    outputs = np.array([1.0, 0.9, 0.5, 0.2])
    chosen = threshold_of([0.0, 1, 0, 0], outputs, objective="cost", **costs)
    assert not (outputs.astype(np.float32) >= chosen).any()
    assert threshold_of([1.0, 1, 1], [0.1, 0.2, 0.3]) == 0.5, "of one label it is the middle"
