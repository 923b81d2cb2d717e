"""A value has one form, whichever of CSV, Parquet or JSON it came from."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.cast import Form, cast
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.values import (
    MISSING_CATEGORY,
    MISSING_TIME,
    canonical_category,
    epoch_seconds,
    json_value,
)

PARIS = ZoneInfo("Europe/Paris")
ROW = {"price": [1.0], "items": [1], "gift": [True], "channel": ["web"], "city": ["x"]}


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([1, 1.0, "1", "1.0", " 1 ", "1.000"], "1"),
        ([True, "True", "TRUE", "true"], "true"),
        ([None, float("nan")], MISSING_CATEGORY),
        (["nan"], "nan"),
        (["", "  "], ""),
    ],
)
def test_one_category_has_one_text(forms: list[object], expected: str) -> None:
    assert {canonical_category(form) for form in forms} == {expected}


def test_times_are_whole_seconds_of_utc_and_iso_texts() -> None:
    noon = datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert epoch_seconds(noon, PARIS) == 1_719_828_000
    assert epoch_seconds(datetime(1970, 1, 1, tzinfo=UTC) - timedelta(milliseconds=1), PARIS) == -1
    far = datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)  # a float would round it up
    assert epoch_seconds(far, PARIS) == 253_402_214_399
    assert epoch_seconds(None, PARIS) == MISSING_TIME
    assert json_value(datetime(2024, 7, 1, 10)) == "2024-07-01T10:00:00Z"
    assert [json_value(value) for value in (float("nan"), None, "x")] == [None, None, "x"]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-07-01 12:00", "2024-07-01 10:00"),
        ("2024-10-27 02:30", "2024-10-27 01:30"),  # twice; the later
        ("2024-03-31 02:30", "2024-03-31 01:30"),  # never; moved on by the gap
    ],
)
def test_a_time_without_offset_is_local_in_etl_in_scoring_and_in_python(
    local: str, utc: str, shop: Contract
) -> None:
    expected = int(datetime.fromisoformat(f"{utc}+00:00").timestamp())
    naive = datetime.fromisoformat(local)
    assert epoch_seconds(naive, PARIS) == expected
    table = pa.table(ROW | {"at": pa.array([naive])})
    assert from_table(shop, table).time.tolist() == [[expected]]
    for value in (local, naive):
        parsed = cast(pl.Series([value]), Form(type="timestamp"), PARIS.key)
        assert [int(at.timestamp()) for at in parsed] == [expected]
