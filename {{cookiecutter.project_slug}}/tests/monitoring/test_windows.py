import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring.windows import Length

from ..conftest import shop_of
from .reading import Cut, windows_in

Cuts = Callable[..., list[Cut]]
N_ROWS = 100


@pytest.fixture
def cut(tmp_path: Path) -> Cuts:
    """Windows of rows that happened at some times, as ISO 8601 in the contract's local time."""

    def windows(contract: Contract, times: Sequence[str | None], days: int = 1) -> list[Cut]:
        (log := tmp_path / "log").mkdir(exist_ok=True)
        records = [record(contract, number, time) for number, time in enumerate(times)]
        lines = "".join(json.dumps(one) + "\n" for one in records)
        (log / "predictions-2024-05-01-1.jsonl").write_text(lines)
        length = Length(days=days, rows=N_ROWS, by_rows=contract.time is None)
        return windows_in(log, contract, 1, length)

    return windows


def record(contract: Contract, number: int, time: str | None) -> dict[str, Any]:
    """A request of one row; where rows have no time, it is answered then."""
    at = time
    if time is not None and datetime.fromisoformat(time).tzinfo is None:
        at = datetime.fromisoformat(time).replace(tzinfo=contract.zone).isoformat()
    row = dict.fromkeys(contract.request) | ({} if contract.time is None else {contract.time: at})
    answered = at if contract.time is None else "2024-05-01T12:00:00Z"
    shared = {"request_id": f"r-{number}", "time": answered, "model": contract.name, "version": 1}
    return {**shared, "rows": [row], "probability": [number / 1_000]}


def test_days_are_those_of_the_contracts_zone(cut: Cuts, shop: Contract) -> None:
    found = cut(shop, ["2024-06-01T21:59:59Z", "2024-06-01T22:00:00Z"])
    assert [(w.first, len(w.rows)) for w in found] == [(date(2024, 6, 1), 1), (date(2024, 6, 2), 1)]


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2024-03-31", "2024-03-30", "2024-04-01"),  # 23 hours in Paris
        ("2024-10-27", "2024-10-26", "2024-10-28"),  # 25 hours
    ],
)
def test_the_day_of_a_clock_change_is_one_day(
    cut: Cuts, shop: Contract, day: str, before: str, after: str
) -> None:
    hours = [f"{day}T{hour:02}:30:00" for hour in range(24)]
    ends = [f"{day}T00:00:00", f"{day}T23:59:59"]
    found = cut(shop, [f"{before}T23:59:59", *hours, *ends, f"{after}T00:00:00"])
    assert [(str(w.first), len(w.rows)) for w in found] == [(before, 1), (day, 26), (after, 1)]


def test_both_of_an_hour_that_comes_twice_are_in_the_same_day(cut: Cuts, shop: Contract) -> None:
    (window,) = cut(shop, ["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00"])
    assert len(window.rows) == 2


def test_weeks_begin_on_mondays(cut: Cuts, shop: Contract) -> None:
    times = [f"2024-0{month}-{day:02}T12:00:00" for month in (3, 4) for day in range(1, 31)]
    found = cut(shop, times, 7)
    assert {window.first.weekday() for window in found} == {0}
    assert all((window.last - window.first).days == 6 for window in found)
    assert [a.last.toordinal() + 1 for a in found[:-1]] == [b.first.toordinal() for b in found[1:]]


def test_a_window_is_complete_when_rows_reach_its_first_and_its_last_day(
    cut: Cuts, shop: Contract
) -> None:
    times = [
        *("2024-05-07T00:00:00", "2024-05-12T23:00:00"),  # Tuesday to Sunday
        *("2024-05-15T12:00:00",),  # a Wednesday, with rows before and after
        *("2024-05-20T00:00:00", "2024-05-26T23:59:59"),  # Monday to Sunday
        *("2024-05-27T00:00:00", "2024-06-01T12:00:00"),  # Monday to Saturday
    ]
    found = cut(shop, times, 7)
    assert [window.complete for window in found] == [False, True, True, False]


def test_every_row_is_in_one_window(cut: Cuts, shop: Contract) -> None:
    random = np.random.default_rng(0)
    start = datetime(2023, 1, 1, tzinfo=UTC)
    seconds = random.integers(0, 500 * 86_400, 3_000).tolist()
    times = [(start + timedelta(seconds=after)).isoformat() for after in seconds]
    for days in (1, 3, 7, 28):
        found = cut(shop, times, days)
        assert sum(len(window.rows) for window in found) == len(times)
        for window in found:
            local = [datetime.fromtimestamp(s, shop.zone).date() for s in window.rows.seconds]
            assert window.first <= min(local) <= max(local) <= window.last


def test_rows_without_a_time_are_in_no_window(cut: Cuts, shop: Contract) -> None:
    (window,) = cut(shop, [None, "2024-05-01T00:00:00Z"])
    assert len(window.rows) == 1
    assert cut(shop, [None]) == []


@pytest.mark.parametrize(
    "mistake",
    ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"],
)
def test_a_time_that_is_centuries_away_does_not_stop_monitoring(
    cut: Cuts, shop: Contract, mistake: str
) -> None:
    (window,) = cut(shop, ["2024-05-01T12:00:00Z", mistake], 7)
    assert len(window.rows) == 1


def test_a_time_before_1970_is_in_its_window(cut: Cuts, shop: Contract) -> None:
    (window,) = cut(shop, ["1969-07-20T20:17:40"])
    assert window.first == date(1969, 7, 20)


def test_a_row_far_in_the_future_completes_no_window(cut: Cuts, shop: Contract) -> None:
    found = cut(shop, ["2024-03-04T12:00", "2024-03-05T12:00", "2042-01-01T12:00"], 7)
    assert [window.complete for window in found] == [False, False]


@pytest.mark.parametrize("n_served", [1, 99, 100, 250, 300])
def test_without_a_time_windows_are_runs_of_rows_as_they_were_answered(
    cut: Cuts, n_served: int
) -> None:
    timeless = shop_of("binary", time=None)
    found = cut(timeless, seconds_from(n_served), 7)
    sizes = [len(window.rows) for window in found]
    assert sum(sizes) == n_served
    assert set(sizes[:-1]) <= {N_ROWS}
    assert [window.complete for window in found] == [size == N_ROWS for size in sizes]
    joined = np.concatenate([window.rows.outputs for window in found])
    assert joined.tolist() == [number / 1_000 for number in range(n_served)]
    names = [window.name for window in found]
    assert names == sorted(set(names))


def test_a_window_of_rows_is_called_by_its_rows(cut: Cuts) -> None:
    found = cut(shop_of("binary", time=None), seconds_from(1_050))
    assert [window.name for window in found][-2:] == ["row-000901", "row-001001"]
    assert {window.first for window in found} == {date(2023, 11, 14)}


def seconds_from(n_rows: int) -> list[str]:
    """A moment after the other."""
    return [datetime.fromtimestamp(1_700_000_000 + n, UTC).isoformat() for n in range(n_rows)]
