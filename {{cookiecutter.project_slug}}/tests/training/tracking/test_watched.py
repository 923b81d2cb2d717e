"""What monitoring found reaches the tracker once, again where it changed, and never stops a job."""

from datetime import UTC, date, datetime

import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.cli.mirror import mirror
from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import Judged, keep_window
from {{ cookiecutter.__package }}.training import tracking
from {{ cookiecutter.__package }}.training.tracking.outbox import Outbox
from {{ cookiecutter.__package }}.training.tracking.watched import (
    Watched,
    key,
)

from ..conftest import Made, Recorder


def week(name: str, fingerprint: str = "a", **values: float) -> Watched:
    return Watched(name=name, fingerprint=fingerprint, judged=1_700_000_000.0, values=values)


def test_a_window_is_told_of_once_and_again_where_it_was_judged_again(
    outbox: Outbox, recorder: Recorder, make_version: Made
) -> None:
    version = make_version()
    for windows in (
        [week("2024-01-01")],
        [week("2024-01-01"), week("2024-01-08")],
        [week("2024-01-01"), week("2024-01-08", "labels came")],
        [week("2024-01-01"), week("2024-01-08", "labels came")],
    ):
        assert outbox.watch(version, windows)
    assert recorder.watched == [(1, "2024-01-01"), (1, "2024-01-08"), (1, "2024-01-08")]
    outbox.mark_all()
    assert outbox.watch(version, [week("2024-01-01")])
    assert recorder.watched[3:] == [(1, "2024-01-01")]


def test_a_tracker_that_is_down_is_told_later_and_first_of_the_version(
    outbox: Outbox, recorder: Recorder, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    version = make_version()
    recorder.down = True
    assert not outbox.watch(version, [week("2024-01-01")])
    shown = capsys.readouterr().out
    assert "warning   the recorder was not reached: nobody answers\n" in shown
    assert "the next monitor sends it" in shown
    recorder.down = False
    outbox.mark(version.bundle)
    assert outbox.watch(version, [week("2024-01-01"), week("2024-01-08")])
    assert [run.version.number for run in recorder.runs] == [1]
    assert recorder.watched == [(1, "2024-01-01"), (1, "2024-01-08")]


def test_a_window_waits_while_another_process_sends_the_version(
    versions: Versions, outbox: Outbox, recorder: Recorder, make_version: Made
) -> None:
    version = make_version()
    outbox.mark(version.bundle)
    with FileLock(versions.folder / "outbox" / ".lock"):
        assert not outbox.watch(version, [week("2024-01-01")])
    assert recorder.watched == []
    assert outbox.watch(version, [week("2024-01-01")])
    assert recorder.watched == [(1, "2024-01-01")]


def test_steps_are_in_the_order_of_time_and_stay() -> None:
    names = ["2023-12-25", "2024-01-01", "2024-01-08", "row-000401", "row-001201"]
    assert [week(name).step for name in names] == [20231225, 20240101, 20240108, 401, 1201]


def test_names_are_such_that_every_tracker_takes_them_and_none_are_confused() -> None:
    assert key("data_drift", "price", "", "psi") == "data_drift/price/psi"
    odd = ["a/b", "a.b", "..", 'say "so"', "a" * 300, "a" * 301, "$ref", "%ref"]
    made = [key("data_drift", name, "", "psi") for name in odd]
    assert len(set(made)) == len(odd)
    assert all(name.count("/") == 2 and len(name) < 250 for name in made)


def test_the_judged_windows_of_the_history_are_mirrored(
    versions: Versions,
    recorder: Recorder,
    make_version: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_version()
    folder = versions.folder.parent
    config = Config.model_validate(
        {
            "data": {"driving": "orders", "split": {"by": "hash"}},
            "train": {"bundles": folder},
            "serve": {},
            "monitor": {"history": folder / "history.sqlite"},
        }
    )
    findings = [
        Finding(
            kind="data_drift", subject=subject, measure="psi", value=value, rows=400, breach=beyond
        )
        for subject, value, beyond in (("price", 0.3, True), ("items", 0.05, False))
    ]
    for day, complete in (("2024-01-01", True), ("2024-01-08", False)):
        judged = Judged(
            model="shop",
            version=1,
            length="7 days",
            name=day,
            number=0,
            first=date.fromisoformat(day),
            last=date.fromisoformat(day),
            begin_s=0,
            newest_s=0,
            rows=400,
            labelled=90,
            complete=complete,
            fingerprint="f",
            judged=datetime(2024, 1, 9, tzinfo=UTC),
            findings=tuple(findings),
        )
        keep_window(config.monitor.history, judged)
    told: list[Watched] = []
    monkeypatch.setattr(tracking, "tracker_of", lambda *_: recorder)
    monkeypatch.setattr(recorder, "watch", lambda _, windows: told.extend(windows))
    mirror(config, "shop", 1)
    (window,) = told
    assert window.values == {
        "data_drift/price/psi": 0.3,
        "data_drift/items/psi": 0.05,
        "window/rows": 400,
        "window/labelled": 90,
        "window/breaches": 1,
    }
    assert datetime.fromtimestamp(window.judged, UTC).isoformat() == "2024-01-09T00:00:00+00:00"
