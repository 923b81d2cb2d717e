"""Features that alone tell the target are named; what merely helps is not."""

import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.leakage import tell_alone, telling

from ..conftest import LABELS, shop_of
from ..synthesized import synthesize

N_ROWS = 4_000
DAY = 86_400 * 10**6
RANDOM = np.random.default_rng(7)
LATE = RANDOM.random(N_ROWS) < 0.3
NOISE = RANDOM.normal(size=N_ROWS)


def told(contract: Contract, target: Any = LATE, **features: Any) -> dict[str, float]:
    """The features that tell the target, where some of them hold these values."""
    made = synthesize(contract, N_ROWS)
    for name, values in {contract.target: target, **features}.items():
        place = made.column_names.index(name)
        made = made.set_column(place, name, pa.array(values, from_pandas=True))
    return dict(tell_alone(pl.DataFrame(pl.from_arrow(made)), contract))


def ruled(contract: Contract, head: dict[str, Any] | None = None, **columns: Any) -> Contract:
    values = json.loads(contract.text) | (head or {})
    for name, keys in columns.items():
        values["columns"][name] |= keys
    return Contract.model_validate(values)


LEAKS: dict[str, tuple[str, Any]] = {
    "the target and noise": ("price", 500 + 100 * LATE + 10 * NOISE),
    "the target the other way round": ("price", 500 - 100 * LATE + 10 * NOISE),
    "a number in the middle of others": ("price", 500 + np.where(LATE, 0.01, 90) * NOISE),
    "a whole number": ("items", 1 + LATE.astype(int)),
    "a number that is missing": ("price", np.where(LATE, np.nan, 500 + NOISE)),
    "a category": ("city", np.where(LATE, "Lyon", "Caen")),
    "some of many categories": ("city", [f"{late}{i % 40}" for i, late in enumerate(LATE)]),
    "a category that is missing": ("city", [None if late else "Lyon" for late in LATE]),
    "a flag": ("gift", ~LATE),
    "a time": ("at", pa.array(np.where(LATE, DAY, 0)).cast(pa.timestamp("us", "UTC"))),
}


@pytest.mark.parametrize("how", LEAKS)
def test_a_feature_that_tells_the_target_is_named(shop: Contract, how: str) -> None:
    name, values = LEAKS[how]
    found = told(shop, **{name: values})
    assert list(found) == [name]
    assert 0.98 <= found[name] <= 1.0


HONEST: dict[str, tuple[str, Any]] = {
    "noise": ("price", 500 + NOISE),
    "a number that helps": ("price", 500 + 100 * LATE + 100 * NOISE),
    "a category of its own for each row": ("city", [f"c-{i}" for i in range(N_ROWS)]),
    "a category for every two rows": ("city", [f"c-{i // 2}" for i in range(N_ROWS)]),
    "a constant": ("items", np.full(N_ROWS, 3)),
    "a constant category": ("city", ["Lyon"] * N_ROWS),
    "nothing but gaps": ("city", pa.nulls(N_ROWS, pa.string())),
    "nothing but missing numbers": ("price", np.full(N_ROWS, np.nan)),
    "a flag that is right 9 times of 10": ("gift", LATE ^ (np.arange(N_ROWS) % 10 == 0)),
}


@pytest.mark.parametrize("how", HONEST)
def test_an_honest_feature_is_not_named(shop: Contract, how: str) -> None:
    name, values = HONEST[how]
    assert told(shop, **{name: values}) == {}


def test_synthesised_features_are_honest(contract: Contract, shop: Contract) -> None:
    for one in (contract, shop):
        rows = pl.DataFrame(pl.from_arrow(synthesize(one, N_ROWS, seed=5)))
        assert dict(tell_alone(rows, one)) == {}


def test_a_rare_target_is_told_by_a_few_large_numbers(shop: Contract) -> None:
    rare = np.quantile(NOISE, 0.99) < NOISE
    assert list(told(shop, target=rare, price=500 + NOISE)) == ["price"]
    assert told(shop, target=rare, price=500 + np.roll(NOISE, 1)) == {}


def test_a_target_of_one_value_is_told_by_nothing(shop: Contract) -> None:
    for value in (True, False):
        assert told(shop, target=np.full(N_ROWS, value), price=500 + NOISE) == {}


def test_the_positive_value_is_the_contracts(shop: Contract) -> None:
    late = np.where(LATE, "late", "early")
    other = ruled(shop, {"positive": "late"}, returned={"type": "category"})
    assert list(told(other, target=late, city=late)) == ["city"]


def test_what_is_no_feature_is_not_looked_at(shop: Contract) -> None:
    assert told(shop, refund=500.0 + 100 * LATE) == {}
    leaking = ruled(shop, price={"leaks": True})
    assert told(leaking, price=500.0 + 100 * LATE) == {}


KIND = RANDOM.choice(3, N_ROWS, p=[0.5, 0.3, 0.2])
WORTH = RANDOM.normal(100, 20, N_ROWS)
OTHERS: dict[str, tuple[str, Any]] = {
    "multiclass": ("city", [LABELS[kind] for kind in KIND]),
    "regression": ("price", WORTH.clip(-50, 250)),
}
TELLING: list[tuple[str, str, Any]] = [
    ("multiclass", "city", [f"at {kind}" for kind in KIND]),
    ("multiclass", "price", 100.0 * KIND),
    ("multiclass", "items", KIND + 1),
    ("regression", "price", 500 - 2 * WORTH),
    ("regression", "price", np.exp(WORTH / 50)),
    ("regression", "items", 1 + (WORTH // 2).clip(0).astype(int)),
]
SILENT: list[tuple[str, str, Any]] = [
    ("multiclass", "price", 500 + NOISE),
    ("multiclass", "price", 500 + 10.0 * KIND + 10 * NOISE),
    ("multiclass", "city", [f"c-{i}" for i in range(N_ROWS)]),
    ("multiclass", "city", ["Lyon"] * N_ROWS),
    ("multiclass", "gift", KIND == 0),
    ("regression", "price", 500 + NOISE),
    ("regression", "price", 500 + WORTH + 10 * NOISE),
    ("regression", "city", [f"c-{i}" for i in range(N_ROWS)]),
    ("regression", "gift", WORTH > 100),
    ("regression", "price", np.full(N_ROWS, np.nan)),
]


@pytest.mark.parametrize(("task", "name", "values"), TELLING)
def test_a_feature_that_tells_the_target_of_another_task_is_named(
    task: str, name: str, values: Any
) -> None:
    found = told(shop_of(task), target=OTHERS[task][1], **{name: values})
    assert list(found) == [name]
    assert 0.98 <= found[name] <= 1


@pytest.mark.parametrize(("task", "name", "values"), SILENT)
def test_an_honest_feature_of_another_task_is_not_named(task: str, name: str, values: Any) -> None:
    assert told(shop_of(task), target=OTHERS[task][1], **{name: values}) == {}


def share(values: Any, target: Any, task: str) -> float:
    return telling(pl.Series(values), pl.Series(target), task)


def test_telling_is_the_share_of_errors_avoided_or_of_variance_explained() -> None:
    half = np.where(np.arange(N_ROWS) % 2 == 0, KIND, -1)  # every other row is told
    names = [LABELS[kind] for kind in KIND]
    assert share(half, names, "multiclass") == pytest.approx(0.5, abs=0.05)
    assert share(WORTH + 20 * NOISE, WORTH, "regression") == pytest.approx(0.5, abs=0.07)
    for task, target in (("multiclass", names), ("regression", WORTH)):
        assert share(NOISE, target, task) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_target_of_one_value_of_another_task_is_told_by_nothing(task: str) -> None:
    same = [LABELS[0]] * N_ROWS if task == "multiclass" else [5.0] * N_ROWS
    assert share(NOISE, same, task) == 0
    assert share([], [], "binary") == 0.5


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_synthesised_features_of_another_task_are_honest(task: str) -> None:
    rows = pl.DataFrame(pl.from_arrow(synthesize(shop_of(task), N_ROWS, seed=5)))
    assert dict(tell_alone(rows, shop_of(task))) == {}
