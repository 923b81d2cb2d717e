"""What is to be forgotten is nowhere afterwards, and all else is where it was."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.log.live import (
    read_lines,
    read_rows,
    rows_of,
)
from {{ cookiecutter.__package }}.log.log_retention.compact import compact
from {{ cookiecutter.__package }}.log.log_retention.forget import (
    Forgotten,
    Whose,
    forget,
)
from {{ cookiecutter.__package }}.log.segments import (
    LABELS,
    PREDICTIONS,
    open_segment,
)

from ..logged import DAY, content, label, make_log, prediction, write
from .killed import files, killed_at, text_in

ORDER = Whose(value="o-1", column="order")


def without(order: str, record: dict[str, Any]) -> dict[str, Any]:
    """A record that is left of ``prediction``, written out by hand."""
    kept = [place for place in range(3) if f"o-{place}" != order]
    rows = rows_of(record) or []
    given = {"rows": [rows[place] for place in kept]}
    record = {name: value for name, value in record.items() if name != "columns"}
    return record | given | {"probability": record["probability"][: len(kept)]}


@pytest.mark.parametrize("compacted", [False, True])
def test_rows_and_labels_of_an_id_go_and_others_stay(tmp_path: Path, compacted: bool) -> None:
    make_log(tmp_path)
    before = content(tmp_path)
    if compacted:
        compact(tmp_path)
    done = forget(tmp_path, ORDER)
    n_files = 3 if compacted else 5
    assert done == Forgotten(rows=16, requests=16, labels=1, files=n_files)
    after = content(tmp_path)
    key = "request_id"
    expected = sorted((without("o-1", r) for r in before["predictions"]), key=lambda r: str(r[key]))
    assert sorted(after["predictions"], key=lambda r: str(r[key])) == expected
    assert after["labels"] == [one for one in before["labels"] if one["id"] != "o-1"]
    assert len(list(read_rows(tmp_path))) == 32
    assert forget(tmp_path, ORDER) == Forgotten()
    assert text_in(tmp_path, "o-1") == []


def test_a_request_goes_with_all_its_rows(tmp_path: Path) -> None:
    make_log(tmp_path)
    compact(tmp_path)
    write(tmp_path / f"labels-{DAY}-9.jsonl", {"request_id": "r-1", "row": 0, "label": True})
    done = forget(tmp_path, Whose(value="r-1", column=None))
    assert (done.rows, done.requests, done.labels) == (3, 1, 1)
    assert not list(read_rows(tmp_path, "r-1"))
    assert len(list(read_lines(tmp_path, PREDICTIONS))) == 15  # r-10 and r-11 stay
    assert len(list(read_lines(tmp_path, LABELS))) == 3


def test_a_request_and_a_file_of_nothing_else_go_whole(tmp_path: Path) -> None:
    write(tmp_path / f"predictions-{DAY}-7.jsonl", prediction(1, n_rows=1))
    write(tmp_path / f"labels-{DAY}-7.jsonl", label(1, "o-0"))
    compact(tmp_path)
    done = forget(tmp_path, Whose(value="o-0", column="order"))
    assert done == Forgotten(rows=1, requests=1, labels=1, files=2)
    assert files(tmp_path) == []


def test_an_id_may_be_a_number_or_need_more_than_ascii(tmp_path: Path) -> None:
    for number, order in enumerate((17, "ö 3", 'say "so"', None)):
        record = prediction(2 * number + 1, n_rows=1)
        record["rows"][0]["order"] = order
        write(tmp_path / f"predictions-{DAY}-{number}.jsonl", record)
    for value in ("17", "ö 3", 'say "so"', "None", "7", "o"):
        forget(tmp_path, Whose(value=value, column="order"))
    (left,) = read_lines(tmp_path, PREDICTIONS)
    assert left["rows"][0]["order"] is None


def test_what_a_crash_tore_goes_too(tmp_path: Path) -> None:
    make_log(tmp_path)
    assert len(text_in(tmp_path, "torn")) == 2
    forget(tmp_path, Whose(value="nobody", column="order"))
    assert text_in(tmp_path, "torn") == []
    assert len(list(read_lines(tmp_path, PREDICTIONS))) == 16


@pytest.mark.skipif(os.name == "nt", reason="an open file is not renamed on Windows")
def test_a_server_that_does_not_let_go_is_told_and_all_else_is_done(tmp_path: Path) -> None:
    make_log(tmp_path)
    descriptor, path = open_segment(tmp_path, PREDICTIONS, DAY)
    os.write(descriptor, b'{"request_id": "r-77", "rows": [{"order": "o-1"}], "value": [1]}\n')
    with pytest.raises(DataError, match=r"1 more files hold 'o-1'.*run it again"):
        forget(tmp_path, ORDER, wait_s=0.1)
    assert [r["request_id"] for r in read_rows(tmp_path) if r["columns"]["order"] == "o-1"] == [
        "r-77"
    ]
    os.close(descriptor)
    assert forget(tmp_path, ORDER).rows == 1
    assert not path.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_kill_before_any_step_leaves_every_file_as_it_was_or_done(tmp_path: Path) -> None:
    make_log(tmp_path / "log", n_days=1)
    write(tmp_path / "log" / f"predictions-{DAY}-9.jsonl", prediction(99))
    compact(tmp_path / "log")
    write(tmp_path / "log" / f"predictions-{DAY}-10.jsonl", prediction(100), prediction(101))
    before, step = content(tmp_path / "log")["predictions"], 0
    allowed = [[record, without("o-1", record)] for record in before]
    while True:
        folder = tmp_path / str(step)
        shutil.copytree(tmp_path / "log", folder)
        killed = killed_at(folder, "o-1", step)
        after = {record["request_id"]: record for record in read_lines(folder, PREDICTIONS)}
        assert len(after) == len(before)
        assert all(after[either[0]["request_id"]] in either for either in allowed)
        if not killed:
            break
        forget(folder, ORDER)
        assert "o-1" not in {row["columns"]["order"] for row in read_rows(folder)}
        assert text_in(folder, "o-1") == []
        step += 1
    assert step > 4
