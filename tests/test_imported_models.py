"""The page on models from elsewhere: its code as files, its commands in order."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from rendering import TEMPLATE, BakedProject, render
from test_your_own_data import environment, servers, start, typed

__all__ = ["environment", "servers"]

PAGE = TEMPLATE / "docs" / "imported-models.md"
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"# (\S+\.py)\n")


@pytest.fixture
def project(ready: BakedProject, tmp_path: Path) -> BakedProject:
    """Return a project with the option, which uses the environment of another."""
    baked = render(tmp_path, options="onnx_import")
    (baked.path / ".venv").symlink_to(ready.path / ".venv")
    return baked


def steps() -> list[tuple[str, str]]:
    """Return what the page does, in order: files to write and commands to run."""
    found: list[tuple[str, str]] = []
    for language, block in BLOCK.findall(PAGE.read_text("utf-8")):
        if language == "sh":
            found += [("", line) for line in block.splitlines()]
        elif name := FILE.match(block):
            found.append((name.group(1), block))
    return found


@pytest.mark.long
@pytest.mark.slow
def test_models_of_scikit_learn_are_imported_gated_promoted_and_served(
    project: BakedProject,
    environment: dict[str, str],
    servers: list[subprocess.Popen[bytes]],
) -> None:
    shown: dict[str, str] = {}
    for file, step in steps():
        if file:
            (project.path / file).write_text(step, "utf-8")
            continue
        if step == "make serve":
            servers.append(start(step, project, environment))
            continue
        shown[step.split(" --json ")[0]] = typed(step, project, environment)
    answer = json.loads(shown["curl -s --fail localhost:8000/predict"])
    assert 0 <= answer["predictions"][0]["probability"] <= 1
    assert answer["version"] == 2
    assert "the first model that passed the gate" in shown["make history"]
    assert "unjudged" in shown["make monitor"], "the week is not over"
