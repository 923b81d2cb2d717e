"""Features that alone tell the target are named; what merely helps is not."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.leakage import tell_alone
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.data.validate import conform

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
    return dict(tell_alone(conform(made, contract), contract))


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
        rows = conform(synthesize(one, N_ROWS, seed=5), one)
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
