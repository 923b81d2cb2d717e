from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.metrics import METRICS
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import (
    SLICE_MIN_ROWS,
    Evaluation,
    Interval,
    blocks,
    evaluate,
    slices,
)
from {{ cookiecutter.__package }}.values import MISSING_TIME

from ..conftest import shop_of
from ..models.conftest import part_of

Floats = np.ndarray[Any, np.dtype[np.float64]]


def evaluated(
    labels: Floats, block: Any, resamples: int = 200, seed: int = 0, **predictions: Floats
) -> Evaluation:
    task = task_of(shop_of("binary"))
    return evaluate(
        task, labels, predictions, block, resamples=resamples, confidence=0.95, seed=seed
    )


def days_that_differ(n_days: int = 40, per_day: int = 50) -> tuple[Floats, Floats, Any]:
    """Labels and probabilities whose agreement differs from day to day, and the days."""
    random = np.random.default_rng(0)
    day = np.repeat(np.arange(n_days), per_day)
    labels = (random.random(len(day)) < 0.4).astype(float)
    agreement = random.choice([-1.0, 2.0], n_days)[day]
    score = agreement * (labels - 0.4) + random.normal(0, 1, len(day))
    return labels, 1 / (1 + np.exp(-score)), day


def width(interval: Interval) -> float:
    assert interval.low <= interval.value <= interval.high
    return interval.high - interval.low


@pytest.mark.parametrize("metric", ["auc", "log_loss", "brier"])
def test_days_that_differ_widen_the_interval(metric: str) -> None:
    labels, probabilities, day = days_that_differ()
    by_day = evaluated(labels, day, model=probabilities).interval("model", metric)
    by_row = evaluated(labels, np.arange(len(day)), model=probabilities).interval("model", metric)
    assert width(by_day) > 2 * width(by_row)


def test_days_that_are_alike_do_not() -> None:
    labels, probabilities, _ = days_that_differ()
    order = np.random.default_rng(1).permutation(len(labels))
    day = np.repeat(np.arange(40), 50)[order]
    by_day = evaluated(labels, day, model=probabilities).interval("model", "auc")
    by_row = evaluated(labels, np.arange(2000), model=probabilities).interval("model", "auc")
    assert width(by_day) == pytest.approx(width(by_row), rel=0.35)


def test_a_difference_is_paired() -> None:
    labels, probabilities, day = days_that_differ()
    slightly_worse = np.clip(probabilities + 0.01 * np.sin(np.arange(len(day))), 0, 1)
    evaluation = evaluated(labels, day, model=probabilities, other=slightly_worse)
    difference = evaluation.difference("model", "other", "auc")
    assert width(difference) < width(evaluation.interval("model", "auc")) / 5
    same = evaluated(labels, day, model=probabilities, other=probabilities.copy())
    assert same.difference("model", "other", "auc") == Interval(value=0.0, low=0.0, high=0.0)


def test_the_same_seed_draws_the_same_blocks() -> None:
    labels, probabilities, day = days_that_differ()
    first, second, other = (
        evaluated(labels, day, seed=seed, model=probabilities).interval("model", "auc")
        for seed in (3, 3, 4)
    )
    assert first == second
    assert first != other
    assert first.value == other.value


def test_a_draw_of_one_class_does_not_spoil_the_interval() -> None:
    labels, probabilities = np.array([1.0, 0.0, 0.0]), np.array([0.9, 0.2, 0.4])
    interval = evaluated(labels, np.arange(3), model=probabilities).interval("model", "auc")
    assert (interval.low, interval.high) == (1, 1)


def test_a_block_is_a_local_day(shop: Contract) -> None:
    moments = [
        datetime(2024, 1, 5, 22, 59, tzinfo=UTC),  # 23:59 in Paris
        datetime(2024, 1, 5, 23, 0, tzinfo=UTC),
        datetime(2024, 1, 6, 22, 59, tzinfo=UTC),
        datetime(2024, 1, 4, 23, 30, tzinfo=UTC),
        datetime(2024, 1, 8, 12, tzinfo=UTC),
    ]
    inputs = from_columns(part_of(shop, "at"), {"at": moments}, len(moments))
    assert blocks(part_of(shop, "at"), inputs).tolist() == [0, 1, 1, 0, 2]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_rows_without_a_time_are_a_block_of_their_own(shop: Contract, zone: str) -> None:
    contract = part_of(shop, "at", timezone=zone)
    day = blocks(contract, from_columns(contract, {"at": [0, MISSING_TIME, 1, None]}, 4))
    assert day[0] == day[2]
    assert day[1] == day[3]
    assert day[0] != day[1]
    assert blocks(contract, from_columns(contract, {"at": [None, None]}, 2)).tolist() == [0, 0]


def test_without_a_time_each_row_is_a_block(shop: Contract) -> None:
    contract = part_of(shop, "price")
    inputs = from_columns(contract, {"price": [1.0, 1.0, 2.0]}, 3)
    assert blocks(contract, inputs).tolist() == [0, 1, 2]


def test_a_slice_needs_enough_rows_of_both_classes() -> None:
    n = SLICE_MIN_ROWS
    values = np.array(["many"] * n + ["few"] * (n - 1) + ["one class"] * n, object)
    labels = np.array([i % 2 for i in range(2 * n - 1)] + [0] * n, float)
    probabilities = np.where(labels == 1, 0.8, 0.3)
    (found,) = slices(task_of(shop_of("binary")), labels, probabilities, {"size": values})
    assert (found.column, found.value, found.rows) == ("size", "many", n)
    assert found.metrics["auc"] == 1
    assert found.observed == 0.5
    assert found.predicted == pytest.approx(0.55)


def test_a_slice_of_several_labels_has_no_mean_and_one_of_values_has() -> None:
    n = SLICE_MIN_ROWS
    values = np.array(["all"] * n, object)
    labels = np.arange(n, dtype=np.float64) % 3
    shares = np.eye(3)[labels.astype(int)] * 0.7 + 0.1
    (found,) = slices(task_of(shop_of("multiclass")), labels, shares, {"size": values})
    assert (found.observed, found.predicted) == (None, None)
    assert found.metrics["accuracy"] == 1
    (found,) = slices(task_of(shop_of("regression")), labels, labels + 0.5, {"size": values})
    assert found.observed == pytest.approx(labels.mean())
    assert found.predicted == pytest.approx(labels.mean() + 0.5)
    assert found.metrics["mae"] == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["multiclass", "regression"])
def test_each_task_has_its_metrics_with_paired_intervals(name: str) -> None:
    task, random = task_of(shop_of(name)), np.random.default_rng(0)
    labels = random.integers(0, 3, 600).astype(float)
    noise = random.dirichlet(np.ones(3), 600)
    near = labels + random.normal(0, 0.3, 600)
    outputs = 0.3 * np.eye(3)[labels.astype(int)] + 0.7 * noise if name == "multiclass" else near
    dummy = task.constant(labels, 600)
    evaluation = evaluate(
        task,
        labels,
        {"model": outputs, "dummy": dummy},
        np.arange(600) // 20,
        resamples=100,
        confidence=0.9,
        seed=0,
    )
    assert evaluation.n_blocks == 30
    for metric in task.metrics:
        interval = evaluation.interval("model", metric)
        assert interval.low < interval.value < interval.high
        better = evaluation.difference("model", "dummy", metric)
        sign = METRICS[metric].sign
        assert min(sign * better.low, sign * better.high) > 0
    assert evaluation.interval("dummy", task.main).value == pytest.approx(task.chance)
