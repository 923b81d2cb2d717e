from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.intervals import Bootstrap, Interval
from {{ cookiecutter.__package }}.models.metrics import METRICS
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.evaluate import (
    MIN_ROWS,
    Evaluation,
    Predictions,
    Slice,
    evaluate,
    slice_columns,
    slices,
)
from {{ cookiecutter.__package }}.training.rows import Blocks

from ..conftest import shop_of
from ..synthesized import synthesize

Floats = np.ndarray[Any, np.dtype[np.float64]]


def evaluated(
    labels: Floats, block: Any, resamples: int = 200, seed: int = 0, **predictions: Floats
) -> Evaluation:
    task = task_of(shop_of("binary"))
    named = {name: Predictions(outputs=outputs) for name, outputs in predictions.items()}
    blocks = Blocks(of=block, unit="rows")
    return evaluate(task, labels, named, blocks, resamples=resamples, confidence=0.95, seed=seed)


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


def test_each_model_decides_at_its_own_threshold() -> None:
    labels, probabilities, day = days_that_differ()
    both = {
        "model": Predictions(outputs=probabilities, threshold=0.2),
        "other": Predictions(outputs=probabilities),
    }
    task, blocks = task_of(shop_of("binary")), Blocks(of=day, unit="days")
    found = evaluate(task, labels, both, blocks, resamples=50, confidence=0.95, seed=0)
    f1 = {
        name: task_of(task.contract, threshold).scores(labels, probabilities).all()["f1"]
        for name, threshold in (("model", 0.2), ("other", None))
    }
    assert {name: found.values[name]["f1"] for name in found.values} == f1
    assert f1["model"] != f1["other"]
    assert found.difference("model", "other", "auc").high == 0


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
    nothing = Interval(value=0.0, low=0.0, high=0.0)
    assert all(same.difference("model", "other", m) == nothing for m in same.values["model"])
    for metric, draws in same.draws["model"].items():
        assert np.array_equal(draws, same.draws["other"][metric])


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


def sliced(
    task: Any, labels: Floats, outputs: Floats, min_rows: int | None = None, **columns: Any
) -> list[Slice]:
    block = np.arange(len(labels)) // 10
    bootstrap = Bootstrap(block=block, unit="rows", resamples=100, confidence=0.9, seed=0)
    return list(slices(task, labels, outputs, columns, bootstrap, min_rows))


def test_a_slice_needs_enough_rows_of_both_classes() -> None:
    n = MIN_ROWS
    values = np.array(["many"] * 19 * n + ["few"] * (n - 1) + ["one class"] * n, object)
    labels = np.array([i % 2 for i in range(20 * n - 1)] + [0] * n, float)
    probabilities = np.where(labels == 1, 0.8, 0.3)
    task = task_of(shop_of("binary"))
    (found,) = sliced(task, labels, probabilities, size=values)
    assert (found.column, found.value, found.rows) == ("size", "many", 19 * n)
    assert found.metrics["auc"] == Interval(value=1, low=1, high=1)
    assert found.observed == 0.5
    assert found.predicted == pytest.approx(0.55)
    assert len(sliced(task, labels, probabilities, n - 1, size=values)) == 2


def test_of_few_rows_a_slice_is_a_20th_of_them() -> None:
    labels = np.arange(200, dtype=np.float64) % 2
    values = np.array(["ten"] * 10 + ["nine"] * 9 + ["many"] * 181, object)
    found = sliced(task_of(shop_of("binary")), labels, labels, size=values)
    assert [one.value for one in found] == ["many", "ten"]


def test_the_fewer_rows_a_slice_has_the_wider_its_interval_is() -> None:
    labels, probabilities, day = days_that_differ()
    columns = {"part": np.where(day < 6, "small", "large").astype(object)}
    task = task_of(shop_of("binary"))
    bootstrap = evaluated(labels, day, model=probabilities).bootstrap
    large, small = slices(task, labels, probabilities, columns, bootstrap)
    assert (large.rows, small.rows) == (1700, 300)
    for metric in ("auc", "log_loss", "ece"):
        assert width(small.metrics[metric]) > width(large.metrics[metric])
    alone = evaluated(labels[day < 6], day[day < 6], model=probabilities[day < 6])
    assert small.metrics["auc"] == alone.interval("model", "auc")


def test_a_slice_of_several_labels_has_no_mean_and_one_of_values_has() -> None:
    n = MIN_ROWS
    values = np.array(["all"] * n, object)
    labels = np.arange(n, dtype=np.float64) % 3
    shares = np.eye(3)[labels.astype(int)] * 0.7 + 0.1
    (found,) = sliced(task_of(shop_of("multiclass")), labels, shares, size=values)
    assert (found.observed, found.predicted) == (None, None)
    assert found.metrics["accuracy"].value == 1
    (found,) = sliced(task_of(shop_of("regression")), labels, labels + 0.5, size=values)
    assert found.observed == pytest.approx(labels.mean())
    assert found.predicted == pytest.approx(labels.mean() + 0.5)
    assert found.metrics["mae"].value == pytest.approx(0.5)


def test_the_columns_marked_for_slices_are_texts_whatever_their_type(shop: Contract) -> None:
    values = shop.model_dump(mode="json")
    for name in ("price", "items", "gift"):
        values["columns"][name]["slice"] = True
    contract = Contract.model_validate(values)
    found = slice_columns(contract, synthesize(contract, 400))
    assert list(found) == ["price", "items", "channel", "gift"]
    assert all(isinstance(value, str) for column in found.values() for value in column)
    assert len(set(found["price"])) == 4
    assert set(found["channel"]) == {"web", "store"}


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
        {"model": Predictions(outputs=outputs), "dummy": Predictions(outputs=dummy)},
        Blocks(of=np.arange(600) // 20, unit="rows"),
        resamples=100,
        confidence=0.9,
        seed=0,
    )
    assert evaluation.bootstrap.n_blocks == 30
    for metric in task.metrics:
        interval = evaluation.interval("model", metric)
        assert interval.low < interval.value < interval.high
    for metric in task.headline:
        better = evaluation.difference("model", "dummy", metric)
        sign = METRICS[metric].sign
        assert min(sign * better.low, sign * better.high) > 0
    assert evaluation.interval("dummy", task.main).value == pytest.approx(task.chance)
