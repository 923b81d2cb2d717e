"""Rows made from a contract alone; that they keep its rules is tested with the rules."""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import START, synthesize
from {{ cookiecutter.__package }}.data.validate import check, conform
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import LABELS, TASKS, shop_of


@pytest.fixture(params=["own", *TASKS])
def any_contract(request: pytest.FixtureRequest, contract: Contract) -> Contract:
    return contract if request.param == "own" else shop_of(request.param)


def test_rows_have_the_contracts_columns_in_order(any_contract: Contract) -> None:
    made = synthesize(any_contract, 50)
    assert made.column_names == list(any_contract.columns)
    assert len(made) == 50


def test_a_seed_gives_the_same_rows_again(any_contract: Contract) -> None:
    first = synthesize(any_contract, 200, seed=1)
    assert synthesize(any_contract, 200, seed=1).equals(first)
    assert not synthesize(any_contract, 200, seed=2).equals(first)


def test_ids_are_unique_and_times_in_order(shop: Contract) -> None:
    made = synthesize(shop, 500, days=10)
    times = made["at"].to_pylist()
    assert len(set(made["order"].to_pylist())) == 500
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + timedelta(days=10)


def test_gaps_are_in_nullable_columns_only(any_contract: Contract) -> None:
    made = synthesize(any_contract, 1_000)
    gaps = {name for name in made.column_names if made[name].null_count}
    assert gaps == {name for name, column in any_contract.columns.items() if column.nullable}


def test_both_classes_are_there_and_follow_the_features(shop: Contract) -> None:
    made = synthesize(shop, 4_000, start=datetime(2030, 1, 1, tzinfo=UTC))
    hit = np.asarray(made["returned"].to_pylist(), float)
    assert 0.2 < hit.mean() < 0.8
    price = np.asarray(pc.fill_null(made["price"], 0.0))
    assert np.corrcoef(price, hit)[0, 1] > 0.2


TARGETS = [
    ({"type": "boolean"}, False),
    ({"type": "integer"}, 1),
    ({"type": "integer", "minimum": 0, "maximum": 1}, 1),
    ({"type": "integer", "minimum": 0, "maximum": 1}, 0),
    ({"type": "integer", "minimum": 1, "maximum": 2}, 2),
    ({"type": "integer", "minimum": 1, "maximum": 2}, 1),
    ({"type": "category", "allowed": ["good", "bad"]}, "bad"),
    ({"type": "category"}, "bad"),
]


@pytest.mark.parametrize(("column", "positive"), TARGETS)
def test_a_target_of_any_type_has_two_values(
    shop: Contract, column: dict[str, object], positive: object
) -> None:
    values = shop.model_dump()
    values["columns"]["returned"] = column
    contract = Contract.model_validate(values | {"positive": positive})
    made = synthesize(contract, 300)
    assert check(conform(made, contract), contract).rejected is None
    found = set(made["returned"].to_pylist())
    assert len(found) == 2
    assert positive in found


def test_every_label_is_there_in_the_order_of_the_features() -> None:
    made = synthesize(shop_of("multiclass"), 4_000)
    ranks = np.array([LABELS.index(label) for label in made["returned"].to_pylist()])
    assert np.bincount(ranks).min() > 1_000
    price = np.asarray(pc.fill_null(made["price"], 0.0))
    assert np.corrcoef(price, ranks)[0, 1] > 0.2


@pytest.mark.parametrize(
    "column",
    [
        {"type": "float"},
        {"type": "float", "minimum": 5, "maximum": 5.5},
        {"type": "float", "maximum": -1e3},
        {"type": "integer", "minimum": 0, "maximum": 3},
        {"type": "float", "minimum": -1e300, "maximum": 1e300},
    ],
)
def test_values_to_predict_vary_within_their_range(column: dict[str, object]) -> None:
    values = shop_of("regression").model_dump(mode="json")
    values["columns"]["returned"] = column
    contract = Contract.model_validate(values)
    made = synthesize(contract, 1_000)
    assert check(conform(made, contract), contract).rejected is None
    assert np.isfinite(np.asarray(made["returned"], np.float32)).all()
    price = np.asarray(pc.fill_null(made["price"], 0.0))
    assert np.corrcoef(price, np.asarray(made["returned"], float) / 1e30)[0, 1] > 0.2


FEATURES: list[dict[str, object]] = [
    {"type": "float"},
    {"type": "float", "maximum": -500},
    {"type": "float", "minimum": -1e300, "maximum": 1e300},
    {"type": "integer"},
    {"type": "integer", "minimum": 0.5, "maximum": 2.5},
    {"type": "integer", "minimum": 0, "maximum": 2**40},
    {"type": "boolean"},
    {"type": "category"},
    {"type": "category", "allowed": ["a", "b"]},
    {"type": "category", "allowed": [str(number) for number in range(500)]},
    {"type": "timestamp"},
]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("column", FEATURES, ids=str)
def test_whatever_the_only_feature_is_the_target_follows_it(
    task: str, column: dict[str, object]
) -> None:
    head = shop_of(task).model_dump(mode="json")
    head |= {"id": None, "time": None, "timezone": "Asia/Tokyo"}
    head["columns"] = {"x": column, "returned": head["columns"]["returned"]}
    contract = Contract.model_validate(head)
    made = conform(synthesize(contract, 3_000), contract)
    assert check(made, contract).rejected is None
    x = seen(made["x"], contract)
    labels = task_of(contract).encode(made["returned"].to_pylist())
    means = np.array([labels[x == value].mean() for value in np.unique(x)])
    shares = np.array([(x == value).mean() for value in np.unique(x)])
    explained = (shares * (means - labels.mean()) ** 2).sum() / labels.var()
    assert explained > 0.3


def seen(values: pa.ChunkedArray, contract: Contract) -> npt.NDArray[np.int64]:
    """A few bins of what a model sees: hours of a time, float32 numbers, categories."""
    kind = contract.columns["x"].type
    if kind == "timestamp":
        local = values.cast(pa.timestamp("us", contract.timezone))
        return np.asarray(pc.hour(local))
    if kind in {"category", "boolean"}:
        return np.unique(np.array(values.to_pylist(), str), return_inverse=True)[1]
    numbers = np.asarray(values, np.float32)
    assert np.isfinite(numbers).all()
    edges = np.quantile(numbers, np.linspace(0, 1, 13)[1:-1])
    return np.searchsorted(edges, numbers)
