"""Which row is in which window, through clock changes, mistakes and gaps."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring.windows import Window

from .reading import cut_windows, logged_in, prediction, write

Cut = Callable[..., list[Window]]


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    """Windows of rows that happened at some times, as ISO 8601 in the contract's local time."""

    def windows(contract: Contract, times: Sequence[str | None], days: int = 1) -> list[Window]:
        moments = [moment and datetime.fromisoformat(moment) for moment in times]
        local = [at and (at if at.tzinfo else at.replace(tzinfo=contract.zone)) for at in moments]
        rows = [{"at": at and at.isoformat()} for at in local]
        lines = (prediction(number, rows=[row]) for number, row in enumerate(rows))
        write(tmp_path, "predictions-2024-05-01-1", *lines)
        return cut_windows(logged_in(tmp_path, contract)[0], contract, 1, days)

    return windows


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2024-03-31", "2024-03-30", "2024-04-01"),  # 23 hours in Paris
        ("2024-10-27", "2024-10-26", "2024-10-28"),  # 25 hours
        ("1969-07-20", "1969-07-19", "1969-07-21"),
    ],
)
def test_a_day_is_that_of_the_contracts_zone_however_long_it_is(
    cut: Cut, shop: Contract, day: str, before: str, after: str
) -> None:
    hours = [f"{day}T{hour:02}:30:00" for hour in range(24)]
    ends = [f"{day}T00:00:00", f"{day}T23:59:59"]
    windows = cut(shop, [f"{before}T23:59:59", *hours, *ends, f"{after}T00:00:00"])
    sizes = [(str(window.record.first), len(window.rows)) for window in windows]
    assert sizes == [(before, 1), (day, 26), (after, 1)]


def test_every_row_is_in_one_window_and_weeks_begin_on_mondays(cut: Cut, shop: Contract) -> None:
    seconds = np.random.default_rng(0).integers(0, 500 * 86_400, 3_000).tolist()
    start = datetime(2023, 1, 1, tzinfo=UTC)
    times = [(start + timedelta(seconds=after)).isoformat() for after in seconds]
    for days in (1, 3, 7, 28):
        windows = cut(shop, times, days)
        assert sum(window.record.rows for window in windows) == len(times)
        for window in windows:
            local = [datetime.fromtimestamp(s, shop.zone).date() for s in window.rows.seconds]
            assert window.record.first <= min(local) <= max(local) <= window.record.last
        assert days != 7 or {window.record.first.weekday() for window in windows} == {0}


def test_a_window_is_complete_when_rows_reach_its_first_and_its_last_day(
    cut: Cut, shop: Contract
) -> None:
    times = [
        *("2024-05-07T00:00:00", "2024-05-12T23:00:00"),  # Tuesday to Sunday
        *("2024-05-15T12:00:00",),  # a Wednesday, with rows before and after
        *("2024-05-20T00:00:00", "2024-05-26T23:59:59"),  # Monday to Sunday
        *("2024-05-27T00:00:00", "2024-06-01T12:00:00"),  # Monday to Saturday
    ]
    complete = [window.record.complete for window in cut(shop, times, 7)]
    assert complete == [False, True, True, False]


@pytest.mark.parametrize(
    ("mistake", "n_windows"),
    [
        (None, 1),
        ("0001-01-01T00:00:00+14:00", 1),
        ("9999-12-31T23:59:59-12:00", 1),
        ("2042-01-01T12:00:00Z", 2),
    ],
)
def test_a_time_that_is_absent_or_far_away_stops_nothing_and_completes_no_window(
    cut: Cut, shop: Contract, mistake: str | None, n_windows: int
) -> None:
    windows = cut(shop, ["2024-05-01T12:00:00Z", mistake], 7)
    assert [window.record.complete for window in windows] == [False] * n_windows
    assert len(windows[0].rows) == 1
