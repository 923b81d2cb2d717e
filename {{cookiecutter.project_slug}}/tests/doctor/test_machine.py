"""Faults of the machine and the repository, planted one by one."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from {{ cookiecutter.__package }}.doctor import machine
from {{ cookiecutter.__package }}.doctor.finding import Finding

from .conftest import Look


@pytest.mark.parametrize(
    ("free", "level"), [(10**8, "fault"), (10**9, "warning"), (10**10, "fine")]
)
def test_a_disk_that_is_nearly_full_is_told(
    look: Look, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = look(machine.disk)
    assert {finding.level for finding in found} == {level}
    assert f"{free / 1e9:.1f} GB are free" in found[0].what
    assert level == "fine" or found[0].fix.startswith("du -sh ")


def test_a_container_that_has_little_memory_left_is_told(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("900000000\n")
    (tmp_path / "memory.current").write_text("400000000\n")
    left = machine.left_in_container(tmp_path)
    assert left == 5e8
    monkeypatch.setattr(machine, "left_in_container", lambda: left)
    (found,) = look(machine.memory)
    assert (found.level, found.what) == ("warning", "0.5 GB are free")
    assert "train.memory_rows" in found.fix


def test_a_container_without_a_limit_has_none(tmp_path: Path) -> None:
    assert machine.left_in_container(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.left_in_container(tmp_path) == float("inf")


def test_a_clock_behind_the_newest_version_is_told(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    day_before = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: day_before)
    (found,) = look(machine.clock)
    assert found.level == "warning"
    assert found.what.startswith("version 1 was made at ")
    assert found.fix == "sudo timedatectl set-ntp true"


def test_a_zone_that_is_none_is_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Atlantis")
    (found,) = look(machine.clock)
    assert (found.what.startswith("the variable TZ is"), found.fix) == (True, "unset TZ")
    monkeypatch.setenv("TZ", "Europe/Paris")
    assert [finding.level for finding in look(machine.clock)] == ["fine"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, whatever git knows of this machine."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "A test")
        monkeypatch.setenv(f"{name}_EMAIL", "test@example.com")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "file").touch()
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "Start")):
        subprocess.run(("git", *command), cwd=tmp_path, check=True)
    return tmp_path


def one(found: Iterator[Finding]) -> Finding:
    """The only finding."""
    (finding,) = found
    return finding


def test_a_clean_repository_is_fine(repository: Path) -> None:
    found = one(machine.git(repository))
    assert (found.level, found.what.endswith("nothing changed")) == ("fine", True)


def test_changes_that_are_not_committed_are_told(repository: Path) -> None:
    (repository / "file").write_text("changed")
    found = one(machine.git(repository))
    assert found.what.startswith("1 files differ from ")
    assert found.fix == "git add --all && git commit"


def test_a_folder_that_is_no_repository_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = one(machine.git(tmp_path))
    assert (found.level, found.fix.startswith("git init")) == ("warning", True)
    subprocess.run(("git", "init", "--quiet"), cwd=tmp_path, check=True)
    assert one(machine.git(tmp_path)).what == "there is no commit yet"


def test_a_machine_without_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = one(machine.git(tmp_path))
    assert found.what.startswith("is not installed")


def test_a_lock_that_a_killed_git_left_is_told(repository: Path) -> None:
    lock = repository / ".git" / "index.lock"
    lock.touch()
    assert [finding.level for finding in machine.git(repository)] == ["fine"]  # one at work
    os.utime(lock, (time.time() - 3600, time.time() - 3600))
    found = next(machine.git(repository))
    assert (found.level, found.fix) == ("fault", f"rm '{lock}'")
