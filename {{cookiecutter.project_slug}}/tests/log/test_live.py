"""Days of which some segments are lines and others Parquet, as version 0.1 and retention leave them."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.log.live import (
    read_blocks,
    read_lines,
    read_rows,
)
from {{ cookiecutter.__package }}.log.segments import PREDICTIONS

from .logged import DAY, content, make_log, prediction, to_parquet, write


@pytest.mark.parametrize("keep", [False, True])
def test_parquet_is_read_as_the_lines_that_it_was_made_of(tmp_path: Path, keep: bool) -> None:
    """Also where a kill came before the lines were deleted, so that both are there."""
    make_log(tmp_path)
    before, rows = content(tmp_path), list(read_rows(tmp_path, "r-1"))
    for process in (7, 8):
        to_parquet(tmp_path / f"{PREDICTIONS}-{DAY}-{process}.jsonl", keep=keep)
    assert content(tmp_path) == before
    assert list(read_rows(tmp_path, "r-1")) == rows


def test_a_day_of_parquet_is_read_in_blocks(tmp_path: Path) -> None:
    make_log(tmp_path)
    records = list(read_lines(tmp_path, PREDICTIONS))
    path = to_parquet(tmp_path / f"{PREDICTIONS}-{DAY}-7.jsonl")
    assert path.exists()
    text = b"\n".join(read_blocks(tmp_path, PREDICTIONS, DAY))
    whole_lines = [line for line in text.splitlines() if line.endswith(b"}")]
    assert len(whole_lines) == sum(record["time"].startswith(str(DAY)) for record in records)


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
