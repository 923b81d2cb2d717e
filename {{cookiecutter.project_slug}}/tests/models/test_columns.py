from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.models.columns import Calendar
from {{ cookiecutter.__package }}.values import MISSING_TIME

ZONES = ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
HALF_HOUR = 1800


def seconds_of(moment: str) -> int:
    return int(datetime.fromisoformat(f"{moment}Z").timestamp())


def parts(zone: str, seconds: list[int], *, yearly: bool = False) -> dict[str, torch.Tensor]:
    return Calendar(ZoneInfo(zone), yearly=yearly).forward("at", torch.tensor(seconds))


@pytest.mark.parametrize("zone", ZONES)
def test_hour_and_weekday_are_zoneinfos_around_the_clock(zone: str) -> None:
    year = np.arange(seconds_of("2024-01-01T00:00"), seconds_of("2025-01-01T00:00"), HALF_HOUR)
    years = np.random.default_rng(0).integers(
        seconds_of("1970-01-01T00:00"), seconds_of("2100-01-01T00:00"), 4_000
    )
    seconds = [*year.tolist(), *(year - 1).tolist(), *years.tolist()]
    columns = parts(zone, seconds)
    local = [datetime.fromtimestamp(second, ZoneInfo(zone)) for second in seconds]
    hours = [at.hour + at.minute / 60 + at.second / 3600 for at in local]
    assert columns["at.hour"].tolist() == pytest.approx(hours, abs=1e-5)
    days = torch.stack([columns[f"at.weekday{index}"] for index in range(7)])
    assert days.sum(0).tolist() == [1.0] * len(seconds)
    assert days.argmax(0).tolist() == [at.weekday() for at in local]


def test_a_missing_time_has_no_parts_and_the_day_of_the_year_is_right_to_two_days() -> None:
    noons = [seconds_of(f"{year}-07-01T12:00") for year in range(1971, 2100, 7)]
    columns = parts("Asia/Kolkata", [*noons, MISSING_TIME], yearly=True)
    assert all(
        column.isnan().tolist() == [False] * len(noons) + [True] for column in columns.values()
    )
    days = columns["at.day_of_year"][:-1].tolist()
    assert days == pytest.approx([181.5 + 5.5 / 24] * len(noons), abs=2)
    before_1970 = parts("America/New_York", [seconds_of("1955-06-15T12:30")])
    assert before_1970["at.hour"].tolist() == pytest.approx([7.5])  # by the first known offset
