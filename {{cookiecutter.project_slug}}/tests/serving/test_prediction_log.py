import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic_core import to_json

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines, read_rows
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.serving.prediction_log import (
    Journal,
    UnwrittenError,
    answered,
    labels,
)
from {{ cookiecutter.__package }}.serving.predictor import (
    Predictor,
    make_predictor,
)

from ..conftest import shop_of
from .live import add_version

if sys.platform != "win32":
    import resource


def test_records_are_in_the_file_when_append_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "live", "predictions")
    journal.append([{"row": 0}, {"row": 1}])
    journal.append([{"row": 2}])
    (path,) = (tmp_path / "deep" / "live").iterdir()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"row": 0},
        {"row": 1},
        {"row": 2},
    ]
    assert path.stat().st_mode & 0o007 == 0
    journal.close()


def test_a_journal_that_was_closed_goes_on_in_its_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "predictions")
    for row in range(3):
        journal.append([{"row": row}])
        journal.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 0}, {"row": 1}, {"row": 2}]


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "predictions-2024-01-01-1.jsonl"
    path.write_bytes(b'{"row": 0}\n{"row": 1, "city": "\xc3')
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 0}]


def test_a_restart_does_not_glue_its_records_to_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "predictions")
    journal.append([{"row": 0}])
    journal.close()
    (path,) = tmp_path.iterdir()
    with path.open("ab") as file:
        file.write(b'{"row": 1, "ci')
    restarted = Journal(tmp_path, "predictions")
    restarted.append([{"row": 2}])
    restarted.append([{"row": 3}])
    restarted.close()
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 0}, {"row": 2}, {"row": 3}]


def test_a_write_that_failed_half_way_costs_only_its_own_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, write, calls = Journal(tmp_path, "predictions"), os.write, []

    def fill_the_disk(descriptor: int, piece: bytes) -> int:
        calls.append(piece)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return write(descriptor, piece[:-4])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fill_the_disk)
        with pytest.raises(OSError, match="No space"):
            journal.append([{"row": 0}])
    journal.append([{"row": 1}])
    journal.close()
    assert list(read_lines(tmp_path, "predictions")) == [{"row": 1}]


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_of_records_that_the_disk_takes_in_part_the_others_are_counted(tmp_path: Path) -> None:
    journal, known = Journal(tmp_path, "predictions"), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (25, known[1]))  # two records of 10 bytes and a half
    try:
        with pytest.raises(UnwrittenError) as caught:
            journal.append([{"row": row} for row in range(4)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, known)
    assert caught.value.lost == 2
    journal.append([{"row": 4}])
    journal.close()
    assert [record["row"] for record in read_lines(tmp_path, "predictions")] == [0, 1, 4]


def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "predictions")
    journal.append([{"row": 0}])
    journal._day = 0
    (first,) = tmp_path.iterdir()
    first.rename(tmp_path / "predictions-2024-01-01-1.jsonl")
    journal.append([{"row": 1}])
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_record_holds_what_was_sent_and_answered_and_is_read_back_row_by_row(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    predictor = predictor_of(tmp_path, shop)
    rows = [row, {**row, "gift": None}]
    outputs = np.array([0.25, 0.75], np.float32)
    journal = Journal(tmp_path, "predictions")
    journal.append([answered(predictor, "by-row", "/predict", {"rows": rows}, outputs)])
    columns = {name: [given[name] for given in rows] for name in row}
    journal.append(
        [answered(predictor, "by-column", "/predict/columns", {"columns": columns}, outputs)]
    )
    journal.close()
    for request_id in ("by-row", "by-column"):
        found = list(read_rows(tmp_path, request_id))
        assert [(r["row"], r["probability"]) for r in found] == [(0, 0.25), (1, 0.75)]
        assert {(r["model"], r["version"], r["request_id"]) for r in found} == {
            ("shop", 3, request_id)
        }
        assert [r["columns"] for r in found] == rows
    assert len(list(read_rows(tmp_path))) == 4


@pytest.mark.parametrize(
    ("task", "given"),
    [
        ("multiclass", [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]),
        ("regression", [87.5, -3.25]),
    ],
)
def test_a_record_holds_what_the_task_answers(
    tmp_path: Path, row: dict[str, Any], task: str, given: list[Any]
) -> None:
    predictor, outputs = predictor_of(tmp_path, shop_of(task)), np.array(given, np.float32)
    made = json.loads(
        to_json(answered(predictor, "request", "/predict", {"rows": [row, row]}, outputs))
    )
    output = predictor.bundle.task.output
    assert made[output] == outputs.tolist()
    assert {"probability", "probabilities", "value"} & set(made) == {output}


@pytest.mark.parametrize("value", [False, "exchanged", 12.5])
def test_a_label_keeps_its_value_as_it_was_sent(value: object) -> None:
    (made,) = labels("request", [{"id": "o-1", "label": value}])
    assert (made["request_id"], made["id"], made["label"]) == ("request", "o-1", value)


def test_a_label_of_a_row_of_a_request_keeps_the_requests_id() -> None:
    first, second = labels(
        "feedback",
        [{"request_id": "r-1", "label": True}, {"request_id": "r-1", "row": 2, "label": False}],
    )
    assert (first["request_id"], second["request_id"], second["row"]) == ("r-1", "r-1", 2)


def predictor_of(folder: Path, contract: Contract) -> Predictor:
    version = add_version(folder, contract)
    return make_predictor(open_bundle(folder / contract.name / version.bundle), 3, 10)
