"""Alerts from their beginning to their end, and on their way to receivers that fail for a while."""

import json

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.monitoring import alerts
from {{ cookiecutter.__package }}.monitoring.alerts import (
    ADDRESSES,
    read_alerts,
    sentence,
)
from {{ cookiecutter.__package }}.terminal import print_json

from .conftest import Place, make_place, weeks_of, write_log
from .judged import drift, judge_week, update
from .receivers import hook, mailbox


def drifting(config: MonitorConfig) -> None:
    for week in range(2):
        judge_week(config, week, drift(0.3), drift(0.4, subject="items"))


def unsent(config: MonitorConfig) -> list[str]:
    """The kinds of the addresses that have yet to hear of an alert."""
    names = [name for alert in read_alerts(config.history, "shop") for name in alert.unsent]
    return [name.partition("-")[0] for name in names]


def test_an_alert_that_goes_on_is_one_alert_until_its_end_or_a_new_version(
    config: MonitorConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    for week in range(6):
        judge_week(config, week, drift(0.1 + week / 10))
        newest = update(config)
    (first,) = update(config)
    assert [first] == update(config) == newest
    assert (first.since, first.severity) == ("2024-01-08", "warning")
    assert first.text == (
        "price drifts: change 0.60 σ, reference range up to 0.10 σ,"
        " since 2024-01-08 (3 of the last 3 windows)"
    )
    for week in (6, 7):
        judge_week(config, week, drift(0.0))
    assert update(config) == []
    judge_week(config, 8, drift(0.9, sudden="another unit"))
    assert [alert.since for alert in update(config)] == ["2024-02-26"]
    judge_week(config, 0, drift(0.0), version=3)
    assert update(config, version=3) == []
    ended = read_alerts(config.history, "shop")
    reasons = [alert.text.partition("Resolved: ")[2] for alert in ended]
    within = "it is within its reference range again, or no longer judged"
    assert reasons == [within, "version 3 serves now"]
    assert capsys.readouterr().out.count("resolved  price drifts") == 2


def test_a_mail_server_that_refuses_for_a_while_gets_each_alert_later_and_once(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drifting(config)
    with mailbox(b"451 not now", b"554 never") as mail:
        addresses = f"{mail.address} nonsense nowhere://x"
        monkeypatch.setenv(ADDRESSES, addresses)
        for _ in range(2):
            update(config)
        assert mail.letters == []
        monkeypatch.delenv(ADDRESSES)
        update(config)
        assert len(unsent(config)) == 6, "what is for an address that is not set waits"
        shown = capsys.readouterr()
        assert shown.out.count("the next run tries again") == 9
        monkeypatch.setenv(ADDRESSES, addresses)
        for _ in range(2):
            update(config)
    for letter, column in zip(mail.letters, ("price", "items"), strict=True):
        assert letter["from"].addresses[0].addr_spec == "project@example.com"
        assert letter["to"] == "team@example.com"
        assert letter["subject"] == "[warning] shop version 2"
        assert f"{column} drifts" in letter.get_body().get_content()
    assert set(unsent(config)) == {"nonsense", "nowhere"}
    kept = (config.history / "shop" / "alerts.json").read_text() + shown.out + shown.err
    assert "hidden" not in kept
    assert "127.0.0.1" not in kept


def test_a_receiver_of_http_that_fails_for_a_while_gets_each_state_later_and_once(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(config)
    with hook(503, 500) as chat:
        monkeypatch.setenv(ADDRESSES, chat.address)
        for _ in range(4):
            update(config)
        for week in (2, 3):
            judge_week(config, week, drift(0.0), drift(0.0, subject="items"))
        for _ in range(2):
            update(config)
    shown = [(one["title"], one["type"], one["message"].split(":")[0]) for one in chat.messages]
    states = [("[warning] shop version 2", "warning"), ("[resolved] shop version 2", "success")]
    assert shown == [(*state, f"{name} drifts") for state in states for name in ("price", "items")]
    assert unsent(config) == []


def test_a_kill_while_it_sends_loses_nothing(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(config)

    def killed(url: str, alert: alerts.Alert) -> None:
        raise KeyboardInterrupt

    with hook() as chat:
        monkeypatch.setenv(ADDRESSES, chat.address)
        with monkeypatch.context() as patch:
            patch.setattr(alerts, "_send", killed)
            with pytest.raises(KeyboardInterrupt):
                update(config)
        assert len(unsent(config)) == 2
        update(config)
    assert len(chat.messages) == 2
    assert unsent(config) == []


def test_a_text_that_callers_sent_moves_no_cursor() -> None:
    finding = drift(0.3, sudden="\x1b[2J new\ncategory '\u202e'")
    assert sentence(finding, "a", [True]) == "price drifts: [2J new category ' ', since a"


def test_damaged_alerts_are_an_error(config: MonitorConfig) -> None:
    drifting(config)
    (config.history / "shop" / "alerts.json").write_text('[{"model": "shop"')
    with pytest.raises(DataError, match="move this one away"):
        update(config)


def test_monitor_lists_open_alerts_and_messages_that_are_unsent_and_its_exit_code_says_so(
    place: Place,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(ADDRESSES, "nowhere://x")
    write_log(place, weeks_of(shop, dearer_from=2))
    assert place.type(monkeypatch, "monitor", "--fail-on-alert") == 10
    assert "price drifts" in capsys.readouterr().err
    assert place.type(monkeypatch, "monitor", "--json") == 0
    print_json(False)
    tables = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    row = tables[-1]["rows"][0]
    assert (row["alert"], row["since"]) == ("warning", "2024-01-15")
    assert row["what"].startswith("price drifts: change")
    assert row["not sent to"].startswith("nowhere-")
    write_log(place, weeks_of(shop))
    for _ in range(2):
        assert place.type(monkeypatch, "monitor", "--fail-on-alert") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "Resolved: it is within its reference range again" in listed
    assert "calm nothing was outside" in listed


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Place:
    """A served model with its configuration in a folder."""
    place = make_place(tmp_path_factory.mktemp("served"), shop)
    place.write_configs()
    return place
