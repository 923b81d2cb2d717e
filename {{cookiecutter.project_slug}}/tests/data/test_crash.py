"""What a killed run, a full disk or a second run leave behind: the old dataset or the new, whole."""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from subprocess import PIPE

import pytest

from {{ cookiecutter.__package }}.data.dataset import content_hash, current
from {{ cookiecutter.__package }}.storage import read_pointer

from ..conftest import PACKAGE
from .conftest import Rows, Shop, orders

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX"),
]
KILLS = 30
ROWS = 4_000
# Runs the job in forks of a process that has imported everything, so that a run takes a moment:
# each line of its input is "run", or "limit" with the most bytes that a file may have.
SCRIPT = f"""
import os, resource, sys
from {PACKAGE}.config import DataConfig
from {PACKAGE}.contract import Contract
from {PACKAGE}.data import job, transform
from {PACKAGE}.errors import ProjectError
import pandas.util, polars, pyarrow.csv

transform.transform = lambda sources: sources["orders"]
contract = Contract.model_validate_json(sys.argv[1])
config = DataConfig.model_validate_json(sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    word, _, limit = line.strip().partition(" ")
    child = os.fork()
    if not child:
        sys.stdout = open(os.devnull, "w")
        if word == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
        try:
            job.run(contract, config)
        except ProjectError as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(error.exit_code)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def many() -> Rows:
    return [row | {"price": f"{number % 1000}"} for number, row in enumerate(orders(ROWS))]


@contextlib.contextmanager
def running(place: Shop) -> Iterator[subprocess.Popen[str]]:
    """The process that runs the job in its forks."""
    command = [sys.executable, "-c", SCRIPT, place.contract.text, place.config.model_dump_json()]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert answer(process) == "ready"
        yield process


def answer(process: subprocess.Popen[str], line: str = "") -> str:
    """The next line that the process prints, after it was given one, if any."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        print(line, file=process.stdin, flush=True)
    return process.stdout.readline().strip()


def whole(place: Shop) -> str | None:
    """The current dataset's content, after reading all of it; ``None`` before there is one."""
    if read_pointer(place.datasets / "current") is None:
        return None
    dataset = current(place.folder / "data")
    found = content_hash(dataset.path)
    assert found == dataset.manifest["content_hash"]
    return found


def test_runs_killed_at_random_moments_leave_a_whole_dataset_at_every_moment(place: Shop) -> None:
    rows, moments = many(), random.Random(0)  # noqa: S311 - moments, not secrets
    place.write(rows)
    with running(place) as process:
        answer(process, "run")
        begun = time.perf_counter()
        assert answer(process) == "0"
        seconds = time.perf_counter() - begun
        ends = []
        for kill in range(KILLS):
            rows[kill]["price"] = "999.5"  # another version to make each time
            place.write(rows)
            child = int(answer(process, "run"))
            deadline = time.perf_counter() + moments.uniform(0, seconds)
            while time.perf_counter() < deadline:
                assert whole(place)
            with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                os.kill(child, 9)
            ends.append(answer(process))
            assert whole(place)
        answer(process, "run")
        assert answer(process) == "0"
        assert process.communicate()[1] == ""
    assert ends.count("-9") > KILLS / 2
    assert not list((place.folder / "data").glob(".etl.*"))
    elsewhere = place.having(directory=place.folder / "clean")
    assert whole(place) == elsewhere.run().manifest["content_hash"]


def test_a_full_disk_is_told_and_leaves_a_whole_dataset(place: Shop) -> None:
    place.write(many())
    old = place.run().manifest["content_hash"]
    place.write(many()[1:])
    with running(place) as process:
        for limit in (0, 1_000, 10_000, 50_000):
            answer(process, f"limit {limit}")
            assert answer(process) == "3"
            assert whole(place) == old
        said = process.communicate()[1].splitlines()
    assert len(said) == 4
    assert all("no space is left" in line and "unchanged" in line for line in said)
    assert place.run().manifest["content_hash"] != old
