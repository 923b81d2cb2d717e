from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import RegistryError
from {{ cookiecutter.__package }}.models.versions import Version, Versions


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path, "shop")


def register(versions: Versions, bundle: str, *, passed: bool = True) -> Version:
    rule = {"rule": "parity", "passed": passed, "reason": "–"}
    return versions.register(bundle, [rule], passed=passed)


def test_before_the_first_there_is_nothing(versions: Versions) -> None:
    assert versions.all() == []
    assert versions.served() is None
    assert versions.history() == []
    assert versions.of_bundle("a") is None
    with pytest.raises(RegistryError, match="shop has no version 1; its versions: none yet"):
        versions.get(1)


def test_many_at_once_never_share_a_number(versions: Versions) -> None:
    bundles = [f"bundle-{index}" for index in range(24)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda bundle: register(versions, bundle), bundles))
    assert sorted(version.number for version in made) == list(range(1, 25))
    assert versions.all() == sorted(made, key=lambda version: version.number)
    assert versions.of_bundle("bundle-3") in made
    assert versions.get(11) in made


def test_serving_moves_the_pointer_and_writes_who_when_and_why(versions: Versions) -> None:
    one, two = register(versions, "a"), register(versions, "b")
    versions.serve(one, action="promote", why="first")
    line = versions.serve(two, action="promote", why="Größer\u2028besser")
    assert versions.served() == two
    assert versions.history()[-1] == line
    assert (line["from"], line["to"]) == (1, 2)
    assert (line["action"], line["why"]) == ("promote", "Größer\u2028besser")
    assert line["verdict"] == "passed"
    refused = register(versions, "c", passed=False)
    assert versions.serve(refused, action="promote", why="we must")["verdict"] == "overridden"
    assert line["who"]
    assert line["when"].endswith("+00:00")


def test_the_previous_version_is_the_one_that_served_before_and_twice_goes_further_back(
    versions: Versions,
) -> None:
    made = [register(versions, bundle) for bundle in "abc"]
    one, two, three = made
    for version in (one, three, two):
        versions.serve(version, action="promote", why="")
    for expected in (three, one):
        assert versions.previous() == expected
        versions.serve(expected, action="rollback", why="")
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        versions.previous()
    versions.serve(two, action="promote", why="")
    assert versions.previous() == one


@pytest.mark.parametrize("pointer", ["latest", "1", '{"from": 1}', "true", "[" * 100_000])
def test_a_damaged_pointer_is_refused(versions: Versions, pointer: str) -> None:
    register(versions, "a")
    (versions.folder / "served").write_text(pointer)
    with pytest.raises(RegistryError, match="served' is damaged; restore it"):
        versions.served()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"number": 1', "[" * 100_000])
def test_a_damaged_version_is_refused(versions: Versions, content: str) -> None:
    register(versions, "a")
    (versions.folder / "versions" / "1.json").write_text(content)
    with pytest.raises(RegistryError, match=r"1\.json' is damaged; restore it"):
        versions.get(1)


def test_a_folder_that_takes_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RegistryError, match="cannot be changed"):
        register(Versions(tmp_path / "file", "shop"), "a")


def test_the_challenger_is_the_newest_that_passed_and_has_not_served(versions: Versions) -> None:
    assert versions.aliases() == {"champion": None, "challenger": None}
    one, two = register(versions, "a"), register(versions, "b")
    assert versions.aliases()["challenger"] is None  # nothing is challenged yet
    versions.serve(one, action="promote", why="")
    three = register(versions, "c")
    register(versions, "d", passed=False)
    assert versions.aliases() == {"champion": one, "challenger": three}
    assert [versions.find(name) for name in ("2", "champion", "challenger")] == [two, one, three]
    with pytest.raises(RegistryError, match="shop has no best at present; give a number, champ"):
        versions.find("best")
    versions.serve(three, action="promote", why="")
    versions.serve(one, action="rollback", why="")
    assert versions.aliases() == {"champion": one, "challenger": two}
