"""Alerts from their beginning to their end, and on their way to receivers that fail for a while."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring import alerts
from {{ cookiecutter.__package }}.monitoring.alerts import (
    ADDRESSES,
    read_alerts,
    sentence,
)
from {{ cookiecutter.__package }}.terminal import print_json

from ..conftest import Command
from .conftest import drift, judge_week, make_place, update, weeks_of, write_log


@contextmanager
def hook(*statuses: int) -> Iterator[tuple[str, list[Any]]]:
    """A receiver that answers ``statuses`` before it takes messages: its address, and those taken.

    The address is in apprise's form, with a secret.
    """
    messages, refusals = list[Any](), [*statuses]

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not refusals:
                messages.append(body)
            self.send_response(refusals.pop(0) if refusals else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Post) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.02)
        yield f"json://user:hidden@127.0.0.1:{server.server_port}/path", messages
        server.shutdown()


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


def test_an_address_that_fails_for_a_while_gets_each_state_later_and_once_and_is_kept_secret(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drifting(config)
    with hook(503, 500) as (address, messages):
        addresses = f"{address} xoxb-hidden nowhere://x"
        monkeypatch.setenv(ADDRESSES, addresses)
        for _ in range(2):
            update(config)
        assert messages == []
        monkeypatch.delenv(ADDRESSES)
        update(config)
        assert len(unsent(config)) == 6, "what is for an address that is not set waits"
        shown = capsys.readouterr()
        assert shown.out.count("the next run tries again") == 9
        monkeypatch.setenv(ADDRESSES, addresses)
        for _ in range(2):
            update(config)
        for week in (2, 3):
            judge_week(config, week, drift(0.0), drift(0.0, subject="items"))
        for _ in range(2):
            update(config)
    sent = [(one["title"], one["type"], one["message"].split(":")[0]) for one in messages]
    states = [("[warning] shop version 2", "warning"), ("[resolved] shop version 2", "success")]
    assert sent == [(*state, f"{name} drifts") for state in states for name in ("price", "items")]
    assert set(unsent(config)) == {"address", "nowhere"}
    kept = (config.history / "shop" / "alerts.json").read_text() + shown.out + shown.err
    assert "hidden" not in kept
    assert "127.0.0.1" not in kept


def test_a_kill_while_it_sends_loses_nothing(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(config)

    def killed(url: str, alert: alerts.Alert) -> None:
        raise KeyboardInterrupt

    with hook() as (address, messages):
        monkeypatch.setenv(ADDRESSES, address)
        with monkeypatch.context() as patch:
            patch.setattr(alerts, "_send", killed)
            with pytest.raises(KeyboardInterrupt):
                update(config)
        assert len(unsent(config)) == 2
        update(config)
    assert len(messages) == 2
    assert unsent(config) == []


def test_a_text_that_callers_sent_moves_no_cursor() -> None:
    finding = drift(0.3, sudden="\x1b[2J new\ncategory '\u202e'")
    assert sentence(finding, "a", [True]) == "price drifts: [2J new category ' ', since a"


def test_monitor_lists_open_alerts_and_messages_that_are_unsent_and_its_exit_code_says_so(
    tmp_path: Path,
    shop: Contract,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(ADDRESSES, "nowhere://x")
    place, configs = make_place(tmp_path, shop), ("--configs", str(tmp_path / "configs"))
    write_log(place, weeks_of(shop, dearer_from=2))
    assert command("monitor", "--fail-on-alert", *configs) == 10
    assert "price drifts" in capsys.readouterr().err
    assert command("monitor", "--json", *configs) == 0
    print_json(False)
    tables = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    row = tables[-1]["rows"][0]
    assert (row["alert"], row["since"]) == ("warning", "2024-01-15")
    assert row["what"].startswith("price drifts: change")
    assert row["not sent to"].startswith("nowhere-")
    write_log(place, weeks_of(shop))
    for _ in range(2):
        assert command("monitor", "--fail-on-alert", *configs) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "Resolved: it is within its reference range again" in listed
    assert "calm nothing was outside" in listed
