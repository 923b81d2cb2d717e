from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import RegistryError
from {{ cookiecutter.__package }}.models.versions import (
    Rule,
    Version,
    Versions,
)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path, "shop")


def register(versions: Versions, bundle: str, *, passed: bool = True) -> Version:
    return versions.register(bundle, [Rule("parity", passed, "–")])


def test_many_at_once_never_share_a_number(versions: Versions) -> None:
    bundles = [f"bundle-{index}" for index in range(24)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda bundle: register(versions, bundle), bundles))
    assert sorted(version.number for version in made) == list(range(1, 25))
    assert versions.all() == sorted(made, key=lambda version: version.number)


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


@pytest.mark.parametrize("content", ["latest", "1", "{}", '{"number": 1', "[" * 100_000])
def test_a_damaged_pointer_or_version_is_refused(versions: Versions, content: str) -> None:
    register(versions, "a")
    for place in ("served", "versions/1.json"):
        (versions.folder / place).write_text(content)
    with pytest.raises(RegistryError, match="served' is damaged; restore it"):
        versions.served()
    with pytest.raises(RegistryError, match=r"1\.json' is damaged; restore it"):
        versions.get(1)
