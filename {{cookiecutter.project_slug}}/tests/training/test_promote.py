"""Promotion, rollback, and what is shown of versions."""

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    GateRefusedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.versions import Rule, Versions
from {{ cookiecutter.__package }}.training.promote import (
    promote,
    rollback,
    show_history,
)

from .conftest import Made


def numbers(versions: Versions) -> list[int]:
    return [line["to"] for line in versions.history()]


def test_promotion_serves_records_why_and_is_shown(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version(0.1)
    make_version(0.2)
    with pytest.raises(
        RegistryError, match=r"no version of shop serves; promote one with: promote 2"
    ):
        promote(versions, "champion")
    assert promote(versions, "1", "Größer\u2028besser") == versions.served()
    (line,) = versions.history()
    assert (line["why"], line["verdict"]) == ("Größer\u2028besser", "passed")
    assert line["who"]
    assert line["when"].endswith("+00:00")
    promote(versions, "2")
    promote(versions, "champion", "again")
    assert capsys.readouterr().out.splitlines() == [
        "served    shop version 1 (before: none)",
        "served    shop version 2 (before: version 1)",
        "served    shop version 2 already serves; nothing changed",
    ]
    versions.register(make_version(0.3).bundle, [Rule("calibrated", False, "far off")])
    show_history(versions)
    shown = capsys.readouterr().out
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert [lines[number].split()[-1] for number in "12"] == ["–", "yes"]
    assert "refused: calibrated" in lines["4"]
    assert "refused   calibrated: far off" in shown
    assert numbers(versions) == [1, 2]


def test_a_refused_version_serves_only_by_an_override_whose_reason_the_history_keeps(
    versions: Versions, make_version: Made
) -> None:
    make_version(0.25)
    promote(versions, "1", override="not needed")
    make_version(0.5, passed=False)
    refusal = r"version 2 .*: better than dummy: AUC 0\.5; .*--override"
    with pytest.raises(GateRefusedError, match=refusal):
        promote(versions, "2", "please")
    with pytest.raises(RegistryError, match="version 2 has never served"):
        rollback(versions, "2")
    with pytest.raises(RegistryError, match="--override needs the reason"):
        promote(versions, "2", override="  ")
    promote(versions, "2", override="the old one | sees no\nwinter")
    line = versions.history()[-1]
    assert (line["verdict"], line["why"]) == ("overridden", "the old one | sees no\nwinter")
    assert numbers(versions) == [1, 2]


def test_a_version_whose_bundle_cannot_answer_is_not_served(
    versions: Versions, make_version: Made, shop: Contract
) -> None:
    golden = {"rows": [dict.fromkeys(shop.features)], "predictions": [0.9]}
    make_version(0.75, golden=golden)
    (versions.folder / make_version(0.25).bundle / "model.onnx").write_bytes(b"")
    for number, fault in (("1", "predictions of the golden rows are"), ("2", "damaged")):
        with pytest.raises(BundleError, match=fault):
            promote(versions, number)
    assert versions.served() is None


def test_rollback_serves_what_served_before_or_what_is_named(
    versions: Versions, make_version: Made
) -> None:
    with pytest.raises(RegistryError, match="no version 1; its versions: none yet"):
        promote(versions, "1")
    assert not versions.folder.exists()
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    promote(versions, "1")
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        rollback(versions)
    promote(versions, "3")
    assert rollback(versions, None, "complaints").number == 1
    assert versions.history()[-1]["action"] == "rollback"
    assert rollback(versions, "3").number == 3
    assert numbers(versions) == [1, 3, 1, 3]
