"""The template's version: in one place, in what is rendered, in the changelog and in git's tags."""

from __future__ import annotations

import json
import re
import tomllib

from rendering import TEMPLATE, BakedProject, run

ENTRY = re.compile(r"^## (.+)$", re.MULTILINE)
VERSION = re.compile(r"\d+\.\d+\.\d+")
DUTY = "### What a project's owner has to do"


def version_of(cookiecutter: str) -> str:
    """Return the version that the text of a cookiecutter.json names."""
    found = json.loads(cookiecutter)["_version"]
    assert isinstance(found, str)
    return found


def entries() -> dict[str, str]:
    """Return each release of the changelog with what it says, newest first."""
    parts = ENTRY.split((TEMPLATE / "CHANGELOG.md").read_text("utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as it is compared."""
    return tuple(int(part) for part in version.split("."))


VERSION_NOW = version_of((TEMPLATE / "cookiecutter.json").read_text("utf-8"))


def tags() -> list[str]:
    """Return the versions that are tagged, oldest first."""
    listed = run("git", "tag", "--list", "v*", cwd=TEMPLATE).output.split()
    return sorted((tag.removeprefix("v") for tag in listed), key=numbers)


def test_the_newest_entry_of_the_changelog_is_the_version() -> None:
    assert VERSION.fullmatch(VERSION_NOW)
    assert next(iter(entries())) == VERSION_NOW


def test_entries_are_releases_newest_first_and_say_what_an_owner_has_to_do() -> None:
    names = list(entries())

    assert names == sorted(names, key=numbers, reverse=True)
    assert [name for name in names if not VERSION.fullmatch(name)] == []
    for name, text in entries().items():
        duty = re.search(rf"^{DUTY}\n\n(.+?)(?=^### |\Z)", text, re.MULTILINE | re.DOTALL)
        assert duty, f"{name} does not say under '{DUTY}' what to do"
        assert duty[1].strip()


def test_every_tag_names_the_version_that_its_files_name() -> None:
    for version in tags():
        assert version in entries()
        shown = run("git", "show", f"v{version}:cookiecutter.json", cwd=TEMPLATE).output
        assert version_of(shown) == version


def test_no_tag_is_newer_than_the_version_and_no_release_before_it_is_without_one() -> None:
    known = tags()
    if known:
        assert numbers(known[-1]) <= numbers(VERSION_NOW)
        assert set(entries()) - set(known) <= {VERSION_NOW}


def test_a_project_says_by_which_version_it_was_rendered(default: BakedProject) -> None:
    settings = tomllib.loads(default.read("pyproject.toml"))["tool"]

    assert settings["template"] == {"version": VERSION_NOW}
