import pytest

from {{ cookiecutter.__package }}.errors import (
    BundleError,
    GateRefusedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry import (
    SERVED,
    promote,
    rollback,
    show_history,
)

from .conftest import Made, Recorder


def numbers(versions: Versions) -> list[int]:
    return [line["to"] for line in versions.history()]


def test_promotion_serves_records_why_and_moves_the_alias(
    versions: Versions, make_version: Made
) -> None:
    make_version()
    tracker = Recorder()
    version = promote(versions, tracker, 1, "winter timetable")
    assert versions.served() == version
    assert versions.history()[0]["why"] == "winter timetable"
    assert tracker.aliases == [(SERVED, 1)]


def test_promoting_what_serves_only_mirrors_it_again(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version()
    tracker = Recorder()
    promote(versions, tracker, 1, "")
    promote(versions, tracker, 1, "again")
    assert numbers(versions) == [1]
    assert tracker.aliases == [(SERVED, 1)] * 2
    assert "already serves; nothing changed" in capsys.readouterr().out


def test_a_version_that_its_gate_refused_is_not_served(
    versions: Versions, make_version: Made
) -> None:
    make_version(0.25)
    promote(versions, Recorder(), 1, "")
    make_version(0.5, passed=False)
    with pytest.raises(GateRefusedError, match=r"version 2 .*: better than dummy: AUC 0\.5$"):
        promote(versions, Recorder(), 2, "")
    with pytest.raises(RegistryError, match="version 2 has never served"):
        rollback(versions, Recorder(), 2, "")
    assert numbers(versions) == [1]


def test_a_version_that_is_not_there_is_not_served(versions: Versions, make_version: Made) -> None:
    make_version()
    for move in (promote, rollback):
        with pytest.raises(RegistryError, match="no version 9; its versions: 1"):
            move(versions, Recorder(), 9, "")
    assert versions.served() is None


def test_a_version_whose_bundle_is_damaged_is_not_served(
    versions: Versions, make_version: Made
) -> None:
    make_version(0.25)
    damaged = make_version(0.5)
    (versions.folder / damaged.bundle / "model.onnx").write_bytes(b"")
    promote(versions, Recorder(), 1, "")
    with pytest.raises(BundleError, match=r"model\.onnx is absent or damaged"):
        promote(versions, Recorder(), 2, "")
    assert numbers(versions) == [1]


def test_rollback_serves_what_served_before(versions: Versions, make_version: Made) -> None:
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    for number in (1, 3):
        promote(versions, Recorder(), number, "")
    tracker = Recorder()
    assert rollback(versions, tracker, None, "complaints").number == 1
    assert versions.history()[-1]["action"] == "rollback"
    assert tracker.aliases == [(SERVED, 1)]


def test_rollback_may_name_a_version(versions: Versions, make_version: Made) -> None:
    for value in (0.1, 0.2, 0.3):
        promote(versions, Recorder(), make_version(value).number, "")
    assert rollback(versions, Recorder(), 1, "").number == 1
    assert numbers(versions) == [1, 2, 3, 1]


def test_there_is_nothing_to_roll_back_to_at_first(versions: Versions, make_version: Made) -> None:
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(versions, Recorder(), None, "")
    promote(versions, Recorder(), make_version().number, "")
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(versions, Recorder(), None, "")


def test_the_history_shows_versions_and_what_served(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(versions, Recorder(), make_version(0.1).number, "a good start")
    make_version(0.2, passed=False)
    capsys.readouterr()
    show_history(versions)
    shown = capsys.readouterr().out
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "passed" in lines["1"]
    assert "served" in lines["1"]
    assert "refused" in lines["2"]
    assert "a good start" in shown
