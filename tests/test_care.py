"""What keeps a project healthy beside its tests: hooks of pre-commit, builds, lists, audits."""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from rendering import BakedProject, run

# Hooks that are `make check`, line for line, and pass there; they take as long again.
CHECKED = ("types", "imports")


def test_every_hook_of_pre_commit_passes_on_a_fresh_render(ready: BakedProject) -> None:
    everything = ("run", "--all-files", "--show-diff-on-failure", "--color", "never")
    ran = ready.run(
        ready.python.parent / "pre-commit",
        *everything,
        timeout_s=600,
        PRE_COMMIT_HOME=str(ready.path.parent / "pre-commit"),
        SKIP=",".join(CHECKED),
    )
    passed = re.findall(r"^(.+?)\.+Passed$", ran.output, re.MULTILINE)
    hooks = yaml.safe_load(ready.read(".pre-commit-config.yaml"))["repos"][0]["hooks"]

    assert set(passed) == {hook["name"] for hook in hooks if hook["id"] not in CHECKED}
    recipe = ready.run("make", "--dry-run", "check").output.splitlines()
    assert {hook["entry"] for hook in hooks if hook["id"] in CHECKED} <= set(recipe)


@pytest.mark.slow
def test_make_build_makes_a_wheel_and_a_source_distribution_with_the_licence(
    ready: BakedProject,
) -> None:
    ready.run("make", "build", timeout_s=300)

    (wheel,) = (ready.path / "dist").glob("*.whl")
    (source,) = (ready.path / "dist").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    with tarfile.open(source) as archive:
        names = [Path(name).parts[1:] for name in archive.getnames()]
    assert ("LICENSE",) in names
    assert ("src", "flight_delay", "__main__.py") in names
    assert not {name[0] for name in names if name} & {"data", "bundles", "keys.txt", ".venv"}


@pytest.mark.slow
def test_the_source_distribution_installs_in_a_fresh_environment_and_runs_elsewhere(
    ready: BakedProject, tmp_path: Path
) -> None:
    ready.run("make", "build", timeout_s=300)
    (source,) = (ready.path / "dist").glob("*.tar.gz")
    python = tmp_path / "venv" / "bin" / "python"
    run("uv", "venv", "--quiet", "--python", ready.python, tmp_path / "venv", cwd=tmp_path)

    constraints = ("--constraint", ready.path / "constraints.txt")
    install = ("uv", "pip", "install", "--quiet", "--python", python, *constraints, source)
    run(*install, cwd=tmp_path, timeout_s=600)

    shown = "import flight_delay; print(flight_delay.__version__)"
    assert run(python, "-P", "-c", shown, cwd=tmp_path).output == "0.1.0\n"
    assert "serve" in run(python, "-P", "-m", "flight_delay", "--help", cwd=tmp_path).output


@pytest.mark.slow
def test_make_sbom_lists_what_the_environment_holds(ready: BakedProject) -> None:
    ready.run("make", "sbom", timeout_s=300)

    listed = json.loads(ready.read("dist/sbom.json"))
    names = {component["name"] for component in listed["components"]}
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "flight-delay"
    assert {"onnxruntime", "torch", "fastapi"} <= names
