"""Which split a row belongs to by its day, its id or its group, and that it stays there."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend
from pydantic import TypeAdapter

from {{ cookiecutter.__package }}.config import SplitConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import SPLITS, assign
from {{ cookiecutter.__package }}.errors import ConfigError

Settings = dict[str, Any]
Splits = Callable[[pa.Table, Settings], list[str]]
CONFIG: TypeAdapter[SplitConfig] = TypeAdapter(SplitConfig)
DATE: Settings = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
HASH: Settings = {"by": "hash", "validation": 0.1, "test": 0.2}
GROUP: Settings = HASH | {"by": "group", "group": "city"}
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[Backend]:
    engine = ibis.duckdb.connect()
    yield engine
    engine.disconnect()


@pytest.fixture
def splits(engine: Backend, shop: Contract) -> Splits:
    """The split of each row, in the order of the rows."""

    def found(rows: pa.Table, settings: Settings) -> list[str]:
        table = ibis.memtable(rows.append_column("n", pa.array(range(len(rows)))))
        place = assign(table, shop, CONFIG.validate_python(settings))
        made = engine.to_pyarrow(table.select("n", place=place).order_by("n"))["place"]
        assert made.type == pa.int8()
        return [SPLITS[place] for place in made.to_pylist()]

    return found


def orders(count: int, first: int = 0, returned: bool | None = None) -> pa.Table:
    """Rows from ``first`` on, of 400 cities; one of ten was returned, unless ``returned`` says."""
    numbers = range(first, count)
    flags = [number % 10 == 0 if returned is None else returned for number in numbers]
    return pa.table(
        {
            "order": [f"o-{number}" for number in numbers],
            "at": [NOON] * len(numbers),
            "city": [f"city {number * 7 % 400}" for number in numbers],
            "returned": flags,
        }
    )


# the shop is in Paris: an hour before UTC in winter, two in summer
MOMENTS = {
    "2024-02-29T22:59:59.999999": "train",
    "2024-02-29T23:00:00": "validation",
    "2024-03-31T21:59:59.999999": "validation",
    "2024-03-31T22:00:00": "test",
    "1970-01-01T00:00:00": "train",
    "2124-01-01T00:00:00": "test",
}


def test_a_row_belongs_to_the_split_of_its_local_day(splits: Splits) -> None:
    at = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in MOMENTS]
    assert splits(pa.table({"at": at}), DATE) == list(MOMENTS.values())


def test_a_row_belongs_to_the_split_of_the_md5_of_its_label_and_id(splits: Splits) -> None:
    def expected(row: dict[str, Any]) -> str:
        key = f"autumn:{str(row['returned']).lower()}:{row['order']}"
        digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
        share = int(digest[:8], 16) / 16**8
        return "test" if share < 0.2 else "validation" if share < 0.2 + 0.1 else "train"

    rows = orders(200)
    assert splits(rows, HASH | {"salt": "autumn"}) == [expected(row) for row in rows.to_pylist()]


def test_each_label_is_drawn_by_itself_in_the_shares_that_were_asked(splits: Splits) -> None:
    rows = orders(20_000)
    labels = rows["returned"].to_pylist()
    found = Counter(zip(labels, splits(rows, HASH), strict=True))
    for label in (True, False):
        counts = [found[label, split] for split in ("train", "validation", "test")]
        assert np.allclose(np.array(counts) / sum(counts), [0.7, 0.1, 0.2], atol=0.02)
    sold, returned = (splits(orders(500, returned=label), HASH) for label in (False, True))
    assert sold != returned


@pytest.mark.parametrize("settings", [HASH, GROUP], ids=["hash", "group"])
def test_no_row_moves_when_rows_are_added(splits: Splits, settings: Settings) -> None:
    first = splits(orders(2_000), settings)
    assert splits(orders(4_000), settings)[:2_000] == first
    backwards = orders(4_000).take(pa.array(range(3_999, -1, -1)))
    assert splits(backwards, settings)[2_000:] == first[::-1]


@pytest.mark.parametrize("settings", [HASH, GROUP], ids=["hash", "group"])
def test_another_salt_draws_another_split(splits: Splits, settings: Settings) -> None:
    rows = orders(4_000)
    plain, salted = (splits(rows, settings | {"salt": salt}) for salt in ("", "x"))
    same = np.mean([a == b for a, b in zip(plain, salted, strict=True)])
    assert same == pytest.approx(0.7**2 + 0.1**2 + 0.2**2, abs=0.1)


def test_no_group_is_in_two_splits(splits: Splits) -> None:
    rows = orders(4_000)
    met = set(zip(rows["city"].to_pylist(), splits(rows, GROUP), strict=True))
    assert len(met) == 400
    shares = Counter(split for _, split in met)
    assert shares["validation"] / 400 == pytest.approx(0.1, abs=0.05)
    assert shares["test"] / 400 == pytest.approx(0.2, abs=0.06)


def test_rows_whose_group_is_missing_are_one_group(splits: Splits) -> None:
    rows = orders(300).set_column(2, "city", pa.nulls(300, pa.string()))
    drawn = [set(splits(rows, GROUP | {"salt": str(salt)})) for salt in range(9)]
    assert {len(found) for found in drawn} == {1}
    assert set.union(*drawn) == set(SPLITS)


def test_a_group_may_be_of_any_type(splits: Splits) -> None:
    rows = orders(300)
    for kind in (pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us", "UTC")):
        numbers = pa.array([number % 2 for number in range(300)]).cast(pa.int64())
        grouped = rows.set_column(2, "city", numbers.cast(kind))
        found = splits(grouped, GROUP | {"salt": "2"})
        assert len(set(found[::2])) == len(set(found[1::2])) == 1


# what the contract lacks, the settings → what the message says
REFUSED: list[tuple[Settings, Settings, list[str]]] = [
    ({"time": None}, DATE, ["needs a time", "time: in contract.yaml", "by: hash"]),
    ({"id": None}, HASH, ["needs an id", "id: in contract.yaml", "by: group"]),
    ({}, GROUP | {"group": "customer"}, ["data.split.group", "'customer'", "order, at, price"]),
    ({}, GROUP | {"group": "_source_row"}, ["data.split.group", "'_source_row'"]),
]


@pytest.mark.parametrize(("lacks", "settings", "words"), REFUSED)
def test_a_column_that_the_contract_has_not_is_told(
    shop: Contract, lacks: Settings, settings: Settings, words: list[str]
) -> None:
    table = ibis.memtable(orders(1))
    with pytest.raises(ConfigError) as caught:
        assign(table, shop.model_copy(update=lacks), CONFIG.validate_python(settings))
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_group_needs_no_id(shop: Contract) -> None:
    table = ibis.memtable(orders(1))
    place = assign(
        table, shop.model_copy(update={"id": None, "time": None}), CONFIG.validate_python(GROUP)
    )
    assert place.type().is_int8()
