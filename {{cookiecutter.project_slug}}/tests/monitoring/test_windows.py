from datetime import UTC, date, datetime

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.monitoring.served import Served
from {{ cookiecutter.__package }}.monitoring.windows import Window, cut
from {{ cookiecutter.__package }}.values import MISSING_TIME

from ..conftest import shop_of

N_ROWS = 100


def served_at(contract: Contract, seconds: list[int]) -> Served:
    n_rows = len(seconds)
    columns = {name: [None] * n_rows for name in contract.features}
    return Served(
        inputs=from_columns(contract, columns, n_rows),
        outputs=np.arange(n_rows) / max(n_rows, 1),
        seconds=np.array(seconds, np.int64),
        labels=np.full(n_rows, np.nan),
    )


def windows_of(contract: Contract, *times: str, days: int = 1) -> list[Window]:
    """Windows of moments given in the contract's local time."""
    moments = [datetime.fromisoformat(time) for time in times]
    aware = [m if m.tzinfo else m.replace(tzinfo=contract.zone) for m in moments]
    return cut(served_at(contract, [int(m.timestamp()) for m in aware]), contract, days, N_ROWS)


def test_days_are_those_of_the_contracts_zone(shop: Contract) -> None:
    found = windows_of(shop, "2024-06-01T21:59:59Z", "2024-06-01T22:00:00Z")
    assert [(w.first, len(w.rows)) for w in found] == [(date(2024, 6, 1), 1), (date(2024, 6, 2), 1)]


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2024-03-31", "2024-03-30", "2024-04-01"),  # 23 hours in Paris
        ("2024-10-27", "2024-10-26", "2024-10-28"),  # 25 hours
    ],
)
def test_the_day_of_a_clock_change_is_one_day(
    shop: Contract, day: str, before: str, after: str
) -> None:
    hours = [f"{day}T{hour:02}:30:00" for hour in range(24)]
    ends = [f"{day}T00:00:00", f"{day}T23:59:59"]
    found = windows_of(shop, f"{before}T23:59:59", *hours, *ends, f"{after}T00:00:00")
    assert [(str(w.first), len(w.rows)) for w in found] == [(before, 1), (day, 26), (after, 1)]


def test_both_of_an_hour_that_comes_twice_are_in_the_same_day(shop: Contract) -> None:
    (window,) = windows_of(shop, "2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00")
    assert len(window.rows) == 2


def test_weeks_begin_on_mondays(shop: Contract) -> None:
    times = [f"2024-0{month}-{day:02}T12:00:00" for month in (3, 4) for day in range(1, 31)]
    found = windows_of(shop, *times, days=7)
    assert {window.first.weekday() for window in found} == {0}
    assert all((window.last - window.first).days == 6 for window in found)
    assert [a.last.toordinal() + 1 for a in found[:-1]] == [b.first.toordinal() for b in found[1:]]


def test_a_window_is_complete_when_rows_reach_its_first_and_its_last_day(shop: Contract) -> None:
    found = windows_of(
        shop,
        *("2024-05-07T00:00:00", "2024-05-12T23:00:00"),  # Tuesday to Sunday
        *("2024-05-15T12:00:00",),  # a Wednesday, with rows before and after
        *("2024-05-20T00:00:00", "2024-05-26T23:59:59"),  # Monday to Sunday
        *("2024-05-27T00:00:00", "2024-06-01T12:00:00"),  # Monday to Saturday
        days=7,
    )
    assert [window.complete for window in found] == [False, True, True, False]


def test_every_row_is_in_one_window(shop: Contract) -> None:
    random = np.random.default_rng(0)
    start = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp())
    seconds = np.sort(random.integers(start, start + 500 * 86_400, 3_000)).tolist()
    for days in (1, 3, 7, 28):
        found = cut(served_at(shop, seconds), shop, days, N_ROWS)
        assert sum(len(window.rows) for window in found) == len(seconds)
        for window in found:
            local = [datetime.fromtimestamp(s, shop.zone).date() for s in window.rows.seconds]
            assert window.first <= min(local) <= max(local) <= window.last


def test_rows_without_a_time_are_in_no_window(shop: Contract) -> None:
    known = int(datetime(2024, 5, 1, tzinfo=UTC).timestamp())
    (window,) = cut(served_at(shop, [MISSING_TIME, known]), shop, 1, N_ROWS)
    assert len(window.rows) == 1
    assert cut(served_at(shop, [MISSING_TIME]), shop, 1, N_ROWS) == []


@pytest.mark.parametrize(
    "mistake",
    ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"],
)
def test_a_time_that_is_centuries_away_does_not_stop_monitoring(
    shop: Contract, mistake: str
) -> None:
    moments = ["2024-05-01T12:00:00Z", mistake]
    seconds = [int(datetime.fromisoformat(moment).timestamp()) for moment in moments]
    (window,) = cut(served_at(shop, seconds), shop, 7, N_ROWS)
    assert len(window.rows) == 1


def test_a_time_before_1970_is_in_its_window(shop: Contract) -> None:
    (window,) = windows_of(shop, "1969-07-20T20:17:40")
    assert window.first == date(1969, 7, 20)


def test_a_row_far_in_the_future_completes_no_window(shop: Contract) -> None:
    found = windows_of(shop, "2024-03-04T12:00", "2024-03-05T12:00", "2042-01-01T12:00", days=7)
    assert [window.complete for window in found] == [False, False]


@pytest.mark.parametrize("n_served", [1, 99, 100, 250, 300])
def test_without_a_time_windows_are_runs_of_rows_as_they_were_answered(n_served: int) -> None:
    timeless = shop_of("binary", time=None)
    seconds = [1_700_000_000 + number for number in range(n_served)]
    served = served_at(timeless, seconds)
    found = cut(served, timeless, 7, N_ROWS)
    sizes = [len(window.rows) for window in found]
    assert sum(sizes) == n_served
    assert set(sizes[:-1]) <= {N_ROWS}
    assert [window.complete for window in found] == [size == N_ROWS for size in sizes]
    joined = np.concatenate([window.rows.outputs for window in found])
    assert joined.tolist() == served.outputs.tolist()
    names = [window.name for window in found]
    assert names == sorted(set(names))


def test_a_window_of_rows_is_called_by_its_rows() -> None:
    timeless = shop_of("binary", time=None)
    found = cut(served_at(timeless, [1_700_000_000] * 1_250), timeless, 7, 1_000)
    assert [window.name for window in found] == ["row-000001", "row-001001"]
    assert [window.title for window in found] == ["rows 1 … 1,000", "rows 1,001 … 1,250"]
    assert {window.first for window in found} == {date(2023, 11, 14)}


def test_without_a_time_nothing_served_is_no_window() -> None:
    timeless = shop_of("binary", time=None)
    assert cut(served_at(timeless, []), timeless, 7, N_ROWS) == []
