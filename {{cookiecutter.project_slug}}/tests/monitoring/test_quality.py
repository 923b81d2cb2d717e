from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.monitoring.quality import assess
from {{ cookiecutter.__package }}.monitoring.served import Served
from {{ cookiecutter.__package }}.monitoring.windows import Window

TESTED = {"auc": {"value": 0.75, "low": 0.7, "high": 0.8}}
CONFIG = MonitorConfig(min_rows=50, max_auc_drop=0.05, persistence=(2, 3))
Floats = npt.NDArray[np.float64]


def window_of(contract: Contract, labels: Floats, probabilities: Floats, number: int = 0) -> Window:
    n_rows = len(labels)
    first = date(2024, 1, 1) + timedelta(days=7 * number)
    columns = {name: [None] * n_rows for name in contract.features}
    served = Served(
        inputs=from_columns(contract, columns, n_rows),
        probabilities=probabilities,
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
    (found,) = assess([window_of(shop, labels, probabilities)], TESTED, CONFIG)
    assert (found.rows, found.labelled) == (200, 100)
    assert (found.auc, found.positive_rate) == (1.0, 0.5)
    assert found.mean_probability == pytest.approx(0.5)
    assert found.log_loss == pytest.approx(-np.log(0.9))
    assert found.breach is False


def test_a_window_with_too_few_outcomes_is_not_judged(shop: Contract) -> None:
    labels = half(200)
    labels[49:] = np.nan
    assert assess([window_of(shop, labels, half(200))], TESTED, CONFIG) == []


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_a_window_of_one_class_has_no_auc_and_is_not_judged(shop: Contract, only: float) -> None:
    labels = np.full(200, only)
    assert assess([window_of(shop, labels, half(200))], TESTED, CONFIG) == []


def test_quality_breaches_below_the_test_spans_interval_less_what_is_tolerated(
    shop: Contract,
) -> None:
    labels = half(10_000)
    random = np.random.default_rng(0)

    def auc_of(weight: float) -> Window:
        return window_of(shop, labels, weight * labels + random.random(10_000))

    kept, fallen = (assess([auc_of(w)], TESTED, CONFIG)[0] for w in (0.25, 0.15))
    assert 0.65 < kept.auc < 0.75
    assert kept.breach is False
    assert fallen.auc < 0.65
    assert fallen.breach is True


def test_an_alert_needs_breaches_that_persist_into_the_newest_window(shop: Contract) -> None:
    once = assess([good(shop, 0), poor(shop, 1)], TESTED, CONFIG)
    assert [found.alert for found in once] == [False, False]
    twice = assess([poor(shop, 0), good(shop, 1), poor(shop, 2)], TESTED, CONFIG)
    assert twice[-1].alert
    over = assess([poor(shop, 0), poor(shop, 1), good(shop, 2)], TESTED, CONFIG)
    assert not over[-1].alert


def test_nothing_served_is_no_finding() -> None:
    assert assess([], TESTED, CONFIG) == []
