"""Killed trainings go on, and end as if nothing had happened; so does a training elsewhere."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ..conftest import PACKAGE, Workspace, make_workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="forks and signals of POSIX"),
]
KILLS = 20
# Forks of a process that has imported everything train in the folders that its input names; short
# epochs are saved more often than they would be, so that a kill meets every state.
SCRIPT = f"""
import os, sys
from pathlib import Path
import torch
from {PACKAGE}.config import load
from {PACKAGE}.training import job
from {PACKAGE}.training.networks import loop

loop.SAVE_ROWS = 3_000
torch.set_num_threads(1)
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.stdout = open(os.devnull, "w")
        job.run(load(Path(line.strip()) / "configs"))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def forks() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", SCRIPT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert line(process) == "ready"
        yield process
        process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def train(process: "subprocess.Popen[str]", folder: Path, kill_after_s: float | None = None) -> int:
    """Train in a folder; its exit code, negative where it was killed."""
    assert process.stdin is not None
    process.stdin.write(f"{folder}\n")
    process.stdin.flush()
    child = int(line(process))
    timer = threading.Timer(kill_after_s or 3600, os.kill, (child, signal.SIGKILL))
    timer.start()
    code = int(line(process))
    timer.cancel()
    return code


@pytest.fixture
def place(tmp_path: Path, contract: Contract) -> Workspace:
    """A dataset and settings, in a folder of its own."""
    made = make_workspace(tmp_path / "first", contract, train=False)
    configure(made.path, epochs=12, patience=12, checkpoints=str(made.path / "checkpoints"))
    return made


def configure(folder: Path, **changes: object) -> None:
    path = folder / "configs" / "train.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def copy_of(place: Workspace, name: str) -> Workspace:
    folder = place.path.with_name(name)
    shutil.copytree(place.path, folder)
    for path in (folder / "configs").glob("*.yaml"):
        path.write_text(path.read_text().replace(str(place.path), str(folder)))
    return Workspace(path=folder, contract=place.contract)


def test_a_training_killed_at_any_moment_ends_with_the_same_model(
    place: Workspace, forks: "subprocess.Popen[str]"
) -> None:
    """Also one that nobody kills, in another folder, ends with the same bytes."""
    other = copy_of(place, "second")
    start = time.monotonic()
    assert train(forks, other.path) == 0
    whole_s = time.monotonic() - start
    draw, killed, resumed = np.random.default_rng(0), 0, 0
    while killed < KILLS:
        kept = any((place.path / "checkpoints").rglob("*.safetensors"))
        if train(forks, place.path, draw.uniform(0, whole_s)) == -signal.SIGKILL:
            killed += 1
            resumed += kept
        elif not kept:  # the whole ended first: the machine is quicker than it was
            whole_s *= 0.9
    assert train(forks, place.path) == 0
    assert resumed >= KILLS / 2
    for name in ("model.onnx", "weights.safetensors", "profile.json", "evaluation.json"):
        assert (place.bundle.path / name).read_bytes() == (other.bundle.path / name).read_bytes()
    assert place.bundle.hash == other.bundle.hash
    assert not list((place.path / "checkpoints").iterdir())
