import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import (
    deliver as delivering,
)
from {{ cookiecutter.__package }}.monitoring.alerts import store, tell
from {{ cookiecutter.__package }}.monitoring.alerts.deliver import waits
from {{ cookiecutter.__package }}.monitoring.history import History

from .conftest import NOW, drift, keep, settings
from .receivers import smtp, web


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again after hundredths of a second."""
    monkeypatch.setattr(
        "{{ cookiecutter.__package }}.monitoring.alerts.deliver.FIRST_WAIT_S",
        0.02,
    )


def told_by(folder: Path, port: int, mail_port: int = 0, **given: Any) -> MonitorConfig:
    """Drift is told to the file, a webhook and, where there is a port, by e-mail."""
    sinks: dict[str, Any] = {
        "chat": {"kind": "webhook", "url": f"http://127.0.0.1:{port}/secret", "timeout_s": 20},
        "file": {"kind": "file"},
        "log": {"kind": "log"},
    }
    mail = {"kind": "email", "host": "127.0.0.1", "port": mail_port or 1, "tls": "none"}
    sinks["mail"] = mail | {"sender": "a@example.org", "to": ["b@example.org"]}
    route = ["chat", "file", *(["mail"] if mail_port else [])]
    return settings(folder, sinks=sinks, data_drift={"route": route}, **given)


def drifting(history: History) -> None:
    for week in range(2):
        keep(history, week, [drift(0.3), drift(0.4, subject="items")])


def tell_all(history: History, config: MonitorConfig) -> None:
    tell(history, "shop", 2, config, config.checks(), NOW)


def in_file(folder: Path) -> list[str]:
    path = folder / "reports" / "shop" / "alerts.jsonl"
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_receivers_that_fail_for_a_while_get_each_message_once_and_in_order(
    history: History, tmp_path: Path
) -> None:
    drifting(history)
    with web(503, 500, 429) as chat, smtp(451, 421) as mail:
        tell_all(history, told_by(tmp_path, chat.port, mail.port))
        tell_all(history, told_by(tmp_path, chat.port, mail.port))
    assert [key for *_, key in chat.posts] == ["shop-1-raised", "shop-2-raised"]
    assert [m["Message-ID"] for m in mail.mails] == [
        "<shop-1-raised@example.org>",
        "<shop-2-raised@example.org>",
    ]
    assert (chat.tries, mail.tries) == (5, 4)
    assert in_file(tmp_path) == ["shop-1-raised", "shop-2-raised"]
    assert store.unsent(history.path, "shop") == []


def test_a_dead_sink_holds_up_no_other_and_is_tried_by_each_run(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drifting(history)
    with web(*[503] * 1_000) as chat:
        config = told_by(tmp_path, chat.port, deliver_s=2)
        start = time.monotonic()
        tell_all(history, config)
        assert time.monotonic() - start < 10
        assert in_file(tmp_path) == ["shop-1-raised", "shop-2-raised"]
        assert "untold    chat: 127.0.0.1 answered 503; the next run" in capsys.readouterr().out
        while store.unsent(history.path, "shop")[0].state != "dead":  # its last try may be late
            assert time.monotonic() - start < 20
            time.sleep(0.05)
        unsent = store.unsent(history.path, "shop")
        assert [(d.sink, d.event, d.state) for d in unsent] == [
            ("chat", "raised", "dead"),
            ("chat", "raised", "waiting"),
        ]
        assert unsent[0].attempts == chat.tries > 2
        chat.answers.clear()
        tell_all(history, config)
    assert [key for *_, key in chat.posts] == ["shop-1-raised", "shop-2-raised"]
    assert store.unsent(history.path, "shop") == []
    assert len(in_file(tmp_path)) == 2


def test_a_message_that_is_refused_for_good_does_not_keep_the_next_one_back(
    history: History, tmp_path: Path
) -> None:
    drifting(history)
    with web(400) as chat:
        tell_all(history, told_by(tmp_path, chat.port))
        assert [key for *_, key in chat.posts] == ["shop-2-raised"]
        tell_all(history, told_by(tmp_path, chat.port))
    assert [key for *_, key in chat.posts] == ["shop-2-raised", "shop-1-raised"]


def test_a_sink_that_hangs_is_left_behind_when_time_is_over(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drifting(history)
    with web() as chat:
        chat.hang = threading.Event()
        start = time.monotonic()
        tell_all(history, told_by(tmp_path, chat.port, deliver_s=0.5))
        assert time.monotonic() - start < 10
        assert "untold    chat did not answer in time" in capsys.readouterr().out
        assert len(in_file(tmp_path)) == 2


def test_waits_double_and_no_two_are_alike() -> None:
    def first(n: int) -> list[float]:
        found = waits()
        return [next(found) for _ in range(n)]

    made = first(12)
    assert made != first(12)
    for number, wait_s in enumerate(made):
        longest = min(0.02 * 2**number, delivering.LONGEST_WAIT_S)
        assert longest / 2 <= wait_s <= longest


def test_another_run_that_is_telling_is_not_disturbed(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drifting(history)
    with web() as chat:
        chat.hang = threading.Event()
        config = told_by(tmp_path, chat.port, deliver_s=5)
        first = threading.Thread(target=tell_all, args=(history, config))
        first.start()
        until(lambda: chat.tries == 1)
        tell_all(history, told_by(tmp_path, chat.port, deliver_s=0.2))
        assert "another run is telling them" in capsys.readouterr().out
        chat.hang.set()
        first.join()
    assert [key for *_, key in chat.posts] == ["shop-1-raised", "shop-2-raised"]


TELLING = """
import sys
from pathlib import Path
from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import tell
from {{ cookiecutter.__package }}.monitoring.history import History

config = MonitorConfig.model_validate_json(sys.argv[1])
tell(History(config.history), "shop", 2, config, config.checks())
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before it is sent", "before that is recorded"])
def test_a_run_that_is_killed_loses_no_message(
    history: History, tmp_path: Path, moment: str
) -> None:
    """The receiver holds its answer back until the run was killed: taken or not, it comes again."""
    drifting(history)
    answers = [503] * 1_000 if moment == "before it is sent" else []
    with web(*answers) as chat:
        if not answers:
            chat.hang = threading.Event()
        config = told_by(tmp_path, chat.port, deliver_s=30)
        given = config.model_dump(mode="json")
        given["sinks"]["chat"]["url"] = f"http://127.0.0.1:{chat.port}/secret"
        run = subprocess.Popen([sys.executable, "-c", TELLING, json.dumps(given)])
        until(lambda: chat.tries > 0)
        run.send_signal(signal.SIGKILL)
        run.wait()
        if chat.hang is not None:
            chat.hang.set()
            until(lambda: len(chat.posts) == 1)
        chat.answers.clear()
        assert any(d.sink == "chat" for d in store.unsent(history.path, "shop"))
        tell_all(history, config)
    ids = {key for *_, key in chat.posts}
    assert ids == {"shop-1-raised", "shop-2-raised"}
    assert store.unsent(history.path, "shop") == []


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
