"""Faults of the environment, planted one by one."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.doctor import __main__ as first
from {{ cookiecutter.__package }}.doctor import environment as looked
from {{ cookiecutter.__package }}.doctor.finding import Finding

from ..conftest import PACKAGE

PYPROJECT = """
[project]
name = "{name}"
requires-python = ">={python}"
dependencies = [{dependencies}]

[tool.template]
version = "1.2.3"
"""
NAME = PACKAGE.replace("_", "-")


class Distribution:
    """What is installed of the project itself."""

    def __init__(self, url: str) -> None:
        self.url = url

    def read_text(self, _name: str) -> str:
        """What pip and uv write down."""
        return json.dumps({"url": self.url, "dir_info": {"editable": True}})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder in which all is well."""
    write(tmp_path)
    (tmp_path / "constraints.txt").write_text(f"pyyaml=={looked_up('PyYAML')}\nnot-here==1.0\n")
    monkeypatch.setattr(looked, "distribution", lambda _: Distribution(tmp_path.as_uri()))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    return tmp_path


def write(
    root: Path, name: str = NAME, python: str = "3.11", dependencies: str = '"pyyaml>=6"'
) -> None:
    """Write what environments are compared with."""
    text = PYPROJECT.format(name=name, python=python, dependencies=dependencies)
    (root / "pyproject.toml").write_text(text)


def looked_up(name: str) -> str:
    """The version that is installed."""
    return importlib.metadata.version(name)


def wrong(found: Iterator[Finding]) -> Finding:
    """The one finding that is not fine."""
    (one,) = [finding for finding in found if finding.level != "fine"]
    assert one.fix
    return one


def test_where_all_is_well_every_finding_is_fine(root: Path) -> None:
    found = list(looked.environment(root))
    assert {finding.level for finding in found} == {"fine"}
    assert [f.what for f in found if f.check == "template"] == ["version 1.2.3"]


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    found = wrong(looked.environment(tmp_path))
    assert "no pyproject.toml" in found.what
    assert found.fix == "cd to the project's root, then: make doctor"


def test_a_damaged_pyproject_is_told(root: Path) -> None:
    (root / "pyproject.toml").write_text("[project\n")
    found = wrong(looked.environment(root))
    assert (found.level, found.fix) == ("fault", "git diff pyproject.toml")


def test_a_python_that_is_too_old_is_told(root: Path) -> None:
    write(root, python="3.99")
    found = wrong(looked.environment(root))
    assert found.level == "fault"
    assert "pyproject.toml wants >=3.99" in found.what
    assert found.fix == "rm -rf .venv && make setup PYTHON=python3.99"


def test_a_python_outside_an_environment_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    found = wrong(looked.environment(root))
    assert (found.check, found.level, found.fix) == ("python", "warning", "make setup")


def test_a_project_that_is_not_installed_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looked, "distribution", importlib.metadata.distribution)
    write(root, name="never-installed-anywhere")
    found = wrong(looked.environment(root))
    assert found.what.startswith("never-installed-anywhere is not installed")
    assert found.fix == "python3 scripts/setup.py"


def test_a_folder_that_was_moved_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = (root / "before").as_uri()
    monkeypatch.setattr(looked, "distribution", lambda _: Distribution(elsewhere))
    found = wrong(looked.environment(root))
    assert "it was moved" in found.what
    assert found.fix == "rm -rf .venv && make setup"


def test_an_environment_older_than_its_description_is_told(root: Path) -> None:
    made = root / ".venv" / ".installed"
    made.parent.mkdir()
    made.touch()
    os.utime(made, (1e9, 1e9))
    os.utime(root / "constraints.txt", (1e9 - 1, 1e9 - 1))
    found = wrong(looked.environment(root))
    assert (found.what, found.fix) == ("is older than pyproject.toml", "make setup")


def test_a_dependency_that_is_not_there_is_told(root: Path) -> None:
    write(root, dependencies='"pyyaml>=6", "not.here[extra]>=1"')
    found = wrong(looked.environment(root))
    assert (found.level, found.what) == ("fault", "not installed: not-here")
    assert found.fix == "python3 scripts/setup.py"


def test_another_version_than_the_tested_one_is_told(root: Path) -> None:
    pins = "PyYAML==0.1 ; python_version < '4'\npyyaml==0.2\n"
    (root / "constraints.txt").write_text(pins)
    found = wrong(looked.environment(root))
    assert found.level == "warning"
    assert f"pyyaml {looked_up('PyYAML')} (tested: 0.1, 0.2)" in found.what
    assert found.fix == "python3 scripts/setup.py"


def test_without_constraints_that_is_told(root: Path) -> None:
    (root / "constraints.txt").unlink()
    assert wrong(looked.environment(root)).fix == "make lock"


def test_where_the_command_line_can_be_imported_nothing_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert first.main() == 0
    assert capsys.readouterr().out == ""


def test_a_broken_library_is_told_with_how_to_make_all_anew(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str) -> None:
        raise ImportError(f"{name}: libssl.so.1 is not there")

    monkeypatch.chdir(root)
    monkeypatch.setattr(importlib, "import_module", broken)
    assert first.main() == 1
    shown = capsys.readouterr().out
    assert "libssl.so.1 is not there" in shown
    assert "→ rm -rf .venv && make setup" in shown
