"""Texts and values of other systems to the contract's types: the golden table, and written forms."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from {{ cookiecutter.__package }}.contract import ColumnType, NumberFormat
from {{ cookiecutter.__package }}.data.cast import Form, cast
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.values import canonical_category

from .cells import CATEGORIES, KINDS

ZONE = "America/New_York"


def values_of(values: list[Any], form: Form, zone: str = "UTC") -> list[Any]:
    return cast(pl.Series(values), form, zone).to_list()


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_is_read_as_meant_alone_and_among_others(kind: ColumnType) -> None:
    cells, form = KINDS[kind], Form(type=kind)
    assert values_of([*cells, *cells], form, ZONE) == [*cells.values(), *cells.values()]
    alone = [values_of([text], form, ZONE)[0] for text in cells]
    assert alone == [*cells.values()]


def test_a_category_has_one_text_as_in_python() -> None:
    read = values_of(CATEGORIES, Form(type="category"))
    assert read == [canonical_category(text) for text in CATEGORIES]


NUMBERS: list[tuple[str, dict[str, Any], float | None]] = [
    ("2.550,69", {"decimal": ",", "thousands": "."}, 2550.69),
    ("69,32", {"decimal": ","}, 69.32),
    ("1,234,567", {"thousands": ","}, 1234567),
    ("1,5", {"thousands": ","}, None),
    ("12 345,6", {"decimal": ",", "thousands": " "}, 12345.6),
    ("1’234.5", {"thousands": "'"}, 1234.5),
    ("-$1,544.5", {"thousands": ",", "units": ("$",)}, -1544.5),
    ("€ -5", {"units": ("€",)}, -5),
    ("69.3%", {"units": ("%",)}, 69.3),
    ("12.5-", {}, -12.5),
    ("\u221212", {}, -12),
    ("(12)", {}, -12),
    ("3.5k", {"factors": {"k": 1e3, "M": 1e6}}, 3500),
    ("12 kg", {"units": ("g",)}, None),
]


@pytest.mark.parametrize(("text", "marks", "expected"), NUMBERS)
def test_numbers_for_people_are_read_as_the_contract_says(
    text: str, marks: dict[str, Any], expected: float | None
) -> None:
    form = Form(type="float", numbers=NumberFormat(**marks))
    assert values_of([text, None], form) == [expected, None]
    whole = expected if expected is not None and expected == int(expected) else None
    assert values_of([text], Form(type="integer", numbers=form.numbers)) == [whole]


NOON = datetime(2013, 2, 1, 12, tzinfo=UTC)
TIMES: list[tuple[str, str, datetime | None]] = [
    ("%d.%m.%Y %H:%M", "01.02.2013 12:00", NOON),
    ("%d/%m/%Y %H:%M:%S.%f", "01/02/2013 12:00:00.000000", NOON),
    ("%Y-%m-%d %H:%M:%S %z", "2013-02-01 14:00:00 +0200", NOON),
    ("%a, %d %b %Y %H:%M:%S GMT", "Fri, 01 Feb 2013 12:00:00 GMT", NOON),
    ("%d.%m.%Y %H:%M:%S,%f", "01.02.2013 12:00:00,000", NOON),
    ("%Y-%m-%d %H:%M", "2013-01-31 24:00", datetime(2013, 2, 1, tzinfo=UTC)),
    ("%d.%m.%Y %H:%M:%S", "31.01.2013 24:00:01", None),
    ("%d.%m.%Y", "31.02.2013", None),
    ("%Y%m%d", "20130201.0", datetime(2013, 2, 1, tzinfo=UTC)),
    ("epoch_s", "1359720000.0", NOON),
    ("epoch_ms", "1359720000000", NOON),
    ("epoch_ns", "1359720000000000999", NOON),
    ("epoch_s", "1359720000.25", NOON.replace(microsecond=250_000)),
    ("epoch_s", "12", None),
]


@pytest.mark.parametrize(("form", "text", "expected"), TIMES)
def test_times_are_read_as_the_contract_says(
    form: str, text: str, expected: datetime | None
) -> None:
    assert values_of([text, None], Form(type="timestamp", format=form)) == [expected, None]


def test_a_time_in_a_form_without_zone_is_local_and_one_in_utc_is_not() -> None:
    local = Form(type="timestamp", format="%d.%m.%Y %H:%M")
    assert values_of(["01.02.2013 07:00"], local, ZONE) == [NOON]
    utc = Form(type="timestamp", format="%d.%m.%Y %H:%M UTC")
    assert values_of(["01.02.2013 12:00 UTC"], utc, ZONE) == [NOON]


# type, a column's values → what the contract's type makes of them
CONVERTED: list[tuple[ColumnType, pl.Series, list[Any]]] = [
    ("integer", pl.Series([1.0, 1.5, None, 2.0**60]), [1, None, None, None]),
    ("integer", pl.Series([2**64 - 1, 3], dtype=pl.UInt64), [None, 3]),
    ("integer", pl.Series([Decimal("2.00"), Decimal("2.50")]), [2, None]),
    ("integer", pl.Series([True, False]), [1, 0]),
    ("float", pl.Series([1, None]), [1.0, None]),
    ("float", pl.Series([1.5, float("inf")]), [1.5, None]),
    ("boolean", pl.Series([0, 1, 2]), [False, True, None]),
    ("category", pl.Series([1.0, 1.5, 1e16]), ["1", "1.5", "1e+16"]),
    ("category", pl.Series([True, None]), ["true", None]),
    ("string", pl.Series([7]), ["7"]),
    ("timestamp", pl.Series([date(2013, 2, 1)]), [datetime(2013, 2, 1, 5, tzinfo=UTC)]),
    ("timestamp", pl.Series([datetime(2013, 2, 1, 7)]), [NOON]),
]


@pytest.mark.parametrize(("kind", "given", "expected"), CONVERTED)
def test_values_that_are_no_texts_become_the_contracts(
    kind: ColumnType, given: pl.Series, expected: list[Any]
) -> None:
    assert cast(given, Form(type=kind), ZONE).to_list() == expected


def test_a_column_that_holds_no_single_values_is_an_error() -> None:
    with pytest.raises(DataError, match=r"'x' holds Duration.* no type of the contract"):
        cast(pl.Series("x", [timedelta(days=1)]), Form(type="integer"), ZONE)
