import json
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.__package }}.monitoring.alerts.store import alerts
from {{ cookiecutter.__package }}.monitoring.history import connected

from .conftest import NOW, drift, keep, send, settings

WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)


def sent(folder: Path) -> list[tuple[int, str, str]]:
    """The events that the file has, with their texts."""
    path = folder / "reports" / "shop" / "alerts.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(one["id"], one["event"], one["text"]) for one in map(json.loads, lines)]


def test_an_alert_that_goes_on_is_one_alert_sent_once(history: Path, tmp_path: Path) -> None:
    config = settings(tmp_path)
    for week in range(6):
        keep(history, week, [drift(0.1 + week / 10)])
        send(history, config, NOW + week * WEEK)
    (alert,) = send(history, config, NOW + 6 * WEEK)
    assert (alert.since, alert.opened, alert.value) == ("2024-01-08", NOW + 2 * WEEK, 0.6)
    ((number, event, text),) = sent(tmp_path)
    assert (number, event) == (1, "raised")
    assert text == (
        "price drifts: population stability index 0.300, reference range up to 0.100,"
        " since 2024-01-08 (2 of the last 3 windows)"
    )


def test_running_twice_changes_nothing(history: Path, tmp_path: Path) -> None:
    config = settings(tmp_path)
    for week in range(3):
        keep(history, week, [drift(0.3)])
    send(history, config)
    first = send(history, config)
    assert send(history, config, NOW + HOUR) == first
    assert len(sent(tmp_path)) == 1


def test_what_is_resolved_is_sent_to_those_who_were_sent_the_alert(
    history: Path, tmp_path: Path
) -> None:
    config = settings(tmp_path)
    for week, value in enumerate([0.3, 0.3, 0.0]):
        keep(history, week, [drift(value)])
        open_ = send(history, config)
    assert [alert.subject for alert in open_] == ["price"]
    keep(history, 3, [drift(0.0)])
    assert send(history, config, NOW + WEEK) == []
    assert [(number, event) for number, event, _ in sent(tmp_path)] == [
        (1, "raised"),
        (1, "resolved"),
    ]
    with connected(history) as connection:
        (alert,) = alerts(connection, "shop")
    assert alert.ended == "it is within its reference range again"


def test_within_the_cooldown_nothing_is_sent_again_and_after_it_is(
    history: Path, tmp_path: Path
) -> None:
    config = settings(tmp_path, data_drift={"persistence": [1, 1], "cooldown_hours": 24})
    for week, value in enumerate([0.3, 0.0, 0.3]):
        keep(history, week, [drift(value)])
        open_ = send(history, config, NOW + week * HOUR)
    assert len(open_) == 1
    assert [event for _, event, _ in sent(tmp_path)] == ["raised", "resolved"]
    send(history, config, NOW + 26 * HOUR)
    assert sent(tmp_path)[2][:2] == (2, "raised")


def test_a_new_version_ends_the_alerts_of_the_one_before(history: Path, tmp_path: Path) -> None:
    config = settings(tmp_path)
    for week in range(2):
        keep(history, week, [drift(0.3)])
    assert len(send(history, config)) == 1
    assert send(history, config, version=3) == []
    assert [event for _, event, _ in sent(tmp_path)] == ["raised", "resolved"]


def test_windows_that_are_not_complete_decide_nothing(history: Path, tmp_path: Path) -> None:
    config = settings(tmp_path)
    assert send(history, config) == []
    keep(history, 0, [drift(0.3)])
    keep(history, 1, [drift(0.3)], complete=False)
    assert send(history, config) == []


def test_the_metrics_file_shows_what_is_open_and_what_was_measured_last(
    history: Path, tmp_path: Path
) -> None:
    for week in range(2):
        keep(history, week, [drift(0.3), drift(0.05, part='city = "Bern"\n')])
    send(history, settings(tmp_path))
    text = (tmp_path / "reports" / "shop" / "metrics.prom").read_text()
    samples = {
        (sample.name, sample.labels.get("part")): (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    shared = {"model": "shop", "kind": "data_drift", "subject": "price"}
    active = samples["monitoring_alert_active", ""]
    assert active == ({**shared, "part": "", "severity": "warning"}, 1)
    measured = {**shared, "version": "2", "measure": "psi"}
    bern = 'city = "Bern"\n'
    assert samples["monitoring_value", bern] == ({**measured, "part": bern}, 0.05)
    assert samples["monitoring_limit", ""] == ({**measured, "part": ""}, 0.1)
    ran = samples["monitoring_last_run_timestamp_seconds", None]
    assert ran == ({"model": "shop"}, NOW.timestamp())
