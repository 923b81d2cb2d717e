"""Promotion, rollback, and what is shown of versions."""

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    GateRefusedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.promote import (
    card_of,
    promote,
    rollback,
    show_history,
)

from .conftest import Made


def numbers(versions: Versions) -> list[int]:
    return [line["to"] for line in versions.history()]


def test_promotion_serves_records_why_and_ends_with_one_line(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version(0.1)
    make_version(0.2)
    assert promote(versions, "1", "winter timetable") == versions.served()
    assert versions.history()[0]["why"] == "winter timetable"
    promote(versions, "2")
    promote(versions, "champion", "again")
    assert numbers(versions) == [1, 2]
    assert capsys.readouterr().out.splitlines() == [
        "served    shop version 1 (before: none)",
        "served    shop version 2 (before: version 1)",
        "served    shop version 2 already serves; nothing changed",
    ]


def test_a_version_that_its_gate_refused_is_not_served(
    versions: Versions, make_version: Made
) -> None:
    make_version(0.25)
    promote(versions, "1")
    make_version(0.5, passed=False)
    with pytest.raises(
        GateRefusedError, match=r"version 2 .*: better than dummy: AUC 0\.5; .*--override"
    ):
        promote(versions, "2", "please")
    with pytest.raises(RegistryError, match="version 2 has never served"):
        rollback(versions, "2")
    assert numbers(versions) == [1]


def test_an_override_serves_and_its_reason_is_in_history_and_card(
    versions: Versions, make_version: Made
) -> None:
    one = make_version(0.25)
    promote(versions, "1", override="not needed")
    two = make_version(0.5, passed=False)
    before = card_of(versions, two)
    assert "- **refused** · better than dummy: AUC 0.5" in before
    for empty in ("", "  "):
        with pytest.raises(RegistryError, match="--override needs the reason"):
            promote(versions, "2", override=empty)
    promote(versions, "2", override="the old one | sees no\nwinter")
    line = versions.history()[-1]
    assert (line["verdict"], line["why"]) == ("overridden", "the old one | sees no\nwinter")
    card = card_of(versions, two)
    assert card.startswith(before.rstrip())
    assert f"## Served against its gate\n\n- {line['when']}, {line['who']}: the old one" in card
    assert "against" not in card_of(versions, one)


def test_a_version_that_is_not_there_is_not_served_and_makes_no_folder(
    versions: Versions, make_version: Made
) -> None:
    with pytest.raises(RegistryError, match="no version 1; its versions: none yet"):
        promote(versions, "1")
    assert not versions.folder.exists()
    make_version()
    for move in (promote, rollback):
        with pytest.raises(RegistryError, match="no version 9; its versions: 1"):
            move(versions, "9")
    assert versions.served() is None


@pytest.mark.parametrize("harm", ["damaged", "removed"])
def test_a_version_whose_bundle_cannot_answer_is_not_served(
    versions: Versions, make_version: Made, harm: str
) -> None:
    make_version(0.25)
    folder = versions.folder / make_version(0.5).bundle
    promote(versions, "1")
    if harm == "damaged":
        (folder / "model.onnx").write_bytes(b"")
    else:
        folder.rename(folder.parent.parent / "elsewhere")
    with pytest.raises(BundleError, match=r"model\.onnx is absent or damaged|is not a bundle"):
        promote(versions, "2")
    assert numbers(versions) == [1]


def test_a_bundle_that_answers_its_golden_rows_otherwise_is_not_served(
    versions: Versions, make_version: Made, shop: Contract
) -> None:
    """Its checksums are right."""
    golden = {"rows": [dict.fromkeys(shop.features)], "predictions": [0.9]}
    make_version(0.25, golden=golden)
    with pytest.raises(BundleError, match="predictions of the golden rows are"):
        promote(versions, "1")
    assert versions.served() is None


def test_rollback_serves_what_served_before_or_what_is_named(
    versions: Versions, make_version: Made
) -> None:
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(versions)
    promote(versions, "1")
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(versions)
    promote(versions, "3")
    assert rollback(versions, None, "complaints").number == 1
    assert versions.history()[-1]["action"] == "rollback"
    assert rollback(versions, "3").number == 3
    assert numbers(versions) == [1, 3, 1, 3]


def test_the_history_shows_versions_the_newest_gate_and_what_served(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(versions, str(make_version(0.1).number), "a good start")
    make_version(0.3)
    bad = {"rule": "calibrated", "measured": "0.2; 0.3", "limit": "≤ 0.1", "passed": False}
    good = {"rule": "size", "measured": "3 MB", "limit": "–", "passed": True, "reason": "the graph"}
    versions.register(make_version(0.2).bundle, [bad | {"reason": "far off"}, good], passed=False)
    capsys.readouterr()
    show_history(versions)
    shown = capsys.readouterr().out
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "champion" in lines["1"]
    assert "challenger" in lines["3"]
    assert "refused: calibrated" in lines["4"]
    assert "refused   calibrated: far off" in shown
    assert "the graph" not in shown
    assert "a good start" in shown
