"""The log made smaller, and rid of somebody: all else is where it was, whatever happens."""

import gzip
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.log.live import read_rows
from {{ cookiecutter.__package }}.log.log_retention.retention import (
    compact,
    forget,
)

from .killed import killed_at
from .logged import DAY, content, label, make_log, prediction, write

if sys.platform != "win32":
    import resource


def names(folder: Path) -> list[str]:
    """Names of the files but the lock's, hidden ones too."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".maintenance.lock")


def holding(folder: Path, text: str) -> list[str]:
    """The files that hold a text, compressed or not."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    plain = {n: gzip.decompress(c) if n.endswith(".gz") else c for n, c in contents.items()}
    return [name for name, lines in plain.items() if text.encode() in lines]


def without(order: str, record: dict[str, Any]) -> dict[str, Any]:
    """What is left of a prediction's record."""
    rows = [row for row in record["rows"] if row["order"] != order]
    return {**record, "rows": rows, "probability": record["probability"][: len(rows)]}


def test_days_that_are_over_are_compressed_and_too_old_ones_deleted(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    for age in range(6):
        day = today - timedelta(days=age)
        write(tmp_path / f"predictions-{day}-7.jsonl", prediction(age, day))
        write(tmp_path / f"labels-{day}-7.jsonl", label(age, "o-1", day))
    before = content(tmp_path)
    for _ in range(2):  # a second run has nothing to do
        compact(tmp_path)
        assert content(tmp_path) == before
        ends = {name.partition("-7")[2]: name.count("-") for name in names(tmp_path)}
        assert ends.keys() == {".jsonl", ".jsonl.gz"}
        assert len(list(tmp_path.glob("*.jsonl"))) == 4, "of today and yesterday"
    assert all(path.stat().st_mode & 0o007 == 0 for path in tmp_path.glob("*.gz"))
    write(tmp_path / f"predictions-{today - timedelta(days=5)}-9.jsonl", prediction(9))
    compact(tmp_path, keep_days=3)
    after = content(tmp_path)
    assert {one["request_id"] for one in after["predictions"]} == {f"r-{n}" for n in range(4)}
    assert {one["request_id"] for one in after["labels"]} == {f"f-{n}" for n in range(4)}


@pytest.mark.parametrize("compacted", [False, True])
def test_rows_and_labels_of_an_id_go_and_others_stay(tmp_path: Path, compacted: bool) -> None:
    make_log(tmp_path)
    before = content(tmp_path)
    if compacted:
        compact(tmp_path)
    assert holding(tmp_path, "torn")
    forget(tmp_path, "o-1", "order")
    after = content(tmp_path)
    assert after["predictions"] == [without("o-1", one) for one in before["predictions"]]
    assert after["labels"] == [one for one in before["labels"] if one["id"] != "o-1"]
    assert holding(tmp_path, "o-1") == [], "torn lines that held it are gone as well"


def test_without_an_id_column_a_request_goes_with_its_rows_and_labels(tmp_path: Path) -> None:
    make_log(tmp_path)
    write(tmp_path / f"labels-{DAY}-9.jsonl", {"request_id": "r-1", "row": 0, "label": True})
    forget(tmp_path, "r-1", None)
    assert not list(read_rows(tmp_path, "r-1"))
    after = content(tmp_path)
    assert (len(after["predictions"]), len(after["labels"])) == (15, 3)  # r-10 and r-11 stay


def test_an_id_may_be_a_number_or_need_more_than_ascii(tmp_path: Path) -> None:
    for number, order in enumerate((17, "ö 3", 'say "so"', None)):
        record = prediction(number, n_rows=1)
        record["rows"][0]["order"] = order
        write(tmp_path / f"predictions-{DAY}-{number}.jsonl", record)
    for value in ("17", "ö 3", 'say "so"', "None", "7", "o"):
        forget(tmp_path, value, "order")
    (left,) = content(tmp_path)["predictions"]
    assert left["rows"][0]["order"] is None


def test_what_a_server_may_still_write_to_is_left_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(UTC).date()
    make_log(tmp_path)
    for age in (0, 1):
        day = today - timedelta(days=age)
        write(tmp_path / f"predictions-{day}-7.jsonl", prediction(100 + age, day))
    forget(tmp_path, "o-1", "order")
    shown = capsys.readouterr().out
    assert "forgot    25 records in 5 files" in shown
    assert "2 records are of today or yesterday" in shown
    left = [row["request_id"] for row in read_rows(tmp_path) if row["columns"]["order"] == "o-1"]
    assert left == ["r-101", "r-100"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_disk_that_is_full_is_an_error_and_nothing_is_lost(tmp_path: Path) -> None:
    records = [prediction(number) for number in range(2_000)]
    write(tmp_path / f"predictions-{DAY}-7.jsonl", *records)
    known = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, known[1]))
    try:
        with pytest.raises(DataError, match=r"cannot be changed.*run the command again"):
            compact(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, known)
    assert content(tmp_path)["predictions"] == records
    (tmp_path / "text").touch()
    with pytest.raises(DataError, match="cannot be changed"):
        compact(tmp_path / "text")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
@pytest.mark.parametrize("task", ["compact", "o-1"])
def test_a_kill_before_any_step_leaves_every_record_as_it_was_or_done(
    tmp_path: Path, task: str
) -> None:
    make_log(tmp_path / "log", n_days=1)
    (tmp_path / "log" / f"labels-{DAY}-7.jsonl").unlink()
    before, step = content(tmp_path / "log")["predictions"], 0
    allowed = [(one, without("o-1", one) if task == "o-1" else one) for one in before]
    while True:
        folder = tmp_path / str(step)
        shutil.copytree(tmp_path / "log", folder)
        killed = killed_at(folder, task, step)
        after = content(folder)["predictions"]
        assert len(after) == len(before)
        assert all(one in either for one, either in zip(after, allowed, strict=True))
        if not killed:
            break
        compact(folder)
        forget(folder, "o-1", "order")
        assert holding(folder, "o-1") == []
        assert all(name.endswith(".gz") for name in names(folder))
        step += 1
    assert step >= 4
