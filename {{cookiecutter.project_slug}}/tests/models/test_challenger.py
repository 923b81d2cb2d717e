"""Who challenges what serves, since when, and how that ended."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import (
    GateRefusedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Version, Versions


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    made = Versions(tmp_path, "shop")
    made.serve(register(made, "a"), action="promote", why="")
    register(made, "b")
    register(made, "c", passed=False)
    return made


def register(versions: Versions, bundle: str, *, passed: bool = True) -> Version:
    rule = {"rule": "parity", "passed": passed, "reason": "–"}
    return versions.register(bundle, [rule], passed=passed)


def test_a_challenge_says_which_against_which_and_since_when_by_whom_and_why(
    versions: Versions,
) -> None:
    challenges = Challenges(versions)
    assert (challenges.newest(), challenges.running(), challenges.history()) == (None, None, [])
    line = challenges.start(versions.get(2), "challenger", 0.1, "after the holidays")
    assert (line.version, line.against, line.bundle, line.share) == (2, 1, "b", 0.1)
    assert (line.action, line.route, line.why) == ("challenge", "challenger", "after the holidays")
    assert line.who
    assert line.when.endswith("+00:00")
    assert challenges.newest() == challenges.running() == line
    assert line.description == "answers 0.1 of the requests"


def test_it_ends_once_and_the_history_keeps_each_line(versions: Versions) -> None:
    challenges = Challenges(versions)
    assert challenges.finish() is None
    started = challenges.start(versions.get(2), "challenger", 0.1)
    assert challenges.finish("seen enough") is not None
    assert challenges.finish() is None
    again = challenges.start(versions.get(2), "shadow", 1.0)
    assert challenges.abort(started, "of another one") is False
    assert challenges.running() == again
    assert challenges.abort(again, "max_error_rate: it failed") is True
    assert challenges.running() is None
    actions = [(line["action"], line["who"] == "the server") for line in challenges.history()]
    assert actions == [("challenge", False), ("stop", False), ("challenge", False), ("abort", True)]


def test_another_champion_is_not_challenged_by_what_challenged_the_one_before(
    versions: Versions,
) -> None:
    challenges = Challenges(versions)
    challenges.start(versions.get(2), "challenger", 0.1)
    versions.serve(versions.get(2), action="promote", why="")
    assert challenges.running() is None
    versions.serve(versions.get(1), action="rollback", why="")
    assert challenges.running() is None, "although the one before is back"
    ended = challenges.newest()
    assert ended is not None
    assert (ended.action, ended.why) == ("end", "rollback of version 1")
    again = challenges.start(versions.get(2), "challenger", 0.1)
    assert challenges.running() == again
    actions = [line["action"] for line in challenges.history()]
    assert actions == ["challenge", "end", "challenge"]


def test_a_line_of_version_0_1_says_only_which_champion_it_is_against(versions: Versions) -> None:
    challenges = Challenges(versions)
    line = asdict(challenges.start(versions.get(2), "challenger", 0.1))
    del line["served"]
    (versions.folder / "challenge").write_text(json.dumps(line))
    assert challenges.running() is not None
    versions.serve(versions.get(2), action="promote", why="")
    assert challenges.running() is None


def test_a_version_that_its_gate_refused_may_shadow_and_not_answer(versions: Versions) -> None:
    challenges = Challenges(versions)
    with pytest.raises(GateRefusedError, match=r"version 3 may not answer.*parity.*--shadow"):
        challenges.start(versions.get(3), "challenger", 0.1)
    assert challenges.newest() is None
    assert (
        challenges.start(versions.get(3), "shadow", 1.0).description == "shadows 1 of the requests"
    )


@pytest.mark.parametrize(
    ("route", "share"),
    [("challenger", 0.0), ("challenger", 1.0), ("challenger", -1.0), ("shadow", 1.1)],
)
def test_a_share_is_a_share(versions: Versions, route: str, share: float) -> None:
    with pytest.raises(RegistryError, match=r"the share is .*; give a number above 0 and"):
        Challenges(versions).start(
            versions.get(2), "shadow" if route == "shadow" else "challenger", share
        )


def test_what_serves_does_not_challenge_itself_nor_nothing(
    versions: Versions, tmp_path: Path
) -> None:
    with pytest.raises(RegistryError, match="version 1 serves already"):
        Challenges(versions).start(versions.get(1), "challenger", 0.1)
    empty = Versions(tmp_path, "other")
    with pytest.raises(RegistryError, match="no version of other serves"):
        Challenges(empty).start(register(empty, "a"), "challenger", 0.1)


@pytest.mark.parametrize("content", ["nonsense", "{}", "3", '{"version": 2}'])
def test_a_damaged_pointer_is_told_with_what_to_do(versions: Versions, content: str) -> None:
    (versions.folder / "challenge").write_text(content)
    with pytest.raises(RegistryError, match="challenge' is damaged; delete it"):
        Challenges(versions).newest()
