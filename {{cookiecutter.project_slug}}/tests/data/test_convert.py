"""Which texts and values are accepted as what; and that every way of reading them agrees."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from {{ cookiecutter.__package }}.contract import ColumnType
from {{ cookiecutter.__package }}.data.convert import (
    ARROW_TYPES,
    canonical,
    from_text,
    from_values,
    judged,
    plainly,
)
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.values import (
    canonical_category,
    epoch_seconds,
)

from .cells import CATEGORIES, KINDS, UTC_ZONE

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_its_value_or_is_refused(kind: ColumnType) -> None:
    texts = pa.array(KINDS[kind], pa.string())
    found = from_text(texts, kind, NEW_YORK)
    assert found.type == ARROW_TYPES[kind]
    assert dict(zip(KINDS[kind], found.to_pylist(), strict=True)) == KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_the_same_alone_and_among_others(kind: ColumnType) -> None:
    for text, expected in KINDS[kind].items():
        alone = from_text(pa.array([text]), kind, NEW_YORK).to_pylist()
        assert (text, alone) == (text, [expected])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_plain_is_read_as_what_is_judged(kind: ColumnType) -> None:
    n_plain = 0
    for text, expected in KINDS[kind].items():
        given = pa.array([text, None])
        assert judged(given, kind, NEW_YORK).to_pylist() == [expected, None]
        n_plain += plainly(given, kind) is not None
    assert n_plain > 5


ALPHABETS: dict[ColumnType, str] = {
    "integer": "0129+-.xX eE_",
    "float": "0129+-..eE xXnaif",
    "boolean": "01.tTrRuUeEfFaAlLsSyYnNoO ",
    "timestamp": "0129-: TZ+.5",
}


@pytest.mark.parametrize("kind", ALPHABETS)
def test_random_texts_are_read_the_same_plainly_and_judged(kind: ColumnType) -> None:
    source = np.random.default_rng(7)
    letters, seeds = ALPHABETS[kind], [text for text in KINDS[kind] if 0 < len(text) < 40]
    texts = [
        "".join(letters[i] for i in source.integers(len(letters), size=n % 7)) for n in range(500)
    ]
    for text in source.choice(seeds, 300).tolist():  # one character of it becomes another
        at = source.integers(len(text))
        texts.append(text[:at] + letters[source.integers(len(letters))] + text[at + 1 :])
    expected = judged(pa.array(texts), kind, NEW_YORK).to_pylist()
    found = [from_text(pa.array([text]), kind, NEW_YORK)[0].as_py() for text in texts]
    assert [(t, f) for t, f, e in zip(texts, found, expected, strict=True) if f != e] == []


@pytest.mark.parametrize("kind", ARROW_TYPES)
def test_a_missing_text_is_missing(kind: ColumnType) -> None:
    for texts in ([None], [None, None], []):
        found = from_text(pa.array(texts, pa.string()), kind, NEW_YORK)
        assert (found.type, found.to_pylist()) == (ARROW_TYPES[kind], texts)


def test_few_bad_texts_are_found_among_many() -> None:
    texts = ["2013-02-28"] * 10_000
    for place in (0, 77, 5_000, 9_999):
        texts[place] = "2013-02-30"
    found = from_text(pa.array(texts), "timestamp", NEW_YORK)
    assert [place for place, moment in enumerate(found) if not moment.is_valid] == [
        0,
        77,
        5_000,
        9_999,
    ]
    numbers = pa.array(["9" * 19] * 3 + ["1"] * 1_000)
    assert from_text(numbers, "integer", NEW_YORK).null_count == 3


ZONES = ["America/New_York", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("years", [(1850, 1970), (1970, 2037), (2037, 2200), (100, 9999)])
def test_a_time_without_zone_is_read_as_pythons_zones_read_it(
    name: str, years: tuple[int, int]
) -> None:
    source, zone = np.random.default_rng(3), ZoneInfo(name)
    first, last = (datetime(year, 1, 1) for year in years)
    seconds = source.integers(int((last - first).total_seconds()), size=200).tolist()
    walls = [first + timedelta(seconds=second) for second in seconds]
    expected = [epoch_seconds(wall, zone) for wall in walls]
    read = from_text(pa.array([wall.isoformat(" ") for wall in walls]), "timestamp", zone)
    taken = from_values(pa.array(walls, pa.timestamp("us")), "x", "timestamp", zone)
    assert [int(moment.timestamp()) for moment in read.to_pylist()] == expected
    assert taken.equals(read)


def test_hours_that_are_twice_or_never_are_those_of_python() -> None:
    first = [
        datetime(2013, 3, 10),
        datetime(2013, 11, 3),
        datetime(2040, 3, 11),
        datetime(2040, 11, 4),
    ]
    walls = [day + timedelta(minutes=15 * step) for day in first for step in range(20)]
    for chosen in ([wall] for wall in walls):  # alone, so that it is no other's doing
        (moment,) = from_values(pa.array(chosen), "x", "timestamp", NEW_YORK).to_pylist()
        assert moment.timestamp() == epoch_seconds(chosen[0], NEW_YORK)
    together = from_values(pa.array(walls), "x", "timestamp", NEW_YORK).to_pylist()
    assert [moment.timestamp() for moment in together] == [
        epoch_seconds(w, NEW_YORK) for w in walls
    ]


def test_without_a_database_of_zones_times_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    walls = pa.array([datetime(2013, 7, 1, 12), None, datetime(2013, 1, 1, 12)])
    expected = from_values(walls, "x", "timestamp", NEW_YORK)

    def fails(*_: Any, **__: Any) -> None:
        raise pa.ArrowInvalid("Cannot locate timezone")

    monkeypatch.setattr(pc, "assume_timezone", fails)
    assert from_values(walls, "x", "timestamp", NEW_YORK).equals(expected)


def test_categories_are_canonical_as_python_says() -> None:
    expected = [canonical_category(text) for text in CATEGORIES]
    assert from_text(pa.array(CATEGORIES), "category", UTC_ZONE).to_pylist() == expected
    for text, form in zip(CATEGORIES, expected, strict=True):
        assert canonical(pa.array([text])).to_pylist() == [form]


VALUES: list[list[Any]] = [
    [1, 0, -7, 2**53, None],
    [1.0, -2.0, 0.5, 1e15, 1e16, 1e22, 1.25e-7, 123456.789, None],
    [True, False, None],
    [Decimal("1.00"), Decimal("2.50"), None],
]


@pytest.mark.parametrize("values", VALUES, ids=["integers", "floats", "booleans", "decimals"])
def test_values_of_other_types_have_the_same_canonical_text(values: list[Any]) -> None:
    expected = [None if value is None else canonical_category(value) for value in values]
    for given in (pa.array(values), pa.array(values).dictionary_encode()):
        assert from_values(given, "x", "category", UTC_ZONE).to_pylist() == expected


def test_two_forms_of_a_category_are_one_and_what_is_missing_is_none() -> None:
    known = pa.array(["1.0", "x", None, "1", " x"])
    given = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 3, 4, None], pa.int8()), known)
    found = from_values(given, "x", "category", UTC_ZONE)
    assert found.to_pylist() == ["1", "x", None, "1", "x", None]
    assert (found.dictionary.to_pylist(), found.null_count) == (["1", "x"], 2)
    floats = from_values(pa.array([1.0, float("nan"), None]), "x", "category", UTC_ZONE)
    assert (floats.to_pylist(), floats.null_count) == (["1", None, None], 2)


MOMENT = datetime(2013, 1, 1, 10, tzinfo=UTC)
NOON = datetime(2013, 1, 1, 12)
INF, NAN = float("inf"), float("nan")
# values of a type, the contract's type → as what they are read
READ: list[tuple[pa.Array, ColumnType, list[Any]]] = [
    (pa.array([1, None], pa.int8()), "integer", [1, None]),
    (pa.array([2**63, 7], pa.uint64()), "integer", [None, 7]),
    (pa.array([1.0, 1.5, 2.0**53, -0.0, NAN, INF]), "integer", [1, None, None, 0, None, None]),
    (pa.array([2.0, 2.5], pa.float32()), "integer", [2, None]),
    (pa.array([True, False]), "integer", [1, 0]),
    (pa.array([Decimal("3.00"), Decimal("3.70")]), "integer", [3, None]),
    (pa.array([Decimal(10**20), Decimal(-5)]), "integer", [None, -5]),
    (pa.array(["3", "3.7", None]), "integer", [3, None, None]),
    (pa.array(["3", "x"], pa.large_string()), "integer", [3, None]),
    (pa.array([b"3", b"x"]), "integer", [3, None]),
    (pa.array(["3", "x", "3"]).dictionary_encode(), "integer", [3, None, 3]),
    (pa.array([1.5, NAN, INF, -INF, None]), "float", [1.5, None, None, None, None]),
    (pa.array([2**60 + 1, 1]), "float", [float(2**60), 1.0]),
    (pa.array([1.5], pa.float16()), "float", [1.5]),
    (pa.array([Decimal("3.70")]), "float", [3.7]),
    (pa.array([True]), "float", [1.0]),
    (pa.array(["1e5", "inf"]), "float", [1e5, None]),
    (pa.array([1, 0, 2, None]), "boolean", [True, False, None, None]),
    (pa.array([1.0, 0.5]), "boolean", [True, None]),
    (pa.array([True, None]), "boolean", [True, None]),
    (pa.array(["yes", "so"]), "boolean", [True, None]),
    (pa.array([1, None]), "string", ["1", None]),
    (pa.array([True]), "string", ["true"]),
    (pa.array([b"caf\xc3\xa9"]), "string", ["café"]),
    (pa.array(["a", None]).dictionary_encode(), "string", ["a", None]),
    (pa.array(["a"], pa.large_string()), "category", ["a"]),
    (pa.array([b"a"]), "category", ["a"]),
    (pa.array([MOMENT]), "timestamp", [MOMENT]),
    (pa.array([MOMENT], pa.timestamp("ns", "Asia/Kolkata")), "timestamp", [MOMENT]),
    (pa.array([NOON], pa.timestamp("s")), "timestamp", [MOMENT.replace(hour=17)]),
    (pa.array([NOON], pa.timestamp("ms")), "timestamp", [MOMENT.replace(hour=17)]),
    (pa.array([date(2013, 1, 1)]), "timestamp", [MOMENT.replace(hour=5)]),
    (pa.array([date(2013, 1, 1)], pa.date64()), "timestamp", [MOMENT.replace(hour=5)]),
    (
        pa.array([date(1, 1, 1), date(9999, 12, 31)]),
        "timestamp",
        [None, datetime(9999, 12, 31, 5, tzinfo=UTC)],
    ),
    (pa.array([2**31 - 1], pa.int32()).cast(pa.date32()), "timestamp", [None]),
    (pa.array([10**15, -(10**15)]).cast(pa.timestamp("s")), "timestamp", [None, None]),
    (pa.array([2**62]).cast(pa.timestamp("us", "UTC")), "timestamp", [None]),
    (pa.array([10**15]).cast(pa.timestamp("ms", "UTC")), "timestamp", [None]),
    (pa.array(["2013-01-01 05:00", "soon"]), "timestamp", [MOMENT, None]),
    *[(pa.nulls(2), kind, [None, None]) for kind in ARROW_TYPES],
]


@pytest.mark.parametrize(("values", "kind", "expected"), READ)
def test_a_value_is_read_or_is_none(
    values: pa.Array, kind: ColumnType, expected: list[Any]
) -> None:
    found = from_values(values, "x", kind, NEW_YORK)
    assert (found.type, found.to_pylist()) == (ARROW_TYPES[kind], expected)
    assert from_values(values[:0], "x", kind, NEW_YORK).to_pylist() == []


REFUSED: list[tuple[pa.Array, ColumnType]] = [
    (pa.array([[1]]), "integer"),
    (pa.array([[1]]), "string"),
    (pa.array([{"a": 1}]), "category"),
    (pa.array([1]), "timestamp"),
    (pa.array([True]), "timestamp"),
    (pa.array([NOON]), "integer"),
    (pa.array([date(2013, 1, 1)]), "float"),
    (pa.array([date(2013, 1, 1)]), "boolean"),
    (pa.array([time(10)]), "timestamp"),
    (pa.array([timedelta(1)]), "timestamp"),
    (pa.array([timedelta(1)]), "integer"),
    (pa.array([b"\xff secret"]), "string"),
]


@pytest.mark.parametrize(("values", "kind"), REFUSED)
def test_a_column_of_another_kind_is_refused_without_its_values(
    values: pa.Array, kind: ColumnType
) -> None:
    with pytest.raises(DataError, match=f"'x' holds .*, which cannot be read as {kind}") as caught:
        from_values(values, "x", kind, NEW_YORK)
    assert "secret" not in str(caught.value)
