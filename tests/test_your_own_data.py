"""The tutorial, command by command, in a project that nobody has touched."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from predictor import free_port
from rendering import TEMPLATE, BakedProject, clean_environment, render

PAGE = TEMPLATE / "docs" / "your-own-data.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
START_TIMEOUT_S = 60


def commands() -> list[str]:
    """Return every command of the page."""
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def project(ready: BakedProject, tmp_path: Path) -> BakedProject:
    """Return a render of its own that uses the environment of another: making one takes minutes."""
    baked = render(tmp_path)
    (baked.path / ".venv").symlink_to(ready.path / ".venv")
    return baked


@pytest.fixture
def environment(project: BakedProject) -> dict[str, str]:
    """Return an environment in which the project's own source comes first, on a free port."""
    port = str(free_port())
    return clean_environment(
        PYTHONPATH=str(project.path / "src"),
        FLIGHT_DELAY__SERVE__PORT=port,
        NO_PROXY="127.0.0.1,localhost",
        PORT=port,
    )


@pytest.fixture
def servers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Collect servers; they are stopped at the end."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def start(
    command: str, project: BakedProject, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start the server as a person does, and wait until it is ready."""
    process = subprocess.Popen(
        command.split(),
        cwd=project.path,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{environment['PORT']}/health/ready", timeout=5):
                return process
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the server was not ready")


def typed(command: str, project: BakedProject, environment: dict[str, str]) -> str:
    """Run a command as a person types it, and return what it prints."""
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace(":8000", f":{environment['PORT']}")],
        cwd=project.path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.mark.slow
def test_every_command_of_the_tutorial_works(
    project: BakedProject, environment: dict[str, str], servers: list[subprocess.Popen[bytes]]
) -> None:
    shown: dict[str, str] = {}
    for command in commands():
        if command == "make serve":
            servers.append(start(command, project, environment))
            continue
        shown[command.split(" --json ")[0]] = typed(command, project, environment)
    answer = json.loads(shown["curl -s --fail localhost:8000/predict"])
    assert 0 <= answer["predictions"][0]["probability"] <= 1
    assert (project.path / "scored.parquet").is_file()
    assert "unjudged" in shown["make monitor"], "the week is not over"
    assert list((project.path / "reports").rglob("*.html"))
