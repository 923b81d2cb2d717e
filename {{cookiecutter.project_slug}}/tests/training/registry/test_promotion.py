import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.errors import (
    BundleError,
    GateRefusedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry.history import card_of
from {{ cookiecutter.__package }}.training.registry.promotion import (
    promote,
    repair,
    rollback,
)
from {{ cookiecutter.__package }}.training.tracking.outbox import Outbox

from ..conftest import Made, Recorder


def numbers(versions: Versions) -> list[int]:
    return [line["to"] for line in versions.history()]


def test_promotion_serves_records_why_and_moves_the_alias(
    versions: Versions, make_version: Made, outbox: Outbox, recorder: Recorder
) -> None:
    make_version()
    version = promote(outbox, "1", "winter timetable")
    assert versions.served() == version
    assert versions.history()[0]["why"] == "winter timetable"
    assert recorder.aliases == {"champion": 1, "challenger": None}
    assert recorder.tags["verdict"] == "passed"


def test_promoting_what_serves_changes_nothing(
    versions: Versions, make_version: Made, outbox: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version()
    promote(outbox, "1")
    promote(outbox, "champion", "again")
    assert numbers(versions) == [1]
    assert "already serves; nothing changed" in capsys.readouterr().out


def test_a_version_that_its_gate_refused_is_not_served(
    versions: Versions, make_version: Made, outbox: Outbox
) -> None:
    make_version(0.25)
    promote(outbox, "1")
    make_version(0.5, passed=False)
    with pytest.raises(
        GateRefusedError, match=r"version 2 .*: better than dummy: AUC 0\.5; .*--override"
    ):
        promote(outbox, "2", "please")
    with pytest.raises(RegistryError, match="version 2 has never served"):
        rollback(outbox, "2")
    assert numbers(versions) == [1]


def test_an_override_serves_and_its_reason_is_in_history_card_and_mirror(
    versions: Versions, make_version: Made, outbox: Outbox, recorder: Recorder
) -> None:
    one = make_version(0.25)
    promote(outbox, "1", override="not needed")
    two = make_version(0.5, passed=False)
    before = card_of(versions, two)
    for empty in ("", "  "):
        with pytest.raises(RegistryError, match="--override needs the reason"):
            promote(outbox, "2", override=empty)
    promote(outbox, "2", override="the old one | sees no\nwinter")
    line = versions.history()[-1]
    assert (line["verdict"], line["why"]) == ("overridden", "the old one | sees no\nwinter")
    assert line["broken"] == ["better than dummy: AUC 0.5"]
    card = card_of(versions, two)
    assert card.startswith(before.rstrip())
    assert "## Served against its gate" in card
    assert "better than dummy: AUC 0.5" in card
    assert f"{line['who']}: the old one | sees no winter\n" in card
    assert recorder.tags["verdict"] == "overridden"
    assert "against" not in card_of(versions, one)


def test_a_version_that_is_not_there_is_not_served(
    versions: Versions, make_version: Made, outbox: Outbox
) -> None:
    make_version()
    for move in (promote, rollback):
        with pytest.raises(RegistryError, match="no version 9; its versions: 1"):
            move(outbox, "9", "")
    assert versions.served() is None


def test_asking_for_a_model_that_is_not_there_makes_no_folder(
    versions: Versions, outbox: Outbox
) -> None:
    with pytest.raises(RegistryError, match="no version 1; its versions: none yet"):
        promote(outbox, "1")
    assert outbox.send()
    assert not versions.folder.exists()


def test_a_version_whose_bundle_is_damaged_or_gone_is_not_served(
    versions: Versions, make_version: Made, outbox: Outbox
) -> None:
    make_version(0.25)
    damaged, gone = make_version(0.5), make_version(0.75)
    (versions.folder / damaged.bundle / "model.onnx").write_bytes(b"")
    (versions.folder / gone.bundle).rename(versions.folder.parent / "elsewhere")
    promote(outbox, "1")
    with pytest.raises(BundleError, match=r"model\.onnx is absent or damaged"):
        promote(outbox, "2")
    with pytest.raises(BundleError, match="is not a bundle"):
        promote(outbox, "3")
    assert numbers(versions) == [1]


def test_rollback_serves_what_served_before(
    versions: Versions, make_version: Made, outbox: Outbox, recorder: Recorder
) -> None:
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    for number in ("1", "3"):
        promote(outbox, number)
    assert rollback(outbox, None, "complaints").number == 1
    assert versions.history()[-1]["action"] == "rollback"
    assert recorder.aliases == {"champion": 1, "challenger": 2}


def test_rollback_may_name_a_version(
    versions: Versions, make_version: Made, outbox: Outbox
) -> None:
    for value in (0.1, 0.2, 0.3):
        promote(outbox, str(make_version(value).number))
    assert rollback(outbox, "1").number == 1
    assert numbers(versions) == [1, 2, 3, 1]


def test_there_is_nothing_to_roll_back_to_at_first(make_version: Made, outbox: Outbox) -> None:
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(outbox, None)
    promote(outbox, str(make_version().number))
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(outbox, None)


def test_a_repair_beside_one_who_sends_is_none(
    versions: Versions, make_version: Made, outbox: Outbox, recorder: Recorder
) -> None:
    make_version()
    with (
        FileLock(versions.folder / "outbox" / ".lock"),
        pytest.raises(RegistryError, match="mirror of shop is not repaired"),
    ):
        repair(outbox)
    assert recorder.runs == []


def test_a_tracker_that_is_down_hinders_nobody_and_hears_it_all_later(
    versions: Versions,
    make_version: Made,
    outbox: Outbox,
    recorder: Recorder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder.down = True
    for value in (0.1, 0.2):
        promote(outbox, str(make_version(value).number))
    rollback(outbox, None)
    said = capsys.readouterr().out
    assert said.count("warning   the recorder was not reached: nobody answers\n") == 3
    assert numbers(versions) == [1, 2, 1]
    with pytest.raises(RegistryError, match="mirror of shop is not repaired"):
        repair(outbox)
    recorder.down = False
    repair(outbox)
    assert [run.version.number for run in recorder.runs] == [1, 2]
    assert recorder.aliases == {"champion": 1, "challenger": None}
    assert "repaired  shop: 2 versions are mirrored; champion 1" in capsys.readouterr().out
