"""What comes out of the template with its default answers; what holds of all is in checks/."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rendering import TEMPLATE, Bake, BakedProject, clean_environment


def test_the_source_of_the_package_is_copied_to_the_letter(whole: BakedProject) -> None:
    source = TEMPLATE / "{{cookiecutter.project_slug}}" / "src" / "{{cookiecutter.__package}}"
    modules = {file.relative_to(source): file for file in source.rglob("*.py")}

    assert modules
    for name, file in modules.items():
        assert (whole.package / name).read_bytes() == file.read_bytes(), name


def test_the_package_is_named_after_the_slug(default: BakedProject) -> None:
    assert (default.path.name, default.package.name) == ("flight-delay", "flight_delay")


@pytest.mark.parametrize(
    ("answer", "given", "where"),
    [
        ("full_name", "Ada Lovelace", "LICENSE"),
        ("full_name", "Ada Lovelace", "pyproject.toml"),
        ("email", "ada@example.org", "pyproject.toml"),
        ("project_name", "Night Owl", "README.md"),
        ("project_slug", "night-owl", "pyproject.toml"),
        ("description", "Predicts owls by night.", "README.md"),
        ("description", "Predicts owls by night.", "pyproject.toml"),
        ("python_version", "3.12", "pyproject.toml"),
        ("license", "BSD-3-Clause", "pyproject.toml"),
    ],
)
def test_an_answer_appears_where_it_belongs(
    bake: Bake, answer: str, given: str, where: str
) -> None:
    assert given in bake(**{answer: given}).read(where)


def test_no_answer_of_the_defaults_stays_where_another_was_given(bake: Bake) -> None:
    project = bake(
        full_name="Ada Lovelace",
        email="ada@example.org",
        project_name="Night Owl",
        description="Predicts owls by night.",
    )
    traces = re.compile(r"Your Name|you@example\.com|more than fifteen minutes late\.")
    held = [path for path, content in project.files().items() if traces.search(content.decode())]

    assert held == []
    assert (project.path.name, project.package.name) == ("night-owl", "night_owl")


def test_two_renders_are_the_same_to_the_byte(bake: Bake) -> None:
    assert bake("one").files() == bake("two").files()


def test_the_command_of_the_documentation_renders_the_project(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(TEMPLATE),
        "--no-input",
        "--default-config",
    ]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env=clean_environment(PWD=str(tmp_path), HOME=str(tmp_path)),
        check=True,
        capture_output=True,
        text=True,
    )

    assert ran.stdout.split()[-5:] == ["Next:", "cd", "flight-delay", "make", "demo"]
    assert (tmp_path / "flight-delay" / "pyproject.toml").is_file()
