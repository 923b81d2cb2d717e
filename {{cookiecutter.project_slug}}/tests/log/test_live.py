"""Days of which some segments are lines and others Parquet, as version 0.1 and retention leave them."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.log.live import (
    read_blocks,
    read_lines,
    read_rows,
)
from {{ cookiecutter.__package }}.log.segments import PREDICTIONS

from .logged import DAY, content, make_log, to_parquet


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
