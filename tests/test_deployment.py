"""Each `uv` of the Dockerfile in a fresh environment, and then what its images would start.

No engine is at hand, so what only an engine can do (FROM, COPY, apt-get, useradd) is not run.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml
from checks.pipelines import tool
from predictor import free_port
from rendering import TEMPLATE, BakedProject, Ran, clean_environment, render, run

pytestmark = pytest.mark.slow

HEAVY = {"torch", "mlflow", "pandas", "polars", "pyarrow", "scikit-learn"}
# These fit an image; here, they would fetch and copy gigabytes that the cache holds.
OF_IMAGES = {"UV_NO_CACHE", "UV_LINK_MODE"}
START_TIMEOUT_S = 400  # MLflow's workers take a minute of processor time


@dataclass(frozen=True)
class Image:
    """What a target of a Dockerfile says, from its first stage to its last."""

    runs: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    """ENTRYPOINT, CMD and HEALTHCHECK."""


def read(dockerfile: str, *stages: str) -> Image:
    """Return what some stages of a Dockerfile say together."""
    image, stage = Image(), ""
    for line in re.sub(r"\\\n\s*", "", dockerfile).splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            stage = rest.split()[-1]
        elif stage in stages and instruction == "RUN":
            image.runs.extend(part.strip() for part in rest.split("&&"))
        elif stage in stages and instruction == "ENV":
            pairs = (pair.partition("=") for pair in shlex.split(rest))
            image.environment.update({name: value for name, _, value in pairs})
        elif stage in stages and instruction in {"ENTRYPOINT", "CMD", "HEALTHCHECK"}:
            image.words[instruction] = yaml.safe_load(rest[rest.index("[") :])
    return image


@dataclass(frozen=True)
class Container:
    """A folder that stands for an image's, with the environment that its commands have made."""

    project: BakedProject
    image: Image
    folder: Path

    @property
    def environment(self) -> dict[str, Any]:
        """What the image sets, by the paths of this machine."""
        given = {k: v for k, v in self.image.environment.items() if k not in OF_IMAGES}
        given["PATH"] = f"{self.folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return given | {"VIRTUAL_ENV": str(self.folder / "venv")}

    def run(self, *command: str, check: bool = True) -> Ran:
        """Run a command as the image's entry point does, where only its files are."""
        entry = str(self.folder / "venv" / "bin" / self.image.words["ENTRYPOINT"][0])
        return run(entry, *command, cwd=self.folder / "app", check=check, **self.environment)


def build(folder: Path, target: str) -> Container:
    """Run what a target's builder runs with uv, by the paths of this machine."""
    project = render(folder / "rendered")
    stages = ("build", f"build-{target}", "runtime", target)
    container = Container(project, read(project.read("Dockerfile"), *stages), folder)
    installs = [part for part in container.image.runs if part.startswith("uv ")]
    assert len(installs) == 3
    for command in installs:
        here = command.replace("/opt/venv", str(folder / "venv"))
        words = [tool("uv"), *shlex.split(here)[1:], "--quiet"]
        run(*words, cwd=project.path, timeout_s=900, **with_wheels(container.environment))
    (folder / "app").mkdir()
    shutil.copytree(project.path / "configs", folder / "app" / "configs")
    return container


def with_wheels(environment: dict[str, Any]) -> dict[str, Any]:
    """Let uv find the wheels that pip is configured with on this machine, as setup.py does."""
    asked = ["pip", "config", "get", "global.find-links"]
    done = subprocess.run(
        [tool("python"), "-m", *asked], check=False, capture_output=True, text=True
    )
    names = ("UV_FIND_LINKS", "PIP_FIND_LINKS")
    folder = next(filter(None, map(os.environ.get, names)), done.stdout.strip())
    where = {"UV_FIND_LINKS": ",".join(folder.split())} if folder else {"UV_TORCH_BACKEND": "cpu"}
    return environment | where


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Return what stands for the image that serves."""
    return build(tmp_path_factory.mktemp("serve"), "serve")


def held(container: Container) -> set[str]:
    """Return the distributions of a container."""
    listing = run(tool("uv"), "pip", "freeze", cwd=container.folder, **container.environment).output
    return {name.lower() for name in re.findall(r"^([\w.-]+)(?:==| @)", listing, re.MULTILINE)}


def test_the_serving_image_holds_what_is_pinned_and_no_heavy_library(serve: Container) -> None:
    names = held(serve)

    assert {"flight-delay", "onnxruntime", "uvicorn"} <= names
    assert names & HEAVY == set()


def test_the_training_image_holds_every_extra(tmp_path: Path) -> None:
    train = build(tmp_path, "train")

    assert held(train) >= HEAVY
    assert "Usage" in train.run(*train.image.words["CMD"]).output
    assert "flight-delay: versions" in train.run("history").output
    needs_mlflow(train, tmp_path)


def needs_mlflow(train: Container, folder: Path) -> None:
    """Start MLflow as compose does, but on SQLite and this machine's own port."""
    service = yaml.safe_load(train.project.read("compose.yaml"))["services"]["mlflow"]
    port = free_port()
    others = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--backend-store-uri": f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination": str(folder / "artifacts"),
    }
    options = dict(option.split("=", 1) for option in service["command"])
    command = [*service["entrypoint"], *(f"{k}={others.get(k, v)}" for k, v in options.items())]
    command[0] = str(folder / "venv" / "bin" / command[0])
    with started(command, train):
        assert answered(f"http://127.0.0.1:{port}/health", {"Host": "mlflow:5000"}) == 200
        assert answered(f"http://127.0.0.1:{port}/health", {"Host": "127.0.0.1:5000"}) == 200


def test_the_serving_image_starts_with_a_key_alone_and_is_healthy(serve: Container) -> None:
    refused = serve.run(*serve.image.words["CMD"], check=False)
    assert refused.exit_code == 2, str(refused)
    assert "keys new" in refused.output

    serve.run("keys", "new", "prometheus")
    assert (serve.folder / "app" / "keys" / "keys.txt").is_file()

    entry = str(serve.folder / "venv" / "bin" / serve.image.words["ENTRYPOINT"][0])
    port = free_port()
    command = [entry, *serve.image.words["CMD"], "--set", f"serve.port={port}"]
    with started(command, serve):
        assert answered(f"http://127.0.0.1:{port}/health/live") == 200
        assert answered(f"http://127.0.0.1:{port}/metrics") == 401
        python, flag, code = serve.image.words["HEALTHCHECK"]
        interpreter = serve.folder / "venv" / "bin" / python
        run(interpreter, flag, code.replace("8000", str(port)), cwd=serve.folder)


@contextmanager
def started(command: list[str], container: Container) -> Iterator[None]:
    """Run a process where the container's files are, as long as the block takes."""
    process = subprocess.Popen(
        command,
        cwd=container.folder / "app",
        env=clean_environment(**container.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def answered(url: str, headers: dict[str, str] | None = None) -> int:
    """Return the status that a server on this machine answers as soon as it does."""
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urlopen(Request(url, headers=headers or {}), timeout=10) as response:  # noqa: S310
                return int(response.status)
        except HTTPError as error:
            with error:
                return error.code
        except OSError:  # nobody listens, or whoever does is not up yet
            assert time.monotonic() < end, f"nobody answers at {url}"
            time.sleep(0.2)


@pytest.fixture(autouse=True, scope="module")
def no_proxy() -> Iterator[None]:
    """Keep the environment's proxy out of the way of requests to this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


def test_the_version_of_uv_is_the_one_that_was_tried() -> None:
    project = (TEMPLATE / "{{cookiecutter.project_slug}}" / "Dockerfile").read_text("utf-8")
    (version,) = re.findall(r"uv==(\S+)", project)

    assert run(tool("uv"), "--version", cwd=TEMPLATE).output.split()[1] == version
