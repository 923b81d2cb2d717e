"""Which split a row belongs to by its day, its id or its group, and that it stays there."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from {{ cookiecutter.__package }}.config import DateSplit, HashSplit
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import SPLITS, assigner
from {{ cookiecutter.__package }}.errors import ConfigError

Settings = dict[str, Any]
Splits = Callable[..., list[str]]
CONFIG: TypeAdapter[DateSplit | HashSplit] = TypeAdapter(DateSplit | HashSplit)
DATE: Settings = {"validation_from": "2024-03-01", "test_from": "2024-04-01"}
HASH: Settings = {"by": "hash", "validation": 0.1, "test": 0.2}
GROUP: Settings = HASH | {"by": "group", "group": "city"}
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def splits(shop: Contract) -> Splits:
    """The split of each row, in the order of the rows."""

    def found(rows: pa.Table, settings: Settings, **head: Any) -> list[str]:
        contract = shop.model_copy(update=head)
        columns = {n: c for n, c in contract.columns.items() if n in rows.column_names}
        contract = contract.model_copy(update={"columns": columns})
        places = assigner(contract, CONFIG.validate_python(settings))(rows)
        assert places.dtype == np.int8
        return [SPLITS[place] for place in places.tolist()]

    return found


def orders(count: int, first: int = 0, returned: bool | None = None) -> pa.Table:
    """Rows from ``first`` on, of 400 cities; one of ten was returned, unless ``returned`` says."""
    numbers = range(first, count)
    flags = [number % 10 == 0 if returned is None else returned for number in numbers]
    return pa.table(
        {
            "order": [f"o-{number}" for number in numbers],
            "at": pa.array([NOON] * len(numbers), pa.timestamp("us", "UTC")),
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
    rows = pa.table({"at": pa.array(at, pa.timestamp("us", "UTC"))})
    assert splits(rows, DATE) == list(MOMENTS.values())


# written down once: rows must not move between splits from one release to the next
DRAWN = {
    "hash": "REERRREREVERRRRRRRRE",
    "group": "EVRRERRVRRREERRERRVR",
}


@pytest.mark.parametrize("settings", [HASH, GROUP], ids=["hash", "group"])
def test_a_row_stays_in_its_split_from_release_to_release(
    splits: Splits, settings: Settings
) -> None:
    letters = {"train": "R", "validation": "V", "test": "E"}
    found = "".join(letters[split] for split in splits(orders(20), settings | {"salt": "autumn"}))
    assert found == DRAWN[settings["by"]]


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
    drawn = [set(splits(rows, GROUP | {"salt": str(salt)})) for salt in range(40)]
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
    ({}, GROUP | {"group": "customer"}, ["data.split.group", "'customer'", "order, at, price"]),
    ({}, GROUP | {"group": "_source_row"}, ["data.split.group", "'_source_row'"]),
]


@pytest.mark.parametrize(("lacks", "settings", "words"), REFUSED)
def test_a_column_that_the_contract_has_not_is_told(
    shop: Contract, lacks: Settings, settings: Settings, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        assigner(shop.model_copy(update=lacks), CONFIG.validate_python(settings))
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_group_needs_no_id(splits: Splits) -> None:
    rows = orders(300)
    nameless = splits(rows.drop_columns(["order"]), GROUP, id=None, time=None)
    assert nameless == splits(rows, GROUP)


def test_without_an_id_rows_are_drawn_in_the_shares_that_were_asked(splits: Splits) -> None:
    found = Counter(splits(orders(20_000).drop_columns(["at"]), HASH, id=None, time=None))
    assert found["train"] / 20_000 == pytest.approx(0.7, abs=0.02)
    assert found["validation"] / 20_000 == pytest.approx(0.1, abs=0.02)
    assert found["test"] / 20_000 == pytest.approx(0.2, abs=0.02)


def test_without_an_id_rows_that_are_equal_are_in_one_split(splits: Splits) -> None:
    rows = orders(500).drop_columns(["order"])
    rows = rows.append_column("price", pa.array([number % 50 / 7 for number in range(500)]))
    rows = rows.append_column("name", pa.array([None] * 500, pa.string()))
    twice = splits(pa.concat_tables([rows, rows]), HASH, id=None)
    assert twice[:500] == twice[500:] == splits(rows, HASH, id=None)
    cut = [part for at in range(0, 500, 7) for part in splits(rows.slice(at, 7), HASH, id=None)]
    assert cut == twice[:500]


def test_without_an_id_a_row_that_differs_in_one_value_may_be_elsewhere(splits: Splits) -> None:
    rows = orders(2_000).drop_columns(["order"])
    other = rows.set_column(
        rows.column_names.index("returned"),
        "returned",
        pa.array([not flag for flag in rows["returned"].to_pylist()]),
    )
    pairs = zip(splits(rows, HASH, id=None), splits(other, HASH, id=None), strict=True)
    same = np.mean([a == b for a, b in pairs])
    assert same == pytest.approx(0.7**2 + 0.1**2 + 0.2**2, abs=0.1)


def test_a_value_that_is_learned_draws_no_row_of_its_own(splits: Splits) -> None:
    """Of a regression the target is no part of the key; rows with an id keep their split."""
    rows, settings = orders(2_000), {"task": "regression", "positive": None}
    other = rows.set_column(rows.column_names.index("returned"), "returned", rows["order"])
    assert splits(rows, HASH, **settings) == splits(other, HASH, **settings)


def test_texts_are_drawn_alike_plain_or_in_a_dictionary(splits: Splits) -> None:
    rows = orders(500)
    place = rows.column_names.index("city")
    encoded = rows.set_column(place, "city", rows["city"].dictionary_encode())
    for settings in (HASH, GROUP):
        assert splits(encoded, settings) == splits(rows, settings)
