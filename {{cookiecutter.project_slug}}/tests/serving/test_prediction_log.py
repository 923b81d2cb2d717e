import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic_core import to_json

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.monitoring.served import read_lines
from {{ cookiecutter.__package }}.serving.prediction_log import (
    Journal,
    labels,
    predictions,
)
from {{ cookiecutter.__package }}.serving.predictor import make_predictor

from ..conftest import shop_of
from .live import add_version


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


def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "predictions")
    journal.append([{"row": 0}])
    journal._day = "yesterday"
    (first,) = tmp_path.iterdir()
    first.rename(tmp_path / "predictions-2024-01-01-1.jsonl")
    journal.append([{"row": 1}])
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_each_row_has_a_record_of_what_was_sent_and_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    version = add_version(tmp_path, shop)
    predictor = make_predictor(open_bundle(tmp_path / shop.name / version.bundle), 3, 10)
    given = np.array([0.25, 0.75], np.float32)
    made = predictions(predictor, "request", [row, {**row, "gift": None}], given)
    assert [(r["request_id"], r["row"], r["probability"]) for r in made] == [
        ("request", 0, 0.25),
        ("request", 1, 0.75),
    ]
    assert {(r["model"], r["version"]) for r in made} == {("shop", 3)}
    assert made[0]["columns"] == row
    assert made[1]["columns"] == {**row, "gift": None}


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
    contract = shop_of(task)
    version = add_version(tmp_path, contract)
    bundle = open_bundle(tmp_path / contract.name / version.bundle)
    outputs = np.array(given, np.float32)
    made = predictions(make_predictor(bundle, 1, 10), "request", [row, row], outputs)
    written = [json.loads(to_json(record)) for record in made]
    assert [record[bundle.task.output] for record in written] == outputs.tolist()
    assert {"probability", "probabilities", "value"} & set(written[0]) == {bundle.task.output}


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
