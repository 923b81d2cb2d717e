"""The command itself, and the script that speaks where nothing was set up."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from {{ cookiecutter.__package }}.doctor import job
from {{ cookiecutter.__package }}.doctor.finding import Finding
from {{ cookiecutter.__package }}.doctor.project import Project

from ..conftest import ROOT, Command, Workspace


@pytest.fixture
def script() -> ModuleType:
    """The script, imported."""
    specification = importlib.util.spec_from_file_location("doctor", ROOT / "scripts/doctor.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_fault_is_told_with_its_fix_and_ends_with_1(
    workspace: Workspace, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = str(workspace.path / "configs")
    missing = f"serve.keys={tmp_path / 'keys.json'}"
    code = command("doctor", "--configs", configs, "--set", "serve.host=0.0.0.0", "--set", missing)
    shown = capsys.readouterr().out
    assert code == 1
    assert "FAULT     keys " in shown
    assert "keys new NAME\n" in shown
    assert "version 1: " in shown


def test_for_programs_it_is_one_object(
    workspace: Workspace, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    code = command("doctor", "--json", "--configs", str(workspace.path / "configs"))
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] == (code == 0)
    assert {frozenset(finding) for finding in told["findings"]} == {
        frozenset(("level", "check", "what", "fix"))
    }
    assert {"settings", "stores", "served", "port"} <= {f["check"] for f in told["findings"]}
    assert all(f["fix"] for f in told["findings"] if f["level"] != "fine")


def test_settings_that_are_not_valid_are_told_and_the_rest_is_passed_over(
    command: Command, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = str(workspace.path / "configs")
    assert command("doctor", "--configs", configs, "--set", "serve.prot=1") == 1
    shown = capsys.readouterr().out
    assert "serve.prot" in shown
    assert "stores, server and services were not looked at" in shown


def test_settings_that_are_gone_are_fetched_from_git(tmp_path: Path) -> None:
    (found,) = [f for f in job.examine(tmp_path, tmp_path / "configs") if f.level == "fault"]
    assert "does not exist" in found.what
    assert found.fix == f"git restore {tmp_path / 'configs'}"


def test_a_check_that_the_system_refuses_is_a_finding(workspace: Workspace) -> None:
    def refused(project: Project) -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "bundles")
        yield

    project = Project(
        root=workspace.path,
        configs=workspace.path / "configs",
        config=workspace.config,
        contract=workspace.contract,
    )
    (found,) = job.careful(refused, project)
    assert (found.level, found.check) == ("fault", "refused")
    assert found.fix.startswith("ls -ld 'bundles'")


def test_without_an_environment_the_script_says_how_to_make_one(
    script: ModuleType, tmp_path: Path
) -> None:
    absent = tmp_path / "python"
    what, fix = script.fault_of(absent, (3, 11))
    assert (what, fix) == (f"there is no environment: {absent} does not exist", "make setup")
    assert script.fault_of(absent, (3, 11), own=(3, 8))[1] == "make setup PYTHON=python3.11"


def test_an_environment_whose_python_is_gone_or_old_is_made_anew(
    script: ModuleType, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/nowhere/python\n")
    broken.chmod(0o755)
    what, fix = script.fault_of(broken, (3, 11))
    assert what.startswith("the environment's Python does not run: ")
    assert fix == "rm -rf .venv && make setup"
    what, fix = script.fault_of(Path(sys.executable), (3, 99))
    assert what.endswith("and 3.99 is the oldest")
    assert fix == "rm -rf .venv && make setup PYTHON=python3.99"
    assert script.fault_of(Path(sys.executable), (3, 11)) is None


def test_the_script_speaks_in_a_project_that_was_never_set_up(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "scripts/doctor.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    command = [sys.executable, "-S", str(tmp_path / "scripts" / "doctor.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "→ make setup\n" in done.stdout
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["findings"][0]["fix"] == "make setup"
