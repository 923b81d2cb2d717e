"""The log is read whole, whatever its files are, whoever wrote them, and whatever changes meanwhile."""

import os
import threading
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.log.live import read_blocks, read_rows
from {{ cookiecutter.__package }}.log.segments import (
    PREDICTIONS,
    listed,
    opened,
)

from .logged import DAY, content, make_log, prediction, to_parquet, write


@pytest.mark.parametrize("keep", [False, True])
def test_parquet_is_read_as_the_lines_that_it_was_made_of(tmp_path: Path, keep: bool) -> None:
    """Also where a kill came before the lines were deleted, so that both are there."""
    make_log(tmp_path)
    before, rows = content(tmp_path), list(read_rows(tmp_path, "r-1"))
    n_lines = sum(map(len, read_blocks(tmp_path, PREDICTIONS)))
    for process in (7, 8):
        to_parquet(tmp_path / f"{PREDICTIONS}-{DAY}-{process}.jsonl", keep=keep)
    assert content(tmp_path) == before
    assert list(read_rows(tmp_path, "r-1")) == rows
    n_torn = 4  # of the day that is Parquet now; it holds whole lines
    assert sum(map(len, read_blocks(tmp_path, PREDICTIONS))) == n_lines - n_torn


HOSTILE = [
    b"[" * 100_000,
    b"[1]",
    b"\xff\xfe",
    b"{}",
    b'{"request_id": "r-1"}',
    b'{"request_id": "r-1", "rows": "x", "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [3], "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [{}], "probability": [0.1, 0.2]}',
    b'{"request_id": "r-1", "columns": {"a": [1, 2]}, "probability": [0.1]}',
    b'{"request_id": "r-1", "columns": 5, "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [{}], "probability": [0.1], "value": [2]}',
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_line_that_is_not_ours_is_skipped(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / f"{PREDICTIONS}-{DAY}-7.jsonl"
    write(path, prediction(1), prediction(2))
    expected = list(read_rows(tmp_path))
    path.write_bytes(line + b"\n" + path.read_bytes() + line)
    assert list(read_rows(tmp_path)) == expected
    assert len(expected) == 6


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    name = f"{PREDICTIONS}-{DAY}-7.jsonl"
    for other in (name, "notes.txt", f"labels-{DAY}-7.jsonl", f".{name}.x", "a.jsonl"):
        (tmp_path / other).touch()
    assert [one.path.name for one in listed(tmp_path, PREDICTIONS)] == [name]
    assert listed(tmp_path / "nowhere", PREDICTIONS) == []


@pytest.mark.skipif(os.name == "nt", reason="an open file is not renamed on Windows")
def test_a_day_is_read_whole_while_its_files_change_their_names(tmp_path: Path) -> None:
    path = tmp_path / f"{PREDICTIONS}-{DAY}-7.jsonl"
    for number in range(5):
        (tmp_path / f"{PREDICTIONS}-{DAY}-{number}.jsonl").write_text(str(number))
    path.write_text("7")
    closed, stop = path.with_suffix(".closed.jsonl"), threading.Event()

    def rename() -> None:
        while not stop.is_set():
            path.rename(closed)
            stop.wait(0.0005)
            closed.rename(path)
            stop.wait(0.0005)

    renaming = threading.Thread(target=rename)
    renaming.start()
    try:
        for _ in range(100):
            with opened(tmp_path, PREDICTIONS, DAY) as files:
                content = sorted(file.read() for _, file in files)
                assert content == [b"%d" % number for number in (0, 1, 2, 3, 4, 7)]
    finally:
        stop.set()
        renaming.join()
