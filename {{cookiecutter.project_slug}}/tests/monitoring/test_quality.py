from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.monitoring.quality import assess
from {{ cookiecutter.__package }}.monitoring.served import Served
from {{ cookiecutter.__package }}.monitoring.windows import Window

from ..conftest import shop_of

TESTED = {"auc": {"value": 0.75, "low": 0.7, "high": 0.8}}
CONFIG = MonitorConfig(min_rows=50, max_score_drop=0.05, persistence=(2, 3))
BINARY = task_of(shop_of("binary"))
Floats = npt.NDArray[np.float64]


def window_of(contract: Contract, labels: Floats, outputs: Floats, number: int = 0) -> Window:
    n_rows = len(labels)
    first = date(2024, 1, 1) + timedelta(days=7 * number)
    columns = {name: [None] * n_rows for name in contract.features}
    served = Served(
        inputs=from_columns(contract, columns, n_rows),
        outputs=outputs,
        seconds=np.zeros(n_rows, np.int64),
        labels=labels,
    )
    return Window(first=first, last=first + timedelta(days=6), rows=served, complete=True)


def half(n_rows: int) -> Floats:
    return (np.arange(n_rows) % 2).astype(float)


def good(contract: Contract, number: int = 0) -> Window:
    labels = half(200)
    return window_of(contract, labels, 0.1 + 0.8 * labels, number)


def poor(contract: Contract, number: int = 0) -> Window:
    labels = half(200)
    return window_of(contract, labels, 0.9 - 0.8 * labels, number)


def test_quality_is_that_of_the_rows_whose_outcome_is_known(shop: Contract) -> None:
    labels = half(200)
    probabilities = 0.1 + 0.8 * labels
    labels[100:] = np.nan
    probabilities[100:] = 1.0
    (found,) = assess(BINARY, [window_of(shop, labels, probabilities)], TESTED, CONFIG)
    assert (found.rows, found.labelled) == (200, 100)
    assert (found.metrics["auc"], found.observed) == (1.0, 0.5)
    assert found.predicted == pytest.approx(0.5)
    assert found.metrics["log_loss"] == pytest.approx(-np.log(0.9))
    assert found.breach is False


def test_a_window_with_too_few_outcomes_is_not_judged(shop: Contract) -> None:
    labels = half(200)
    labels[49:] = np.nan
    assert assess(BINARY, [window_of(shop, labels, half(200))], TESTED, CONFIG) == []


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_a_window_of_one_class_has_no_auc_and_is_not_judged(shop: Contract, only: float) -> None:
    labels = np.full(200, only)
    assert assess(BINARY, [window_of(shop, labels, half(200))], TESTED, CONFIG) == []


def test_quality_breaches_below_the_test_spans_interval_less_what_is_tolerated(
    shop: Contract,
) -> None:
    labels = half(10_000)
    random = np.random.default_rng(0)

    def auc_of(weight: float) -> Window:
        return window_of(shop, labels, weight * labels + random.random(10_000))

    kept, fallen = (assess(BINARY, [auc_of(w)], TESTED, CONFIG)[0] for w in (0.25, 0.15))
    assert 0.65 < kept.metrics["auc"] < 0.75
    assert kept.breach is False
    assert fallen.metrics["auc"] < 0.65
    assert fallen.breach is True


def test_an_alert_needs_breaches_that_persist_into_the_newest_window(shop: Contract) -> None:
    once = assess(BINARY, [good(shop, 0), poor(shop, 1)], TESTED, CONFIG)
    assert [found.alert for found in once] == [False, False]
    twice = assess(BINARY, [poor(shop, 0), good(shop, 1), poor(shop, 2)], TESTED, CONFIG)
    assert twice[-1].alert
    over = assess(BINARY, [poor(shop, 0), poor(shop, 1), good(shop, 2)], TESTED, CONFIG)
    assert not over[-1].alert


def test_nothing_served_is_no_finding() -> None:
    assert assess(BINARY, [], TESTED, CONFIG) == []


def test_of_several_labels_quality_is_that_of_their_probabilities() -> None:
    contract = shop_of("multiclass")
    tested = {"auc": {"low": 0.9}}
    labels = np.arange(300, dtype=np.float64) % 3
    right = 0.1 + 0.7 * np.eye(3)[labels.astype(int)]
    (found,) = assess(task_of(contract), [window_of(contract, labels, right)], tested, CONFIG)
    assert (found.metrics["auc"], found.metrics["accuracy"]) == (1.0, 1.0)
    assert (found.observed, found.predicted, found.breach) == (None, None, False)
    wrong = window_of(contract, labels, right[:, [1, 2, 0]])
    (found,) = assess(task_of(contract), [wrong], tested, CONFIG)
    assert found.breach


@pytest.mark.parametrize(("noise", "breach"), [(0.1, False), (0.5, False), (0.8, True)])
def test_of_values_quality_is_the_share_of_variance_explained(noise: float, breach: bool) -> None:
    contract, random = shop_of("regression"), np.random.default_rng(0)
    labels = random.normal(100, 20, 5_000)
    values = labels + 20 * noise * random.normal(size=5_000)
    window = window_of(contract, labels, values)
    (found,) = assess(task_of(contract), [window], {"r2": {"low": 0.75}}, CONFIG)
    assert found.metrics["r2"] == pytest.approx(1 - noise**2, abs=0.03)
    assert found.observed == pytest.approx(labels.mean())
    assert found.predicted == pytest.approx(values.mean())
    assert found.breach is breach


def test_a_test_span_without_a_lower_end_breaches_nothing(shop: Contract) -> None:
    (found,) = assess(BINARY, [poor(shop)], {"auc": {"low": None}}, CONFIG)
    assert found.breach is False
