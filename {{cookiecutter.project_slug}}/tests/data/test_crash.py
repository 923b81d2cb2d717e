"""What a killed run, a full disk or a second run leave behind: the old dataset or the new, whole."""

import multiprocessing
import os
import random
import time
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import Any

import pytest

from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.dataset import content_hash, current
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.storage import read_pointer

from .conftest import Rows, Shop, identity, orders

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX"),
]
KILLS = 30
ROWS = 4_000


def many() -> Rows:
    return [row | {"price": f"{number % 1000}"} for number, row in enumerate(orders(ROWS))]


def run(place: Shop, errors: "SimpleQueue[str]", most_bytes: int | None = None) -> None:
    """The job, where a file may have no more bytes than this."""
    transform.transform = identity
    if most_bytes is not None:
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    try:
        place.run()
    except DataError as error:
        errors.put(str(error))


@pytest.fixture
def forks() -> ForkServerContext:
    """Forks of a process that has imported everything, so that a run takes a moment."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def started(forks: ForkServerContext, *arguments: Any) -> BaseProcess:
    process = forks.Process(target=run, args=arguments)
    process.start()
    return process


def whole(place: Shop) -> str | None:
    """The current dataset's content, after reading all of it; ``None`` before there is one."""
    if read_pointer(place.datasets / "current") is None:
        return None
    dataset = current(place.folder / "data")
    found = content_hash(dataset.path)
    assert found == dataset.manifest["content_hash"]
    return found


def test_runs_killed_at_random_moments_leave_a_whole_dataset_at_every_moment(
    place: Shop, forks: ForkServerContext
) -> None:
    rows, moments = many(), random.Random(0)  # noqa: S311 - moments, not secrets
    errors = forks.SimpleQueue()
    for part in (rows[1:], rows):  # the first one waits for imports
        place.write(part)
        begun = time.perf_counter()
        started(forks, place, errors).join()
        seconds = time.perf_counter() - begun
    ends = []
    for kill in range(KILLS):
        rows[kill]["price"] = "999.5"  # another version to make each time
        place.write(rows)
        process = started(forks, place, errors)
        deadline = time.perf_counter() + moments.uniform(0, seconds)
        while time.perf_counter() < deadline:
            assert whole(place)
        process.kill()  # it may have ended by itself
        process.join()
        ends.append(process.exitcode)
        assert whole(place)
    started(forks, place, errors).join()
    assert errors.empty()
    assert ends.count(-9) > KILLS / 2
    assert not list((place.folder / "data").glob(".etl.*"))
    elsewhere = place.having(directory=place.folder / "clean")
    assert whole(place) == elsewhere.run().manifest["content_hash"]


def test_a_full_disk_is_told_and_leaves_a_whole_dataset(
    place: Shop, forks: ForkServerContext
) -> None:
    place.write(many())
    old = place.run().manifest["content_hash"]
    place.write(many()[1:])
    errors = forks.SimpleQueue()
    for limit in (0, 1_000, 10_000, 50_000):
        process = started(forks, place, errors, limit)
        process.join()
        assert not errors.empty()
        message = errors.get()
        assert "no space is left" in message
        assert "unchanged" in message
        assert whole(place) == old
    assert place.run().manifest["content_hash"] != old
