"""``monitor`` over weeks of a log: what is judged, what is judged again, what is refused."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    ConfigError,
    DataError,
)
from {{ cookiecutter.__package }}.models.profile import SCORE
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

TITLES = {"binary": "AUC", "multiclass": "AUC", "regression": "R²"}


@pytest.fixture
def place(tmp_path: Path, shop: Contract) -> Place:
    return make_weeks(tmp_path, shop)


def segment(place: Place, stem: str, week: str) -> Path:
    return place.config.monitor.log / f"{stem}-{week}-1.jsonl"


def with_settings(place: Place, **changed: Any) -> Place:
    """The same place, monitored otherwise."""
    monitor = place.config.monitor.model_copy(update=changed)
    return replace(place, config=place.config.model_copy(update={"monitor": monitor}))


def breached(place: Place) -> set[tuple[str, str]]:
    """Columns and windows in which they went beyond the reference range."""
    found = findings_in(place)
    return {
        (f.subject, name) for name in found for f in found[name] if f.breach and "drift" in f.kind
    }


@pytest.mark.parametrize("time", ["at", None], ids=["days", "rows"])
def test_drift_of_each_task_is_an_alert_and_calm_traffic_is_none(
    tmp_path: Path, any_shop: Contract, time: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    task = any_shop.task
    contract = shop_of(task, time=time, id="order" if time else None)
    place = make_place(tmp_path, contract, window_rows=400)
    write_log(place, weeks_of(any_shop))
    assert job.run(place.config, "shop").alerts == []
    names = MONDAYS if time else ["row-000001", "row-000401", "row-000801", "row-001201"]
    assert list(findings_in(place)) == names
    write_log(place, weeks_of(any_shop, dearer_from=2))
    summary = job.run(place.config, "shop")
    assert {column for column, _ in breached(place)} <= {"price", SCORE}
    assert {window for _, window in breached(place)} == set(names[2:])
    assert any("price drifts" in alert for alert in summary.alerts)
    assert (summary.window, summary.quality_window) == (names[-1], names[-1])
    assert {one.subject for one in summary.drift} == {
        *("price", "items", "channel", "city", "gift", SCORE)
    }
    content = json.loads((tmp_path / "reports" / "shop" / "summary.json").read_text())
    assert summary.quality is not None
    assert content["quality"]["value"] == summary.quality.value > 0.9
    assert TITLES[task] in capsys.readouterr().out


def test_predictions_of_each_task_that_turn_out_wrong_are_an_alert(
    tmp_path: Path, any_shop: Contract
) -> None:
    place = make_place(tmp_path, any_shop)
    write_log(place, weeks_of(any_shop), right=False)
    (alert,) = job.run(place.config, "shop").alerts
    assert alert.startswith(f"quality fell: {TITLES[any_shop.task]} ")


def test_one_window_outside_the_reference_range_is_not_yet_an_alert(
    tmp_path: Path, shop: Contract
) -> None:
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(shop, dearer_from=3))
    assert job.run(place.config, "shop").alerts == []
    assert {window for _, window in breached(place)} == {MONDAYS[-1]}


def test_what_is_not_over_or_too_small_is_shown_and_not_judged(
    tmp_path: Path, shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_place(tmp_path / "weeks", shop)
    write_log(place, weeks_of(shop).slice(0, 1_120))
    job.run(place.config, "shop")
    assert list(findings_in(place)) == MONDAYS[:2]
    assert "(not complete)" in capsys.readouterr().out
    place = make_place(tmp_path / "rows", shop_of("binary", time=None), window_rows=2_000)
    write_log(place, weeks_of(shop))
    summary = job.run(place.config, "shop")
    assert (summary.drift, summary.quality, summary.window) == ([], None, None)
    assert "1,600" in capsys.readouterr().out.partition("unjudged")[2]


def test_a_second_run_changes_nothing_also_where_lines_became_parquet(place: Place) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    assert job.run(place.config, "shop") == first
    for path in list(place.config.monitor.log.glob("*.jsonl")):
        to_parquet(path)
    assert job.run(place.config, "shop") == first
    assert windows(place) == before


@pytest.mark.parametrize("stem", ["labels", "predictions"])
def test_what_comes_late_has_its_window_judged_again_and_no_other(place: Place, stem: str) -> None:
    path = segment(place, stem, MONDAYS[1])
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-20]))
    job.run(place.config, "shop")
    before = windows(place)
    (place.config.monitor.log / f"{stem}-2024-03-01-9.jsonl").write_text("".join(lines[-20:]))
    job.run(place.config, "shop")
    after = windows(place)
    assert [name for name in MONDAYS if before[name] != after[name]] == [MONDAYS[1]]
    old, new = before[MONDAYS[1]], after[MONDAYS[1]]
    assert new.labelled == old.labelled + 20
    assert new.rows == old.rows + 20 * (stem == "predictions")


@pytest.mark.parametrize("stems", [["labels"], ["predictions", "labels"]])
def test_what_was_deleted_from_the_log_stays_judged(place: Place, stems: list[str]) -> None:
    first, before = job.run(place.config, "shop"), windows(place)
    for stem in stems:
        for week in MONDAYS:
            segment(place, stem, week).unlink()
    assert job.run(place.config, "shop") == first
    assert windows(place) == before


def test_another_threshold_judges_again(place: Place) -> None:
    job.run(place.config, "shop")
    before = windows(place)
    drift = place.config.monitor.data_drift.model_copy(update={"threshold": 0.01})
    job.run(with_settings(place, data_drift=drift).config, "shop")
    assert all(windows(place)[name].fingerprint != before[name].fingerprint for name in MONDAYS)


def test_a_run_that_was_stopped_is_taken_up_again_as_if_it_had_not_been(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, calls = checks.judge, []

    def stopped(window: Any) -> Any:
        calls.append(window.record.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return really(window)

    monkeypatch.setattr(job, "judge", stopped)
    with pytest.raises(KeyboardInterrupt):
        job.run(place.config, "shop")
    assert list(windows(place)) == MONDAYS[:2]
    job.run(place.config, "shop")
    assert calls == [*MONDAYS[:3], *MONDAYS[2:]]
    fresh = with_settings(place, history=tmp_path / "fresh.sqlite")
    job.run(fresh.config, "shop")
    assert findings_in(fresh) == findings_in(place)


def test_windows_of_rows_go_on_where_they_ended_also_after_old_days_were_deleted(
    tmp_path: Path, shop: Contract
) -> None:
    place = make_place(tmp_path, shop_of("binary", time=None, id=None), window_rows=400)

    def log(rows: pa.Table, day: str) -> None:
        write_log(place, rows)
        written = place.config.monitor.log / "predictions-2024-01-01-1.jsonl"
        written.replace(written.with_name(f"predictions-{day}-2.jsonl"))

    table = weeks_of(shop)
    log(table.slice(0, 1_000), "2024-01-01")
    job.run(place.config, "shop")
    before = windows(place)
    log(table.slice(1_000, 300), "2024-02-01")
    log(table.slice(500, 500), "2024-01-01")  # what came before was deleted
    job.run(place.config, "shop")
    after = windows(place)
    assert [(w.name, w.rows, w.complete) for w in after.values()] == [
        ("row-000001", 400, True),
        ("row-000401", 400, True),
        ("row-000801", 400, True),
        ("row-001201", 100, False),
    ]
    assert list(after.values())[:2] == list(before.values())[:2]


def test_any_tool_can_query_the_history(place: Place) -> None:
    job.run(place.config, "shop")
    query = (
        "SELECT DISTINCT name, json_extract(value, '$.subject')"
        " FROM history, json_each(judged, '$.findings')"
    )
    with closing(sqlite3.connect(place.config.monitor.history)) as other:
        assert {(name, "price") for name in MONDAYS} <= set(other.execute(query))


def test_a_history_or_log_that_cannot_be_used_is_an_error(place: Place, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("this is no database, though it is long enough to be one\n" * 9)
    for history in ("folder", "text", "text/history.sqlite"):
        with pytest.raises(DataError, match="set monitor\\.history to another file"):
            job.run(with_settings(place, history=tmp_path / history).config, "shop")
    for log in ("text", "folder"):
        with pytest.raises(DataError, match="make replay"):
            job.run(with_settings(place, log=tmp_path / log).config, "shop")
    damaged = place.config.monitor.log / "predictions-2024-01-01-9.parquet"
    damaged.write_text("no Parquet")
    with pytest.raises(DataError, match="cannot be read"):
        job.run(place.config, "shop")
    damaged.unlink()
    damaged.mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        job.run(place.config, "shop")


def test_other_windows_than_the_models_and_no_model_are_errors(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"window_days is 1, but .* windows of 7 days"):
        job.run(with_settings(place, window_days=1).config, "shop")
    with pytest.raises(BundleError, match="make train"):
        job.run(place.config, "other")
