"""Which rows belong together, and what drawing them again says."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_columns
from {{ cookiecutter.__package }}.models.intervals import (
    DRAWN_BLOCKS,
    MOST_BLOCKS,
    Bootstrap,
    Interval,
)
from {{ cookiecutter.__package }}.models.metrics import Scores
from {{ cookiecutter.__package }}.training.rows import Rows, blocks
from {{ cookiecutter.__package }}.values import MISSING_TIME

from ..models.conftest import part_of

Floats = np.ndarray[Any, np.dtype[np.float64]]


def rows_of(inputs: Inputs, **columns: list[Any]) -> Rows:
    table = pa.table(columns or {"none": [None] * len(inputs)})
    return Rows(table=table, inputs=inputs, labels=np.zeros(len(inputs)))


def bootstrap_of(block: Any, resamples: int = 500, seed: int = 0) -> Bootstrap:
    return Bootstrap(block=block, unit="rows", resamples=resamples, confidence=0.95, seed=seed)


def interval_of(scores: Scores, bootstrap: Bootstrap, metric: str) -> Interval:
    values = scores.all()
    return bootstrap.interval(values[metric], bootstrap.draw(scores, values)[metric])


def test_a_block_is_a_local_day(shop: Contract) -> None:
    contract = part_of(shop, "at")
    moments = [
        datetime(2024, 1, 5, 22, 59, tzinfo=UTC),  # 23:59 in Paris
        datetime(2024, 1, 5, 23, 0, tzinfo=UTC),
        datetime(2024, 1, 6, 22, 59, tzinfo=UTC),
        datetime(2024, 1, 4, 23, 30, tzinfo=UTC),
        datetime(2024, 1, 8, 12, tzinfo=UTC),
    ]
    found = blocks(contract, rows_of(from_columns(contract, {"at": moments}, 5)), {})
    assert (found.of.tolist(), found.unit) == ([0, 1, 1, 0, 2], "days")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_rows_without_a_time_are_a_block_of_their_own(shop: Contract, zone: str) -> None:
    contract = part_of(shop, "at", timezone=zone)
    some, none = (
        blocks(contract, rows_of(from_columns(contract, {"at": at}, len(at))), {}).of.tolist()
        for at in ([0, MISSING_TIME, 1, None], [None, None])
    )
    assert some[0] == some[2] != some[1] == some[3]
    assert none == [0, 0]


def test_without_a_time_each_row_is_a_block(shop: Contract) -> None:
    contract = part_of(shop, "price")
    found = blocks(contract, rows_of(from_columns(contract, {"price": [1.0, 1.0, 2.0]}, 3)), {})
    assert (found.of.tolist(), found.unit) == ([0, 1, 2], "rows")


@pytest.mark.parametrize("kept", ["price", "at"])
def test_the_group_of_the_split_is_the_block(shop: Contract, kept: str) -> None:
    contract = part_of(shop, kept)
    inputs = from_columns(contract, {kept: [1, 1, 100_000, 100_000]}, 4)
    split = {"by": "group", "group": "city"}
    rows = rows_of(inputs, city=["b", "a", "b", None])
    found = blocks(contract, rows, split)
    assert len(set(found.of.tolist())) == 3
    assert found.of[0] == found.of[2]
    assert found.unit == "values of city"


def test_a_group_that_the_dataset_does_not_keep_is_told(shop: Contract) -> None:
    contract = part_of(shop, "price")
    inputs = from_columns(contract, {"price": [1.0, 2.0]}, 2)
    found = blocks(contract, rows_of(inputs), {"by": "group", "group": "name"})
    assert found.of.tolist() == [0, 1]
    assert found.unit == "rows (datasets do not keep 'name', which is personal)"


def test_a_draw_has_as_many_blocks_as_there_are() -> None:
    bootstrap = bootstrap_of(np.array([0, 0, 1, 2]), resamples=50)
    assert bootstrap.counts.shape == (50, 3)
    assert (bootstrap.counts.sum(1) == 3).all()
    assert str(bootstrap) == "95% intervals over 3 rows"


def scores_of(n_rows: int) -> Scores:
    random = np.random.default_rng(0)
    labels = (random.random(n_rows) < 0.4).astype(float)
    return Scores(labels, 1 / (1 + np.exp(-random.normal(0, 1, n_rows) - labels)), 0.6)


def test_many_rows_are_drawn_in_groups_with_intervals_as_wide() -> None:
    scores = scores_of(MOST_BLOCKS + 1)
    grouped = bootstrap_of(np.arange(MOST_BLOCKS + 1), resamples=2_000)
    assert grouped.n_blocks == MOST_BLOCKS + 1
    assert grouped.counts.shape[1] == DRAWN_BLOCKS
    assert np.bincount(grouped.drawn).min() >= 2
    by_row = np.random.default_rng(1).multinomial(
        MOST_BLOCKS + 1, np.full(MOST_BLOCKS + 1, 1 / (MOST_BLOCKS + 1)), 2_000
    )
    rows = scores.draws(np.arange(MOST_BLOCKS + 1), by_row.astype(float))
    for metric, values in grouped.draw(scores, scores.all()).items():
        assert values.std() == pytest.approx(rows[metric].std(), rel=0.15), metric


def test_a_metric_that_noise_raises_is_drawn_about_its_value() -> None:
    scores = scores_of(600)
    for metric in scores.all():
        found = interval_of(scores, bootstrap_of(np.arange(600)), metric)
        assert 0 <= found.low < found.value < found.high


def test_an_interval_is_told_with_as_many_digits_as_wanted() -> None:
    interval = Interval(value=0.75, low=0.7, high=0.8)
    assert f"{interval}" == str(interval) == "0.7500 [0.7000, 0.8000]"
    assert f"{interval:.2f}" == "0.75 [0.70, 0.80]"


def world(seed: int, n_days: int, per_day: int = 40) -> tuple[Scores, Any]:
    """Days whose rows share how often they are positive and how well they are told."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(n_days), per_day)
    rate = 1 / (1 + np.exp(-random.normal(-0.5, 1.0, n_days)))
    labels = (random.random(len(day)) < rate[day]).astype(float)
    skill = random.normal(1.0, 1.0, n_days)[day]
    score = skill * (labels - 0.5) + random.normal(0, 1, len(day))
    return Scores(labels, 1 / (1 + np.exp(-score))), day


def test_tails_lie_farther_out_the_fewer_blocks_there_are() -> None:
    few, many = (bootstrap_of(np.arange(n)).tails[0] for n in (5, 1_000))
    assert few == pytest.approx(0.00095, abs=5e-5)  # of Φ at √(5/4) times 2.776
    assert many == pytest.approx(0.025, abs=2e-4)


def test_one_block_tells_no_interval() -> None:
    found = bootstrap_of(np.zeros(10, int)).interval(0.7, np.full(500, 0.7))
    assert np.isnan([found.low, found.high]).all()
    assert str(found) == "0.7000 [unknown]"


def test_many_intervals_that_hold_together_are_wider() -> None:
    bootstrap, draws = bootstrap_of(np.arange(200)), np.random.default_rng(0).normal(0, 1, 500)
    alone, together = (bootstrap.interval_of_many(0.0, draws, many) for many in (1, 40))
    plain = bootstrap.interval(0.0, draws)
    assert alone.low == pytest.approx(plain.low, abs=0.2)
    assert together.high == pytest.approx(3.27 * draws.std(), abs=0.1)  # t of 0.05 / 40


@pytest.mark.slow
def test_intervals_over_days_cover_what_those_over_rows_miss() -> None:
    truth = world(10**6, 20_000)[0].all()
    metrics, n_worlds = ("auc", "auc_pr", "log_loss", "brier", "f1"), 150
    covered = np.zeros((len(metrics), 2))
    for seed in range(n_worlds):
        scores, day = world(seed, 60)
        values = scores.all()
        for k, block in enumerate((day, np.arange(len(day)))):
            bootstrap = bootstrap_of(block, 200, seed)
            draws = bootstrap.draw(scores, values)
            for index, metric in enumerate(metrics):
                found = bootstrap.interval(values[metric], draws[metric])
                covered[index, k] += found.low <= truth[metric] <= found.high
    by_day, by_row = (covered / n_worlds).T
    assert (by_day >= 0.9).all()
    assert (by_row < 0.8).all()
