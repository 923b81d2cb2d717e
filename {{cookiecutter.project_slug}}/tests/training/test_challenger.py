"""Challenges as a person starts, stops and sees them."""

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError, RegistryError
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.challenger.manage import (
    show_challenges,
    start,
    stop,
)
from {{ cookiecutter.__package }}.training.promote import (
    promote,
    rollback,
)

from ..models.conftest import constant_files
from .conftest import Made


def test_a_challenge_is_started_shown_and_stopped(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    make_version(0.1)
    promote(versions, "1")
    make_version(0.2)
    capsys.readouterr()
    assert start(versions, "2", "challenger").share == 0.1
    show_challenges(versions)
    shown = capsys.readouterr().out
    assert "started   shop version 2 answers 0.1 of the requests" in shown
    assert "challenger version 2 answers 0.1 of the requests since" in shown
    assert "what has challenged" in shown
    stop(versions, "enough")
    stop(versions)
    show_challenges(versions)
    shown = capsys.readouterr().out
    assert "stopped   the challenge by shop version 2" in shown
    assert "no version of shop challenges; nothing changed" in shown
    assert "challenger none; start one with: challenge VERSION --share 0.1" in shown
    assert start(versions, "challenger", "shadow").share == 1.0


def test_promotion_and_rollback_end_a_challenge(versions: Versions, make_version: Made) -> None:
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    promote(versions, "1")
    start(versions, "2", "challenger", 0.5)
    promote(versions, "1")
    assert Challenges(versions).running() is not None  # nothing was moved
    promote(versions, "2")
    start(versions, "3", "challenger", 0.5)
    rollback(versions, None)
    challenges = Challenges(versions)
    assert challenges.running() is None
    ends = [line["why"] for line in challenges.history() if line["action"] == "end"]
    assert ends == ["promote of version 2", "rollback of version 1"]


def test_a_version_that_cannot_answer_the_champions_requests_is_refused(
    versions: Versions, make_version: Made, shop: Contract
) -> None:
    make_version()
    promote(versions, "1")
    price = shop.columns["price"].model_copy(update={"type": "integer"})
    other = {**shop.model_dump(), "columns": {**shop.columns, "price": price}}
    files = constant_files(Contract.model_validate(other), 0.5)
    versions.register(write_bundle(versions.folder, files).name, [], passed=True)
    for route in ("challenger", "shadow"):
        with pytest.raises(BundleError, match="version 2 cannot answer the requests of version 1"):
            start(versions, "2", "shadow" if route == "shadow" else "challenger")


def test_a_damaged_or_unknown_version_is_refused(versions: Versions, make_version: Made) -> None:
    make_version(0.1)
    promote(versions, "1")
    version = make_version(0.2)
    (versions.folder / version.bundle / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx is absent or damaged"):
        start(versions, "2", "challenger")
    with pytest.raises(RegistryError, match="no version 7"):
        start(versions, "7", "challenger")
    assert Challenges(versions).newest() is None
