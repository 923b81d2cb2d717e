import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import store, tell, update
from {{ cookiecutter.__package }}.monitoring.alerts.store import Alert
from {{ cookiecutter.__package }}.monitoring.history import History

from .conftest import NOW, drift, keep, settings

WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)


def sent(folder: Path) -> list[tuple[str, str]]:
    """The events that the file has, with their texts."""
    path = folder / "reports" / "shop" / "alerts.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(json.loads(line)["id"], json.loads(line)["text"]) for line in lines]


def run(
    history: History, config: MonitorConfig, at: datetime = NOW, version: int = 2
) -> list[Alert]:
    return tell(history, "shop", version, config, config.checks(), at)


def test_an_alert_that_goes_on_is_one_alert_told_once(history: History, tmp_path: Path) -> None:
    config = settings(tmp_path)
    for week in range(6):
        keep(history, week, [drift(0.1 + week / 10)])
        run(history, config, NOW + week * WEEK)
    (alert,) = run(history, config, NOW + 6 * WEEK)
    assert (alert.since, alert.opened, alert.value) == ("2024-01-08", NOW + 2 * WEEK, 0.6)
    assert [event for event, _ in sent(tmp_path)] == ["shop-1-raised"]
    assert sent(tmp_path)[0][1].startswith("price drifts: PSI 0.300, ordinary up to 0.100, since")


def test_running_twice_changes_nothing(history: History, tmp_path: Path) -> None:
    config = settings(tmp_path)
    for week in range(3):
        keep(history, week, [drift(0.3)])
    run(history, config)

    def tables() -> list[object]:
        with closing(sqlite3.connect(history.path)) as connection:
            return [
                connection.execute(f"SELECT * FROM {t}").fetchall()
                for t in ("alerts", "deliveries")
            ]

    before = tables()
    run(history, config, NOW + HOUR)
    assert tables() == before
    assert len(sent(tmp_path)) == 1


def test_what_is_over_is_told_to_those_who_were_told_of_it(
    history: History, tmp_path: Path
) -> None:
    config = settings(tmp_path)
    for week, value in enumerate([0.3, 0.3, 0.0]):
        keep(history, week, [drift(value)])
        open_ = run(history, config)
    assert [alert.subject for alert in open_] == ["price"]
    keep(history, 3, [drift(0.0)])
    assert run(history, config, NOW + WEEK) == []
    ids, texts = zip(*sent(tmp_path), strict=True)
    assert ids == ("shop-1-raised", "shop-1-resolved")
    assert texts[1].endswith(". Resolved: it is ordinary again")


def test_within_the_cooldown_nobody_is_told_again_and_after_it_they_are(
    history: History, tmp_path: Path
) -> None:
    config = settings(tmp_path, data_drift={"persistence": [1, 1], "cooldown_hours": 24})
    for week, value in enumerate([0.3, 0.0, 0.3]):
        keep(history, week, [drift(value)])
        open_ = run(history, config, NOW + week * HOUR)
    assert len(open_) == 1
    assert [event for event, _ in sent(tmp_path)] == ["shop-1-raised", "shop-1-resolved"]
    run(history, config, NOW + 26 * HOUR)
    assert [event for event, _ in sent(tmp_path)][2:] == ["shop-2-raised"]


def test_a_new_version_ends_the_alerts_of_the_one_before(history: History, tmp_path: Path) -> None:
    config = settings(tmp_path)
    for week in range(2):
        keep(history, week, [drift(0.3)])
    assert len(run(history, config)) == 1
    assert run(history, config, version=3) == []
    assert "Resolved: version 3 serves in the place of 2" in sent(tmp_path)[-1][1]


def test_windows_that_are_not_complete_decide_nothing(history: History, tmp_path: Path) -> None:
    keep(history, 0, [drift(0.3)])
    keep(history, 1, [drift(0.3)], complete=False)
    config = settings(tmp_path)
    assert update(history, "shop", 2, config, config.checks(), NOW) == []


def test_an_empty_history_is_calm(history: History, tmp_path: Path) -> None:
    assert run(history, settings(tmp_path)) == []
    assert sent(tmp_path) == []


def test_two_runs_at_once_open_one_alert(history: History, tmp_path: Path) -> None:
    for week in range(2):
        keep(history, week, [drift(0.3)])
    config = settings(tmp_path)
    first, second = (update(history, "shop", 2, config, config.checks(), NOW) for _ in range(2))
    assert first == second
    assert len(first) == 1
    assert len(store.unsent(history.path, "shop")) == 2


def test_the_gauges_show_what_is_open_and_what_was_measured_last(
    history: History, tmp_path: Path
) -> None:
    config = settings(tmp_path)
    for week in range(2):
        keep(history, week, [drift(0.3), drift(0.05, part='city = "Bern"\n')])
    run(history, config)
    text = (tmp_path / "reports" / "shop" / "metrics.prom").read_text()
    samples = {
        (sample.name, sample.labels.get("part")): (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    shared = {"model": "shop", "kind": "data_drift", "subject": "price"}
    assert samples["monitoring_alert_active", ""] == (
        {**shared, "part": "", "severity": "warning"},
        1,
    )
    measured = {**shared, "version": "2", "measure": "psi"}
    assert samples["monitoring_value", 'city = "Bern"\n'] == (
        {**measured, "part": 'city = "Bern"\n'},
        0.05,
    )
    assert samples["monitoring_limit", ""] == ({**measured, "part": ""}, 0.1)
    ran = samples["monitoring_last_run_timestamp_seconds", None]
    assert ran == ({"model": "shop"}, NOW.timestamp())
    ended = samples["monitoring_window_end_timestamp_seconds", None]
    assert ended[1] == datetime(2024, 1, 15, tzinfo=NOW.tzinfo).timestamp()
