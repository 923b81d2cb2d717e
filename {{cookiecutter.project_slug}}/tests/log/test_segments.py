"""Who writes to a segment, and what is seen of a folder in which files change their names."""

import os
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.log import segments
from {{ cookiecutter.__package }}.log.live import read_lines
from {{ cookiecutter.__package }}.log.segments import (
    CLOSED,
    PREDICTIONS,
    listed,
    opened,
)

from .logged import DAY

pytestmark = pytest.mark.skipif(os.name == "nt", reason="an open file is not renamed on Windows")


@pytest.fixture
def few_files() -> Iterator[None]:
    """This process may open no more than a few files more than it has."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = os.open(os.devnull, os.O_RDONLY)
    os.close(spare)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 40, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_day_of_more_files_than_the_system_allows_says_what_makes_them_fewer(
    tmp_path: Path, few_files: None
) -> None:
    for number in range(100):
        (tmp_path / f"{PREDICTIONS}-{DAY}-{number}.jsonl").touch()
    with pytest.raises(DataError, match=r"has 100 files of .* ulimit -n"):
        list(read_lines(tmp_path, PREDICTIONS))


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    (tmp_path / f"{PREDICTIONS}-{DAY}-7.jsonl").touch()
    for name in (
        "notes.txt",
        f"labels-{DAY}-7.jsonl",
        f".{PREDICTIONS}-{DAY}-7.jsonl.x",
        "a.jsonl",
    ):
        (tmp_path / name).touch()
    assert [one.path.name for one in listed(tmp_path, PREDICTIONS)] == [
        f"predictions-{DAY}-7.jsonl"
    ]
    assert listed(tmp_path / "nowhere", PREDICTIONS) == []


def test_a_day_is_seen_whole_while_its_files_change_their_names(tmp_path: Path) -> None:
    path = tmp_path / f"{PREDICTIONS}-{DAY}-7.jsonl"
    for number in range(5):
        (tmp_path / f"{PREDICTIONS}-{DAY}-{number}.jsonl").write_text(str(number))
    path.write_text("7")
    closed = path.with_suffix(CLOSED)
    stop = threading.Event()

    def rename() -> None:
        number = 0
        while not stop.is_set():
            path.rename(closed)
            stop.wait(0.0005)
            closed.rename(path)
            stop.wait(0.0005)
            number += 1

    renaming = threading.Thread(target=rename)
    renaming.start()
    try:
        for _ in range(100):
            with opened(tmp_path, PREDICTIONS, DAY) as files:
                assert sorted(file.read() for _, file in files) == [
                    b"%d" % n for n in (0, 1, 2, 3, 4, 7)
                ]
    finally:
        stop.set()
        renaming.join()


def test_a_day_is_looked_at_again_where_a_new_segment_took_the_name_of_a_closed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It happens between listing and opening, where only a moment is for it; so here it waits for us."""
    path, looks = tmp_path / f"{PREDICTIONS}-{DAY}-7.jsonl", list[int]()
    path.write_text("closed")

    def listed_before_it_happens(folder: Path, stem: str, day: date) -> list[segments.Segment]:
        found = listed(folder, stem, day)
        if not looks:
            path.rename(path.with_suffix(CLOSED))
            path.write_text("new")
        looks.append(len(found))
        return found

    monkeypatch.setattr(segments, "listed", listed_before_it_happens)
    with opened(tmp_path, PREDICTIONS, DAY) as files:
        assert sorted(file.read() for _, file in files) == [b"closed", b"new"]
    assert looks == [1, 2, 2, 2]
