"""The log is read whole, whatever its files are and whatever is compacted meanwhile."""

import gzip
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.log.live import (
    PREDICTIONS,
    files_of,
    open_file,
    read_rows,
)

from .logged import DAY, content, make_log, prediction, write


def test_a_compacted_file_is_read_as_its_lines_were_also_while_both_are_there(
    tmp_path: Path,
) -> None:
    make_log(tmp_path)
    before, rows = content(tmp_path), list(read_rows(tmp_path, "r-1"))
    assert (len(before["predictions"]), len(before["labels"]), len(rows)) == (16, 3, 3)
    for path in sorted(tmp_path.glob("*.jsonl")):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        assert content(tmp_path) == before
        path.unlink()
        assert content(tmp_path) == before
        with open_file(path) as file:  # listed before it was compacted
            assert file.readline()


HOSTILE = [
    b"[" * 100_000,
    b"[1]",
    b"\xff\xfe",
    b"{}",
    b'{"request_id": "r-1"}',
    b'{"request_id": "r-1", "rows": "x", "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [3], "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [{}], "probability": [0.1, 0.2]}',
    b'{"request_id": "r-1", "rows": [{}], "probability": 0.1}',
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


def test_other_files_are_not_of_the_log(tmp_path: Path) -> None:
    name = f"{PREDICTIONS}-{DAY}-7.jsonl"
    for other in (name, "notes.txt", f"labels-{DAY}-7.jsonl", f".{name}.x", f"{name}.tmp"):
        (tmp_path / other).touch()
    assert [path.name for path in files_of(tmp_path, PREDICTIONS)] == [name]
    assert files_of(tmp_path / "nowhere", PREDICTIONS) == []
