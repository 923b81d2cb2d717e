"""Features that alone predict the target are named; what merely helps is not."""

import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.leakage import suspects

from ..conftest import LABELS, TASKS, shop_of
from ..synthesized import synthesize

N_ROWS = 4_000
DAY = 86_400 * 10**6
RANDOM = np.random.default_rng(7)
LATE = RANDOM.random(N_ROWS) < 0.3
NOISE = RANDOM.normal(size=N_ROWS)
RARE = np.quantile(NOISE, 0.99) < NOISE
KIND = RANDOM.choice(3, N_ROWS, p=[0.5, 0.3, 0.2])
WORTH = RANDOM.normal(100, 20, N_ROWS)
EACH = [f"c-{i}" for i in range(N_ROWS)]
TARGETS: dict[str, Any] = {
    "binary": LATE,
    "rare": RARE,
    "multiclass": [LABELS[kind] for kind in KIND],
    "regression": WORTH.clip(-50, 250),
    "constant": np.zeros(N_ROWS, bool),
}


def named(task: str, name: str, values: Any, **changes: Any) -> dict[str, float]:
    """The features that are named, where one of them holds these values."""
    content = json.loads(shop_of(task if task in TASKS else "binary").text)
    content["columns"][name] |= changes
    contract = Contract.model_validate(content)
    rows = synthesize(contract, N_ROWS)
    for column, cells in ((contract.target, TARGETS[task]), (name, values)):
        place = rows.column_names.index(column)
        rows = rows.set_column(place, column, pa.array(cells, from_pandas=True))
    return suspects(pl.DataFrame(pl.from_arrow(rows)), contract)


LEAKS: list[tuple[str, str, Any]] = [
    ("binary", "price", np.where(LATE, np.nan, 500 + NOISE)),
    ("binary", "items", 1 + LATE.astype(int)),
    ("binary", "city", [f"{late}{i % 40}" for i, late in enumerate(LATE)]),
    ("binary", "gift", ~LATE),
    ("binary", "at", pa.array(np.where(LATE, DAY, 0)).cast(pa.timestamp("us", "UTC"))),
    ("rare", "price", 500 + NOISE),
    ("multiclass", "city", [f"at {kind}" for kind in KIND]),
    ("regression", "price", np.exp(WORTH / 50)),
]
HONEST: list[tuple[str, str, Any]] = [
    ("binary", "price", 500 + 100 * LATE + 100 * NOISE),
    ("binary", "city", EACH),
    ("binary", "city", pa.nulls(N_ROWS, pa.string())),
    ("constant", "price", 500 + NOISE),
    ("binary", "gift", LATE ^ (np.arange(N_ROWS) % 10 == 0)),
    ("rare", "price", 500 + np.roll(NOISE, 1)),
    ("regression", "price", 500 + WORTH + 10 * NOISE),
]


@pytest.mark.parametrize(("task", "name", "values"), LEAKS)
def test_a_feature_that_predicts_the_target_is_named(task: str, name: str, values: Any) -> None:
    shares = named(task, name, values)
    assert list(shares) == [name]
    assert 0.98 <= shares[name] <= 1


@pytest.mark.parametrize(("task", "name", "values"), HONEST)
def test_an_honest_feature_is_not_named(task: str, name: str, values: Any) -> None:
    assert named(task, name, values) == {}


def test_what_is_no_feature_is_not_looked_at() -> None:
    assert named("binary", "refund", 500.0 + 100 * LATE) == {}
    assert named("binary", "price", 500.0 + 100 * LATE, leaks=True) == {}
