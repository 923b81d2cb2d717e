"""The log made smaller: the same records before, during and after, whatever happens."""

import os
import shutil
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.log.live import read_lines, read_rows
from {{ cookiecutter.__package }}.log.log_retention import parquet
from {{ cookiecutter.__package }}.log.log_retention.compact import compact
from {{ cookiecutter.__package }}.log.segments import (
    PREDICTIONS,
    open_segment,
)

from ..logged import DAY, content, label, make_log, prediction, write
from .killed import files, killed_at

if sys.platform != "win32":
    import resource


def test_days_that_are_over_become_a_file_each_with_the_same_records(tmp_path: Path) -> None:
    make_log(tmp_path)
    before, rows = content(tmp_path), list(read_rows(tmp_path, "r-11"))
    done = compact(tmp_path)
    assert (done.records, done.segments, done.in_use) == (19, 5, 0)
    assert [name.rpartition("-")[0] for name in files(tmp_path)] == [
        "labels-2024-05-01",
        "predictions-2024-05-01",
        "predictions-2024-05-02",
    ]
    assert content(tmp_path) == before
    assert list(read_rows(tmp_path, "r-11")) == rows
    assert all(path.stat().st_mode & 0o007 == 0 for path in tmp_path.glob("*.parquet"))


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    make_log(tmp_path)
    compact(tmp_path)
    before = files(tmp_path)
    assert compact(tmp_path).records == 0
    assert files(tmp_path) == before


def test_where_there_is_no_log_nothing_is_done(tmp_path: Path) -> None:
    assert compact(tmp_path / "live").records == 0


def test_other_tools_find_what_they_look_for(tmp_path: Path) -> None:
    write(tmp_path / f"predictions-{DAY}-7.jsonl", prediction(1), prediction(2))
    compact(tmp_path)
    (path,) = tmp_path.glob("*.parquet")
    table = pq.read_table(path)
    assert table.schema.equals(parquet.SCHEMA)
    assert table["request_id"].to_pylist() == ["r-1", "r-2"]
    assert table["route"].to_pylist() == ["/predict", "/predict/columns"]
    assert table["time"][0].as_py() == datetime(2024, 5, 1, 10, 0, 0, 1, tzinfo=UTC)
    assert pq.read_metadata(path).row_group(0).column(5).compression == "ZSTD"


def test_records_of_before_routes_were_logged_are_kept(tmp_path: Path) -> None:
    old = {name: value for name, value in prediction(1).items() if name != "route"}
    write(tmp_path / f"predictions-{DAY}-7.jsonl", old)
    compact(tmp_path)
    assert list(read_lines(tmp_path, PREDICTIONS)) == [old]


def test_large_days_come_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "PART_BYTES", 2_000)
    records = [prediction(number) for number in range(40)]
    write(tmp_path / f"predictions-{DAY}-7.jsonl", *records)
    compact(tmp_path)
    (path,) = tmp_path.glob("*.parquet")
    assert pq.read_metadata(path).num_row_groups > 2
    assert list(read_lines(tmp_path, PREDICTIONS)) == records


@pytest.mark.skipif(os.name == "nt", reason="an open file is not renamed on Windows")
def test_a_segment_that_a_server_writes_to_waits(tmp_path: Path) -> None:
    """An idle server still has the file of its last record open, be that days ago."""
    descriptor, _ = open_segment(tmp_path, PREDICTIONS, DAY)
    os.write(descriptor, b'{"request_id": "r-1", "time": null}\n')
    assert compact(tmp_path, wait_s=0.1).in_use == 1
    os.write(descriptor, b'{"request_id": "r-2", "time": null}\n')
    assert [one["request_id"] for one in read_lines(tmp_path, PREDICTIONS)] == ["r-1", "r-2"]
    os.close(descriptor)
    done = compact(tmp_path)
    assert (done.records, done.in_use) == (2, 0)
    assert [one["request_id"] for one in read_lines(tmp_path, PREDICTIONS)] == ["r-1", "r-2"]


@pytest.mark.skipif(os.name == "nt", reason="an open file is not renamed on Windows")
def test_of_today_only_what_dead_processes_left_is_compacted(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    descriptor, path = open_segment(tmp_path, PREDICTIONS, today)
    write(tmp_path / f"predictions-{today}-1.jsonl", prediction(1, today))
    assert compact(tmp_path, wait_s=0.1).segments == 1
    assert path.exists()
    assert [one["request_id"] for one in read_lines(tmp_path, PREDICTIONS)] == ["r-1"]
    os.close(descriptor)


def test_what_is_older_than_the_setting_goes(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    for age in (0, 1, 2, 3, 4):
        day = today - timedelta(days=age)
        write(tmp_path / f"predictions-{day}-7.jsonl", prediction(age, day))
        write(tmp_path / f"labels-{day}-7.jsonl", label(age, "o-1", day))
    compact(tmp_path)
    write(tmp_path / f"predictions-{today - timedelta(days=3)}-9.jsonl", prediction(9))
    assert compact(tmp_path, keep_days=2).deleted == 5
    found = content(tmp_path)
    assert {one["request_id"] for one in found["predictions"]} == {"r-0", "r-1", "r-2"}
    assert {one["request_id"] for one in found["labels"]} == {"f-0", "f-1", "f-2"}


def test_whoever_reads_meanwhile_sees_every_record_once(tmp_path: Path) -> None:
    make_log(tmp_path)
    before, rounds = content(tmp_path), 0
    done = threading.Event()

    def compact_again_and_again() -> None:
        for number in range(15):
            day = DAY + timedelta(days=number % 2)
            write(tmp_path / f"predictions-{day}-{100 + number}.jsonl", prediction(900, day))
            compact(tmp_path)
        done.set()

    compacting = threading.Thread(target=compact_again_and_again)
    compacting.start()
    while not done.is_set():
        found = content(tmp_path)
        found["predictions"] = [r for r in found["predictions"] if r["request_id"] != "r-900"]
        assert found == before
        rounds += 1
    compacting.join()
    assert rounds
    assert sum(one["request_id"] == "r-900" for one in read_lines(tmp_path, PREDICTIONS)) == 15


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_disk_that_is_full_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    make_log(tmp_path)
    before, known = content(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, known[1]))
    try:
        with pytest.raises(DataError, match=r"cannot be changed.*run the command again"):
            compact(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, known)
    assert content(tmp_path) == before
    assert compact(tmp_path).records == 19
    assert content(tmp_path) == before


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "live").touch()
    with pytest.raises(DataError, match="cannot be changed"):
        compact(tmp_path / "live")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_kill_before_any_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    make_log(tmp_path / "log", n_days=1)
    before, step = content(tmp_path / "log"), 0
    while True:
        folder = tmp_path / str(step)
        shutil.copytree(tmp_path / "log", folder)
        killed = killed_at(folder, "compact", step)
        assert content(folder) == before
        if not killed:
            break
        compact(folder)
        assert content(folder) == before
        assert [name for name in files(folder) if not name.endswith(".parquet")] == []
        step += 1
    assert step > 8
