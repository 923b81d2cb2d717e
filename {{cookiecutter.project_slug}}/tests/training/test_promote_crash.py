"""Promotions that are killed, and by two people at once: one move after another, each with its line."""

import multiprocessing
import os
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.promote import promote

from .conftest import Made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals and forks of POSIX"),
]
KILLS, TWICE = 30, 20


def start(versions: Versions, number: int) -> BaseProcess:
    """Begin a promotion in a fork of a process that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_promote, args=(versions.folder.parent, number))
    process.start()
    return process


def _promote(bundles: Path, number: int) -> None:
    promote(Versions(bundles, "shop"), str(number), "why")


def assert_whole(versions: Versions) -> None:
    """Each move begins where the one before ended, and the last is what serves."""
    history, served = versions.history(), versions.served()
    ends = [None, *(line["to"] for line in history)]
    assert [line["from"] for line in history] == ends[:-1]
    assert ends[-1] == (served.number if served else None)


def test_promotions_killed_or_made_by_two_at_once_leave_one_truth(
    versions: Versions, make_version: Made
) -> None:
    for value in (0.1, 0.2, 0.3):
        make_version(value)
    moments, ends = random.Random(0), []  # noqa: S311 - moments, not secrets
    for version in (1, 2):  # the first reads its files from the disk
        begun = time.perf_counter()
        start(versions, version).join()
    seconds = time.perf_counter() - begun
    assert len(versions.history()) == 2
    for _ in range(KILLS):
        child = start(versions, 5 - versions.history()[-1]["to"])  # the one of 2 and 3 that waits
        time.sleep(moments.uniform(0, seconds))
        child.kill()
        child.join()
        ends.append(child.exitcode)
        assert_whole(versions)
    assert ends.count(-9) > KILLS / 4
    for turn in range(TWICE):
        before = len(versions.history())
        both = [start(versions, number) for number in ((2, 3) if turn % 2 else (1, 2))]
        for child in both:
            child.join()
        assert [child.exitcode for child in both] == [0, 0]
        assert_whole(versions)
        assert 1 <= len(versions.history()) - before <= 2
