"""What a tracker has yet to be told survives outages, kills and other processes."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.tracking import (
    Record,
    read_run,
    write_record,
)
from {{ cookiecutter.__package }}.training.tracking.outbox import (
    ALIASES,
    Outbox,
)

from ..conftest import Made, Recorder


def waiting(versions: Versions) -> set[str]:
    return {path.name for path in (versions.folder / "outbox").glob("[!.]*")}


def test_what_the_tracker_took_is_not_sent_again(
    versions: Versions, outbox: Outbox, recorder: Recorder, make_version: Made
) -> None:
    bundle = make_version().bundle
    outbox.mark(bundle)
    assert waiting(versions) == {bundle}
    assert outbox.send()
    assert outbox.send()
    assert [run.version.bundle for run in recorder.runs] == [bundle]
    assert waiting(versions) == set()


def test_a_bundle_marked_but_not_yet_registered_waits_for_its_version(
    versions: Versions, outbox: Outbox, recorder: Recorder
) -> None:
    outbox.mark("0123456789abcdef")
    assert outbox.send()
    assert waiting(versions) == {"0123456789abcdef"}
    versions.register("0123456789abcdef", [], passed=True)
    assert outbox.send()
    assert [run.version.number for run in recorder.runs] == [1]


def test_a_mark_made_while_it_is_sent_is_kept(
    versions: Versions, outbox: Outbox, recorder: Recorder, make_version: Made
) -> None:
    version, alias = make_version(), recorder.alias

    def meanwhile(*arguments: object) -> None:
        alias(*arguments)  # type: ignore[arg-type]
        outbox.mark(ALIASES)  # another process promotes

    outbox.mark(version.bundle, ALIASES)
    recorder.alias = meanwhile  # type: ignore[method-assign,assignment]
    assert outbox.send()
    assert waiting(versions) == {ALIASES}


def test_while_another_process_sends_nobody_waits(
    versions: Versions,
    outbox: Outbox,
    recorder: Recorder,
    make_version: Made,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outbox.mark(make_version().bundle)
    with FileLock(versions.folder / "outbox" / ".lock"):
        assert not outbox.send()
    assert "later     another process" in capsys.readouterr().out
    assert recorder.runs == []
    assert len(waiting(versions)) == 1


def test_the_oldest_is_sent_first_and_a_failure_keeps_the_rest(
    versions: Versions, outbox: Outbox, recorder: Recorder, make_version: Made
) -> None:
    bundles = [make_version(value).bundle for value in (0.1, 0.2, 0.3)]
    outbox.mark_all()
    record = recorder.record

    def second_fails(run: object) -> None:
        recorder.down = len(recorder.runs) == 1
        record(run)  # type: ignore[arg-type]

    recorder.record = second_fails  # type: ignore[method-assign]
    assert not outbox.send()
    assert waiting(versions) == {*bundles[1:], ALIASES}
    recorder.record, recorder.down = record, False  # type: ignore[method-assign]
    assert outbox.send()
    assert [run.version.bundle for run in recorder.runs] == bundles


def test_a_record_is_kept_beside_the_bundle(versions: Versions, make_version: Made) -> None:
    version = make_version()
    assert read_run(versions, version, versions.folder / "reports").record == Record()
    record = Record(metrics={"auc": 0.7}, curves=[{"loss": 0.5}], environment={"cpus": 2}, ended=9)
    write_record(versions, version.bundle, record)
    run = read_run(versions, version, versions.folder / "reports")
    assert run.record == record
    assert run.tags["bundle"] == version.bundle
    assert run.params["epochs"] == "1"


def test_a_report_is_taken_along_where_there_is_one(
    versions: Versions, make_version: Made, tmp_path: Path
) -> None:
    version = make_version()
    assert read_run(versions, version, tmp_path).report is None
    folder = tmp_path / "shop" / "version-1"
    folder.mkdir(parents=True)
    assert read_run(versions, version, tmp_path).report == folder


def test_settings_are_recorded_by_dotted_name(versions: Versions, make_version: Made) -> None:
    version = make_version(settings={"model": {"hidden": [64, 32]}, "seed": 3})
    assert json.loads((versions.folder / version.bundle / "metadata.json").read_text())
    assert (
        read_run(versions, version, versions.folder / "reports").params["model.hidden"]
        == "[64, 32]"
    )


@pytest.mark.parametrize("git", [{}, {"git": {"commit": "abc", "dirty": True}}])
def test_the_commit_is_a_tag(
    versions: Versions, make_version: Made, git: dict[str, dict[str, object]]
) -> None:
    tags = read_run(versions, make_version(**git), versions.folder / "reports").tags
    assert tags["git.commit"] == ("abc" if git else "None")


def test_a_failure_is_said_without_the_password_that_it_names(
    versions: Versions,
    outbox: Outbox,
    recorder: Recorder,
    make_version: Made,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionError("no answer from postgresql://me:secret@db:5432/runs")

    outbox.mark(make_version().bundle)
    monkeypatch.setattr(recorder, "record", refuse)
    assert not outbox.send()
    said = capsys.readouterr().out
    assert "no answer from postgresql://db:5432/runs" in said
    assert "secret" not in said
