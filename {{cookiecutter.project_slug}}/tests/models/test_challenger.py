"""The pointer that says which version challenges the one that serves."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import (
    GateRefusedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.challenger import (
    Challenge,
    end_challenge,
    read_challenge,
    start_challenge,
)
from {{ cookiecutter.__package }}.models.versions import Versions

from .test_versions import register


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    """Version 1 serves, 2 passed its gate, 3 did not."""
    versions = Versions(tmp_path, "shop")
    versions.serve(register(versions, "a"), action="promote", why="")
    register(versions, "b")
    register(versions, "c", passed=False)
    return versions


def started(versions: Versions, number: int = 2, *, shadow: bool = False) -> Challenge:
    start_challenge(versions, versions.get(number), 0.1, shadow=shadow)
    challenge = read_challenge(versions)
    assert challenge is not None
    return challenge


def test_a_challenge_runs_until_it_is_stopped_or_aborted(versions: Versions) -> None:
    assert read_challenge(versions) is None
    challenge = started(versions)
    assert challenge.text == "version 2 answers 10% of the requests"
    end_challenge(versions, challenge, "it fails")
    aborted = read_challenge(versions)
    assert aborted is not None
    assert aborted.text == "the challenger, version 2, was aborted: it fails"
    second = started(versions, 3, shadow=True)
    end_challenge(versions, aborted)
    assert read_challenge(versions) == second, "the end of a challenge ends no other"
    end_challenge(versions, second)
    assert read_challenge(versions) is None


def test_a_challenge_is_over_once_another_version_has_served(versions: Versions) -> None:
    started(versions)
    versions.serve(versions.get(2), action="promote", why="")
    assert read_challenge(versions) is None
    versions.serve(versions.get(1), action="rollback", why="")
    assert read_challenge(versions) is None, "although the champion is back"


def test_a_version_that_its_gate_refused_may_only_shadow(versions: Versions) -> None:
    with pytest.raises(GateRefusedError, match=r"version 3 may only --shadow.*parity"):
        started(versions, 3)
    assert started(versions, 3, shadow=True).text == "version 3 shadows 10% of the requests"


def test_a_challenger_needs_another_version_that_serves(versions: Versions, tmp_path: Path) -> None:
    empty = Versions(tmp_path, "other")
    for model, version in ((versions, versions.get(1)), (empty, register(empty, "a"))):
        with pytest.raises(RegistryError, match="version 1 has no other to challenge"):
            start_challenge(model, version, 0.1, shadow=False)
