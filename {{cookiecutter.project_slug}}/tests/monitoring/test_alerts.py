"""Alerts from their beginning to their end, and on their way to receivers that fail for a while."""

import json

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring import sinks
from {{ cookiecutter.__package }}.monitoring.alerts import (
    Breach,
    read_alerts,
    sentence,
)
from {{ cookiecutter.__package }}.monitoring.history import connected
from {{ cookiecutter.__package }}.monitoring.sinks import ADDRESSES

from .conftest import Place, make_place, weeks_of, write_log
from .judged import drift, judge_week, send
from .receivers import hook, mailbox


def drifting(config: MonitorConfig) -> None:
    for week in range(2):
        judge_week(config, week, drift(0.3), drift(0.4, subject="items"))


def unsent(config: MonitorConfig) -> list[str]:
    """Sinks of what is unsent."""
    with connected(config.history) as connection:
        alerts = read_alerts(connection, "shop")
    return [sink for alert in alerts for _, sink in alert.unsent]


def sent(config: MonitorConfig) -> list[tuple[int, str, str]]:
    """The events that the file has, with their texts."""
    path = config.reports / "shop" / "alerts.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(one["id"], one["event"], one["text"]) for one in map(json.loads, lines)]


def test_an_alert_that_goes_on_is_one_alert_sent_once_and_its_end_is_sent(
    config: MonitorConfig,
) -> None:
    for week in range(6):
        judge_week(config, week, drift(0.1 + week / 10))
        send(config)
    first = send(config)
    assert send(config) == first
    assert [alert.since for alert in first] == ["2024-01-08"]
    text = (
        "price drifts: population stability index 0.300, reference range up to 0.100,"
        " since 2024-01-08 (2 of the last 3 windows)"
    )
    assert sent(config) == [(1, "raised", text)]
    for week in (6, 7):
        judge_week(config, week, drift(0.0))
    assert send(config) == []
    _, (number, event, text) = sent(config)
    assert (number, event) == (1, "resolved")
    assert "Resolved: it is within its reference range again" in text


def test_a_new_version_ends_the_alerts_of_the_one_before(config: MonitorConfig) -> None:
    drifting(config)
    assert len(send(config)) == 2
    assert send(config, version=3) == []
    assert [event for _, event, _ in sent(config)] == ["raised"] * 2 + ["resolved"] * 2


def test_a_mail_server_that_refuses_for_a_while_gets_each_alert_later_and_once(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drifting(config)
    with mailbox(b"451 not now", b"554 never") as mail:
        addresses = f"{mail.address} nonsense nowhere://x"
        monkeypatch.setenv(ADDRESSES, addresses)
        for _ in range(2):
            send(config)
        assert mail.letters == []
        shown = capsys.readouterr()
        assert shown.out.count("the next run tries again") == 6
        monkeypatch.delenv(ADDRESSES)
        send(config)
        assert len(unsent(config)) == 6, "what is for an address that is not set waits"
        monkeypatch.setenv(ADDRESSES, addresses)
        for _ in range(2):
            send(config)
    for letter, column in zip(mail.letters, ("price", "items"), strict=True):
        assert letter["from"].addresses[0].addr_spec == "project@example.com"
        assert letter["to"] == "team@example.com"
        assert letter["subject"] == "[warning] shop version 2"
        assert f"{column} drifts" in letter.get_body().get_content()
    assert {name.partition("-")[0] for name in unsent(config)} == {"nonsense", "nowhere"}
    assert len(sent(config)) == 2
    everything = config.history.read_bytes() + json.dumps(sent(config)).encode()
    assert b"hidden" not in everything + (shown.out + shown.err).encode()
    assert b"127.0.0.1" not in everything


def test_a_receiver_of_http_that_fails_for_a_while_gets_each_alert_later_and_once(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(config)
    with hook(503, 500) as chat:
        monkeypatch.setenv(ADDRESSES, chat.address)
        for _ in range(4):
            send(config)
    shown = [(one["title"], one["type"], one["message"].split(":")[0]) for one in chat.messages]
    title = "[warning] shop version 2"
    assert shown == [(title, "warning", f"{name} drifts") for name in ("price", "items")]
    assert unsent(config) == []


def test_a_kill_between_opening_and_sending_loses_nothing(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(config)

    def killed(alert: sinks.Alert, event: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sinks, "_print", killed)
        with pytest.raises(KeyboardInterrupt):
            send(config)
    assert len(unsent(config)) == 4
    send(config)
    assert unsent(config) == []


def test_a_text_that_callers_sent_moves_no_cursor() -> None:
    finding = drift(0.3, sudden="\x1b[2J new\ncategory '\u202e'")
    line = sentence(Breach(finding=finding, since="a", times=1, of=1), "a")
    assert line == "price drifts: [2J new category ' ', since a"


def test_alerts_are_listed_and_rule_the_exit_code(
    place: Place,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert place.type(monkeypatch, "alerts") == 0
    assert "make monitor" in capsys.readouterr().out
    write_log(place, weeks_of(shop, dearer_from=2))
    assert place.type(monkeypatch, "monitor", "--fail-on-alert") == 10
    shown = capsys.readouterr()
    assert "[warning] shop version 1: price drifts: change" in shown.out
    assert "price drifts" in shown.err
    assert place.type(monkeypatch, "monitor") == 0
    write_log(place, weeks_of(shop))
    assert place.type(monkeypatch, "monitor", "--fail-on-alert") == 0
    capsys.readouterr()
    assert place.type(monkeypatch, "alerts", "--recent", "5") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "since 2024-01-15" in listed
    assert "Resolved: it is within its reference range again" in listed
    assert "calm no alert is open" in listed


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Place:
    """A served model with its configuration in a folder."""
    place = make_place(tmp_path_factory.mktemp("served"), shop)
    place.write_configs()
    return place
