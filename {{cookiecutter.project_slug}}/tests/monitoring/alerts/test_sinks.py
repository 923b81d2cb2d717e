"""Alerts on their way to real receivers that fail for a while."""

import subprocess
import sys
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.monitoring.alerts import sinks
from {{ cookiecutter.__package }}.monitoring.alerts.store import Alert, alerts
from {{ cookiecutter.__package }}.monitoring.alerts.text import plain
from {{ cookiecutter.__package }}.monitoring.history import connected

from .conftest import drift, keep, send, settings
from .receivers import smtp, web


def drifting(history: Path) -> None:
    for week in range(2):
        keep(history, week, [drift(0.3), drift(0.4, subject="items")])


def unsent(history: Path) -> list[str]:
    with connected(history) as connection:
        return [sink for alert in alerts(connection, "shop") for _, sink in alert.unsent]


def addresses(*ports: int) -> str:
    """A webhook, then a mailbox."""
    forms = ("json://user:hidden@127.0.0.1:{}/secret?cto=30&rto=30", "mailto://127.0.0.1:{}?{}")
    mail = "from=a@example.org&to=b@example.org&mode=insecure"
    return " ".join(form.format(port, mail) for form, port in zip(forms, ports, strict=False))


def test_receivers_that_fail_for_a_while_get_each_alert_later_and_once(
    history: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drifting(history)
    config = settings(tmp_path)
    with web(*[503] * 3) as chat, smtp(*[451] * 3) as mail:
        monkeypatch.setenv("ALERT_URLS", addresses(chat.port, mail.port))
        send(history, config)
        assert (chat.posts, mail.mails) == ([], [])
        assert {name.partition("-")[0] for name in unsent(history)} == {"json", "mailto"}
        shown = capsys.readouterr()
        assert shown.out.count("the next run tries again") == 2
        for _ in range(3):
            send(history, config)
    assert [body["message"].split(" drifts")[0] for _, body, _ in chat.posts] == ["price", "items"]
    assert [body["type"] for _, body, _ in chat.posts] == ["warning", "warning"]
    assert ["items drifts" in str(one) for one in mail.mails] == [False, True]
    assert "[warning] shop version 2" in str(mail.mails[0]["Subject"])
    assert unsent(history) == []
    lines = (tmp_path / "reports" / "shop" / "alerts.jsonl").read_text().splitlines()
    assert len(lines) == 2
    everything = history.read_bytes() + "".join(lines).encode()
    assert "hidden" not in shown.out + shown.err
    assert b"hidden" not in everything
    assert b"127.0.0.1" not in everything


def test_a_receiver_that_is_away_holds_up_no_other(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(history)
    with smtp() as mail:
        monkeypatch.setenv("ALERT_URLS", addresses(1, mail.port) + " nonsense nowhere://x")
        send(history, settings(tmp_path))
    assert len(mail.mails) == 2
    assert {name.partition("-")[0] for name in unsent(history)} == {"json", "nonsense", "nowhere"}


def test_what_is_unsent_waits_while_the_variable_is_not_set_and_goes_with_its_address(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(history)
    monkeypatch.setenv("ALERT_URLS", addresses(1))
    send(history, settings(tmp_path))
    monkeypatch.delenv("ALERT_URLS")
    send(history, settings(tmp_path))
    assert len(unsent(history)) == 2
    with web() as chat:
        monkeypatch.setenv("ALERT_URLS", addresses(chat.port))
        send(history, settings(tmp_path))
    assert unsent(history) == []


def test_a_kill_between_opening_and_sending_loses_nothing(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(history)
    config = settings(tmp_path)

    def killed(alert: Alert, event: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sinks, "_print", killed)
        with pytest.raises(KeyboardInterrupt):
            send(history, config)
    assert len(unsent(history)) == 4
    send(history, config)
    assert unsent(history) == []


def test_a_route_that_leaves_a_sink_out_does_not_reach_it(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(history)
    with web() as chat:
        monkeypatch.setenv("ALERT_URLS", addresses(chat.port))
        send(history, settings(tmp_path, data_drift={"route": ["apprise"]}))
    assert len(chat.posts) == 2
    assert not (tmp_path / "reports" / "shop" / "alerts.jsonl").exists()


def test_apprise_is_loaded_only_when_something_is_sent() -> None:
    module = sinks.__name__
    code = f"import {module}, sys; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_text_that_callers_sent_moves_no_cursor() -> None:
    assert plain("\x1b[2J new\ncategory '\u202e'") == "[2J new category ' '"
