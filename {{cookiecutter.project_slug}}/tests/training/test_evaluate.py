"""Metrics with intervals over blocks, paired differences, and slices."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.intervals import (
    DRAWN_BLOCKS,
    MOST_BLOCKS,
    Bootstrap,
    Interval,
)
from {{ cookiecutter.__package }}.models.metrics import Draws, Scored
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.evaluate import (
    MIN_ROWS,
    Evaluation,
    Slice,
    champion,
    evaluate,
    slices,
)
from {{ cookiecutter.__package }}.training.promote import promote

from ..conftest import shop_of
from .conftest import Made, rows_of

Floats = np.ndarray[Any, np.dtype[np.float64]]


def bootstrap_of(block: Any, resamples: int = 200, seed: int = 0) -> Bootstrap:
    return Bootstrap(block=block, unit="rows", resamples=resamples, confidence=0.95, seed=seed)


def evaluated(labels: Floats, block: Any, **outputs: Floats) -> Evaluation:
    task = task_of(shop_of("binary"))
    scores = {name: task.scores(labels, values) for name, values in outputs.items()}
    return evaluate(scores, bootstrap_of(block))


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


def test_intervals_are_over_blocks_and_differences_are_paired() -> None:
    labels, probabilities, day = days_that_differ()
    mixed = np.random.default_rng(1).permutation(day)
    worse = np.clip(probabilities + 0.01 * np.sin(np.arange(len(day))), 0, 1)
    outputs = {"model": probabilities, "worse": worse, "same": probabilities.copy()}
    by_day, by_row, by_mixed = (
        evaluated(labels, block, **outputs) for block in (day, np.arange(len(day)), mixed)
    )
    for metric in ("auc", "log_loss", "brier"):
        least, widest = (width(one.interval("model", metric)) for one in (by_row, by_day))
        assert widest > 2 * least
        assert width(by_mixed.interval("model", metric)) == pytest.approx(least, rel=0.35)
        assert by_day.difference("model", "same", metric) == Interval(value=0, low=0, high=0)
    difference = by_day.difference("model", "worse", "auc")
    assert width(difference) < width(by_day.interval("model", "auc")) / 5


def test_many_rows_are_drawn_in_groups_with_intervals_as_wide() -> None:
    n_rows, random = MOST_BLOCKS + 1, np.random.default_rng(0)
    labels = (random.random(n_rows) < 0.4).astype(float)
    probabilities = 1 / (1 + np.exp(-random.normal(0, 1, n_rows) - labels))
    scored = task_of(shop_of("binary"), 0.6).scores(labels, probabilities)
    grouped = bootstrap_of(np.arange(n_rows), resamples=2_000)
    assert (grouped.n_blocks, grouped.draws.counts.shape[1]) == (n_rows, DRAWN_BLOCKS)
    by_row = random.multinomial(n_rows, np.full(n_rows, 1 / n_rows), 2_000).astype(float)
    exact = scored.by_draw(Draws(np.arange(n_rows), by_row))
    for metric, values in grouped.measure(scored)[1].items():
        assert values.std() == pytest.approx(exact[metric].std(), rel=0.15), metric


def test_intervals_of_few_blocks_and_of_many_slices_are_wider_and_one_block_has_none() -> None:
    few, many = (bootstrap_of(np.arange(n)).tails[0] for n in (5, 1_000))
    assert few == pytest.approx(0.00095, abs=5e-5)  # of Φ at √(5/4) times 2.776
    assert many == pytest.approx(0.025, abs=2e-4)
    bootstrap, draws = bootstrap_of(np.arange(200)), np.random.default_rng(0).normal(0, 1, 500)
    together = bootstrap.interval_of_many(0.0, draws, 40)
    assert together.high == pytest.approx(3.27 * draws.std(), abs=0.1)  # t of 0.05 / 40
    unknown = bootstrap_of(np.zeros(10, int)).interval(0.7, np.full(500, 0.7))
    assert str(unknown) == "0.7000 [unknown]"


@pytest.mark.slow
def test_intervals_over_days_cover_what_those_over_rows_miss() -> None:
    def world(seed: int, n_days: int) -> tuple[Scored, Any]:
        """Days whose rows share how often they are positive and how well they are predicted."""
        random = np.random.default_rng(seed)
        day = np.repeat(np.arange(n_days), 40)
        rate = 1 / (1 + np.exp(-random.normal(-0.5, 1.0, n_days)))
        labels = (random.random(len(day)) < rate[day]).astype(float)
        score = random.normal(1.0, 1.0, n_days)[day] * (labels - 0.5)
        score += random.normal(0, 1, len(day))
        return task_of(shop_of("binary")).scores(labels, 1 / (1 + np.exp(-score))), day

    truth = world(10**6, 20_000)[0].all()
    metrics, n_worlds = ("auc", "auc_pr", "log_loss", "brier", "f1"), 150
    covered = np.zeros((2, len(metrics)))
    for seed in range(n_worlds):
        scores, day = world(seed, 60)
        for k, block in enumerate((day, np.arange(len(day)))):
            evaluation = evaluate({"model": scores}, bootstrap_of(block, seed=seed))
            intervals = [evaluation.interval("model", metric) for metric in metrics]
            covered[k] += [
                i.low <= truth[m] <= i.high for i, m in zip(intervals, metrics, strict=True)
            ]
    by_day, by_row = covered / n_worlds
    assert (by_day >= 0.9).all()
    assert (by_row < 0.8).all()


def test_a_slice_needs_500_rows_or_of_few_a_20th() -> None:
    def sliced(values: list[str]) -> list[Slice]:
        labels = np.array([i % 2 for i in range(len(values))], float)
        bootstrap, task = bootstrap_of(np.arange(len(labels)) // 10), task_of(shop_of("binary"))
        dummy = task.constant(labels, len(labels))
        outputs = {"model": np.where(labels == 1, 0.8, 0.3), "dummy": dummy}
        return slices(task, labels, outputs, {"size": np.array(values)}, bootstrap)

    (one,) = sliced(["many"] * 20 * MIN_ROWS + ["few"] * (MIN_ROWS - 1))
    assert (one.column, one.value, one.rows) == ("size", "many", 20 * MIN_ROWS)
    assert one.metrics["auc"] == Interval(value=1, low=1, high=1)
    assert one.loss.high < 0
    parts = sliced(["ten"] * 10 + ["nine"] * 9 + ["many"] * 181)
    assert [part.value for part in parts] == ["many", "ten"]


def test_a_champion_that_cannot_be_compared_is_named(
    versions: Versions, make_version: Made, shop: Contract
) -> None:
    rows = rows_of(shop, 600)
    assert champion(versions, rows) == {}
    promote(versions, str(make_version(0.25).number))
    assert champion(versions, rows)["champion"].all()["auc"] == 0.5
    fewer = replace(rows, table=rows.table.drop_columns(["city"]))
    with pytest.raises(DataError, match=r"version 1 cannot be compared.*'city'"):
        champion(versions, fewer)
    with pytest.raises(DataError, match=r"its task is binary: give the contract another name"):
        champion(versions, replace(rows, contract=shop_of("regression")))
