"""Runs of monitoring one after the other: what is judged again, and what stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.monitoring import checks, job

from ..conftest import shop_of
from ..log.logged import to_parquet
from .conftest import (
    MONDAYS,
    Place,
    findings_in,
    make_place,
    make_weeks,
    weeks_of,
    windows,
    write_log,
)


@pytest.fixture
def place(tmp_path: Path, shop: Contract) -> Place:
    return make_weeks(tmp_path, shop)


def segment(place: Place, stem: str, week: str) -> Path:
    return place.config.monitor.log / f"{stem}-{week}-1.jsonl"


def test_a_second_run_changes_nothing(place: Place) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    assert job.run(place.config, "shop") == first
    assert windows(place) == before


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
    found = findings_in(place)
    fresh = place.config.monitor.model_copy(update={"history": tmp_path / "fresh.sqlite"})
    other = replace(place, config=place.config.model_copy(update={"monitor": fresh}))
    job.run(other.config, "shop")
    assert list(found) == MONDAYS
    assert found == findings_in(other)


@pytest.mark.parametrize("stem", ["labels", "predictions"])
def test_what_comes_late_opens_its_window_again_and_no_other(place: Place, stem: str) -> None:
    path = segment(place, stem, MONDAYS[1])
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-20]))
    job.run(place.config, "shop")
    before = windows(place)
    (place.config.monitor.log / f"{stem}-2024-03-01-9.jsonl").write_text("".join(lines[-20:]))
    job.run(place.config, "shop")
    after = windows(place)
    assert [name for name in MONDAYS if before[name] != after[name]] == [MONDAYS[1]]
    counts = [(kept.rows, kept.labelled) for kept in (before[MONDAYS[1]], after[MONDAYS[1]])]
    (rows, labelled), (more_rows, more_labelled) = counts
    assert more_labelled == labelled + 20
    assert more_rows == rows + 20 * (stem == "predictions")


def test_lines_that_became_parquet_change_no_judgement(place: Place) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    for path in list(place.config.monitor.log.glob("*.jsonl")):
        to_parquet(path)
    assert job.run(place.config, "shop") == first
    assert windows(place) == before


@pytest.mark.parametrize("stems", [["labels"], ["predictions", "labels"]])
def test_what_was_deleted_from_the_log_stays_judged(place: Place, stems: list[str]) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    for stem in stems:
        for week in MONDAYS:
            segment(place, stem, week).unlink()
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

    def stopped(window: Any) -> Any:
        calls.append(window.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return really(window)

    monkeypatch.setattr(job, "judge", stopped)
    with pytest.raises(KeyboardInterrupt):
        job.run(place.config, "shop")
    assert list(windows(place)) == MONDAYS[:2]
    job.run(place.config, "shop")
    assert calls == [*MONDAYS[:3], *MONDAYS[2:]]


def test_windows_of_rows_go_on_where_they_ended_also_after_old_days_were_deleted(
    tmp_path: Path,
) -> None:
    timeless = shop_of("binary", time=None, id=None)
    place = make_place(tmp_path, timeless, window_rows=400)
    table = weeks_of(shop_of("binary"))
    _log(place, table.slice(0, 1_000), "2024-01-01")
    job.run(place.config, "shop")
    sizes = [(w.name, w.rows, w.complete) for w in windows(place).values()]
    assert sizes == [
        ("row-000001", 400, True),
        ("row-000401", 400, True),
        ("row-000801", 200, False),
    ]
    before = windows(place)
    _log(place, table.slice(1_000, 300), "2024-02-01")
    _log(place, table.slice(500, 500), "2024-01-01")  # what came before was deleted
    job.run(place.config, "shop")
    after = windows(place)
    assert [(w.name, w.rows, w.complete) for w in after.values()][2:] == [
        ("row-000801", 400, True),
        ("row-001201", 100, False),
    ]
    assert [after[name] for name in ("row-000001", "row-000401")] == [
        before[name] for name in ("row-000001", "row-000401")
    ]


def test_a_history_or_log_that_cannot_be_used_is_said(place: Place, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("this is no database, though it is long enough to be one\n" * 9)
    for history in ("folder", "text", "text/history.sqlite"):
        monitor = place.config.monitor.model_copy(update={"history": tmp_path / history})
        with pytest.raises(DataError, match="set monitor\\.history to another file"):
            job.run(place.config.model_copy(update={"monitor": monitor}), "shop")
    for log in ("text", "folder"):
        monitor = place.config.monitor.model_copy(update={"log": tmp_path / log})
        with pytest.raises(DataError, match="make replay"):
            job.run(place.config.model_copy(update={"monitor": monitor}), "shop")
    damaged = place.config.monitor.log / "predictions-2024-01-01-9.parquet"
    damaged.write_text("no Parquet")
    with pytest.raises(DataError, match="cannot be read"):
        job.run(place.config, "shop")
    damaged.unlink()
    damaged.mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        job.run(place.config, "shop")


def _log(place: Place, table: pa.Table, day: str) -> None:
    write_log(place, table)
    written = place.config.monitor.log / "predictions-2024-01-01-1.jsonl"
    written.replace(written.with_name(f"predictions-{day}-2.jsonl"))
