"""Promotions that are killed, and by two people at once: one move after another, each with its line."""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import PACKAGE
from .conftest import Made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals and forks of POSIX"),
]
KILLS, TWICE = 30, 20
# Promotes in forks of a process that has imported everything; a line of its input is the version.
SCRIPT = f"""
import os, sys
from pathlib import Path
from {PACKAGE}.models.versions import Versions
from {PACKAGE}.training.promote import promote

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.stdout = open(os.devnull, "w")
        code = 1
        try:
            promote(Versions(Path(sys.argv[1]), "shop"), line.strip(), "why")
            code = 0
        finally:
            os._exit(code)  # not what libraries do at the end of a process: they were forked, too
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Promoter:
    """The process that promotes in its forks."""

    def __init__(self, bundles: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(bundles)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.read() == "ready"

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def start(self, version: int) -> int:
        """Begin a promotion; its process."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{version}\n")
        self.process.stdin.flush()
        return int(self.read())


@pytest.fixture
def promoters(versions: Versions, make_version: Made) -> Iterator[tuple[Promoter, Promoter]]:
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    both = Promoter(versions.folder.parent), Promoter(versions.folder.parent)
    yield both
    for promoter in both:
        promoter.process.kill()
        promoter.process.communicate()


def assert_whole(versions: Versions) -> None:
    """Each move begins where the one before ended, and the last is what serves."""
    history, served = versions.history(), versions.served()
    ends = [None, *(line["to"] for line in history)]
    assert [line["from"] for line in history] == ends[:-1]
    assert ends[-1] == (served.number if served else None)


def test_promotions_killed_or_made_by_two_at_once_leave_one_truth(
    versions: Versions, promoters: tuple[Promoter, Promoter]
) -> None:
    promoter, moments = promoters[0], random.Random(0)  # noqa: S311 - moments, not secrets
    ends = []
    for version in (1, 2):  # the first reads its files from the disk
        begun = time.perf_counter()
        promoter.start(version)
        assert promoter.read() == "0"
    seconds = time.perf_counter() - begun
    for _ in range(KILLS):
        child = promoter.start(5 - versions.history()[-1]["to"])  # the one of 2 and 3 that waits
        time.sleep(moments.uniform(0, seconds))
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
            os.kill(child, 9)
        ends.append(promoter.read())
        assert_whole(versions)
    assert ends.count("-9") > KILLS / 4
    for turn in range(TWICE):
        before = len(versions.history())
        for each, version in zip(promoters, (2, 3) if turn % 2 else (1, 2), strict=True):
            each.start(version)
        assert [each.read() for each in promoters] == ["0", "0"]
        assert_whole(versions)
        assert 1 <= len(versions.history()) - before <= 2
