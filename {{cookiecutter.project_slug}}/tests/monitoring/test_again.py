"""Runs of monitoring one after the other: what is judged again, and what is not even read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring import checks, job, log
from {{ cookiecutter.__package }}.monitoring.history import History
from {{ cookiecutter.__package }}.monitoring.served import read_answers

from ..conftest import shop_of
from ..log.logged import to_parquet
from .conftest import (
    MONDAYS,
    Place,
    make_place,
    make_weeks,
    weeks_of,
    windows,
    write_log,
)


@pytest.fixture
def place(tmp_path: Path, shop: Contract) -> Place:
    return make_weeks(tmp_path, shop)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The days whose predictions were read."""
    days: list[str] = []
    really = read_answers

    def reading(*given: Any) -> Any:
        days.append(str(given[-1]))
        return really(*given)

    monkeypatch.setattr(log, "read_answers", reading)
    return days


def tables(place: Place) -> str:
    """All that the history holds, as text."""
    with closing(sqlite3.connect(place.config.monitor.history)) as connection:
        return "\n".join(connection.iterdump())


def segment(place: Place, stem: str, week: str) -> Path:
    return place.config.monitor.log / f"{stem}-{week}-1.jsonl"


def test_a_second_run_reads_nothing_and_changes_nothing(place: Place, read: list[str]) -> None:
    first, before = job.run(place.config, "shop"), tables(place)
    assert read == MONDAYS  # each day once: it is judged from what was read to look at it
    read.clear()
    assert job.run(place.config, "shop") == first
    assert read == []
    assert tables(place) == before


def test_weeks_that_were_missed_are_caught_up_each_as_if_it_had_been_judged_in_time(
    place: Place, tmp_path: Path
) -> None:
    later = [
        segment(place, stem, week) for week in MONDAYS[1:] for stem in ("predictions", "labels")
    ]
    hidden = {path: path.read_text() for path in later}
    for path in later:
        path.unlink()
    job.run(place.config, "shop")
    assert [w.complete for w in windows(place).values()] == [True]
    for path, text in hidden.items():
        path.write_text(text)
    job.run(place.config, "shop")
    found = History(place.config.monitor.history).findings("shop", 1)
    fresh = place.config.monitor.model_copy(update={"history": tmp_path / "fresh.sqlite"})
    job.run(place.config.model_copy(update={"monitor": fresh}), "shop")
    assert list(found) == MONDAYS
    assert found == History(tmp_path / "fresh.sqlite").findings("shop", 1)


def test_a_late_outcome_opens_its_window_again_and_no_other(place: Place, read: list[str]) -> None:
    late = segment(place, "labels", MONDAYS[1])
    lines = late.read_text().splitlines(keepends=True)
    late.write_text("".join(lines[:-20]))
    job.run(place.config, "shop")
    before = windows(place)
    read.clear()
    (place.config.monitor.log / "labels-2024-03-01-9.jsonl").write_text("".join(lines[-20:]))
    job.run(place.config, "shop")
    after = windows(place)
    changed = [name for name in MONDAYS if before[name] != after[name]]
    assert changed == [MONDAYS[1]]
    assert after[MONDAYS[1]].labelled == before[MONDAYS[1]].labelled + 20
    assert read == [MONDAYS[1]]


def test_a_row_of_an_older_week_that_comes_late_is_filed_where_it_belongs(place: Place) -> None:
    path = segment(place, "predictions", MONDAYS[1])
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[5:]))
    job.run(place.config, "shop")
    before = windows(place)
    (place.config.monitor.log / "predictions-2024-03-01-9.jsonl").write_text("".join(lines[:5]))
    job.run(place.config, "shop")
    rows = {name: window.rows - before[name].rows for name, window in windows(place).items()}
    assert rows == {name: 5 * (name == MONDAYS[1]) for name in MONDAYS}


def test_lines_that_became_parquet_change_no_judgement(place: Place) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    for path in list(place.config.monitor.log.glob("*.jsonl")):
        to_parquet(path)
    assert job.run(place.config, "shop") == first
    assert windows(place) == before


def test_what_was_deleted_from_the_log_stays_judged(place: Place) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    for stem in ("predictions", "labels"):
        segment(place, stem, MONDAYS[0]).unlink()
    assert job.run(place.config, "shop") == first
    assert windows(place) == before


def test_another_threshold_judges_again_and_another_route_does_not(place: Place) -> None:
    job.run(place.config, "shop")
    before = windows(place)
    drift = place.config.monitor.data_drift.model_copy(update={"cooldown_hours": 1.0})
    other = place.config.monitor.model_copy(update={"data_drift": drift})
    job.run(place.config.model_copy(update={"monitor": other}), "shop")
    assert windows(place) == before
    strict = drift.model_copy(update={"threshold": 0.01})
    other = place.config.monitor.model_copy(update={"data_drift": strict})
    job.run(place.config.model_copy(update={"monitor": other}), "shop")
    assert all(windows(place)[name].fingerprint != before[name].fingerprint for name in MONDAYS)


def test_a_run_that_was_stopped_is_taken_up_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, calls = checks.judge, []

    def stopped(seen: Any) -> Any:
        calls.append(seen.window.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return really(seen)

    monkeypatch.setattr(job, "judge", stopped)
    with pytest.raises(KeyboardInterrupt):
        job.run(place.config, "shop")
    assert list(windows(place)) == MONDAYS[:2]
    job.run(place.config, "shop")
    assert calls == [*MONDAYS[:3], *MONDAYS[2:]]


def test_rows_that_do_not_fit_in_memory_are_read_again(
    place: Place, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = job.run(place.config, "shop")
    place.config.monitor.history.unlink()
    read.clear()
    monkeypatch.setattr(log, "KEEP_BYTES", 0)
    assert job.run(place.config, "shop") == expected
    assert sorted(read) == sorted(2 * MONDAYS)


def test_windows_of_rows_go_on_where_they_ended(tmp_path: Path) -> None:
    timeless = shop_of("binary", time=None, id=None)
    place = make_place(tmp_path, timeless, window_rows=400)
    table = weeks_of(shop_of("binary"))
    write_log(place, table.slice(0, 1_000))
    job.run(place.config, "shop")
    sizes = [(w.name, w.rows, w.complete) for w in windows(place).values()]
    assert sizes == [
        ("row-000001", 400, True),
        ("row-000401", 400, True),
        ("row-000801", 200, False),
    ]
    _log_later(place, table.slice(1_000, 300))
    job.run(place.config, "shop")
    sizes = [(w.name, w.rows, w.complete) for w in windows(place).values()]
    assert sizes[2:] == [("row-000801", 400, True), ("row-001201", 100, False)]


def _log_later(place: Place, table: pa.Table) -> None:
    path = place.config.monitor.log / "predictions-2024-01-01-1.jsonl"
    first = path.read_text()
    write_log(place, table)
    path.with_name("predictions-2024-02-01-1.jsonl").write_text(path.read_text())
    path.write_text(first)
