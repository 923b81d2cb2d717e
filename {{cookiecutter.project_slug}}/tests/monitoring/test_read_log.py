import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import shop_of
from .reading import inputs_in, logged_in, served_in

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def prediction(number: int, **changes: Any) -> dict[str, Any]:
    """A row as it was answered."""
    return {
        "request_id": f"r-{number}",
        "time": (NOON + timedelta(seconds=number)).isoformat(),
        "model": "shop",
        "version": 1,
        "columns": {
            "order": f"o-{number}",
            "at": (NOON + timedelta(hours=number)).isoformat(),
            "price": float(number),
            "items": 1,
            "channel": "web",
            "city": None,
            "gift": True,
        },
        "probability": number / 100,
        **changes,
    }


def label(number: int, value: object, after_s: int = 0) -> dict[str, Any]:
    at = (NOON + timedelta(seconds=after_s)).isoformat()
    return {"request_id": "f", "time": at, "id": f"o-{number}", "label": value}


def request(*rows: dict[str, Any]) -> dict[str, Any]:
    """The record of a request, as the server writes it."""
    (output,) = {"probability", "probabilities", "value"} & set(rows[0])
    shared = {name: value for name, value in rows[0].items() if name not in {"columns", output}}
    return shared | {
        "rows": [row["columns"] for row in rows],
        output: [row[output] for row in rows],
    }


def write(folder: Path, name: str, *records: dict[str, Any]) -> None:
    given = [request(record) if "columns" in record else record for record in records]
    lines = "".join(json.dumps(record) + "\n" for record in given)
    (folder / f"{name}.jsonl").write_text(lines)


def test_rows_come_back_as_they_were_sent_in_the_order_of_their_time(
    tmp_path: Path, shop: Contract
) -> None:
    write(tmp_path, "predictions-2024-05-02-9", prediction(3), prediction(1))
    write(tmp_path, "predictions-2024-05-01-9", prediction(2))
    served = served_in(tmp_path, shop, 1)
    assert served.outputs.tolist() == [0.01, 0.02, 0.03]
    inputs = inputs_in(tmp_path, shop, 1)
    assert inputs.numeric[:, shop.numeric.index("price")].tolist() == [1.0, 2.0, 3.0]
    assert set(inputs.category[:, shop.category.index("city")]) == {"<missing>"}
    expected = [int((NOON + timedelta(hours=hours)).timestamp()) for hours in (1, 2, 3)]
    assert served.seconds.tolist() == expected
    assert np.isnan(served.labels).all()


@pytest.mark.parametrize("left_out", [{"channel", "city"}, {"price", "items", "gift"}])
def test_a_contract_may_have_no_category_or_no_number(
    tmp_path: Path, shop: Contract, left_out: set[str]
) -> None:
    values = shop.model_dump()
    values["columns"] = {n: column for n, column in values["columns"].items() if n not in left_out}
    contract = Contract.model_validate(values)
    write(tmp_path, "predictions-2024-05-01-1", *map(prediction, (1, 2)))
    inputs = inputs_in(tmp_path, contract, 1)
    assert inputs.numeric.shape == (2, len(contract.numeric))
    assert inputs.category.shape == (2, len(contract.category))


def test_a_row_that_was_logged_twice_counts_once(tmp_path: Path, shop: Contract) -> None:
    write(tmp_path, "predictions-2024-05-01-9", prediction(1), prediction(1), prediction(2))
    assert len(served_in(tmp_path, shop, 1)) == 2


def test_rows_without_an_id_count_each_by_its_place_in_its_request(
    tmp_path: Path, shop: Contract
) -> None:
    columns = {**prediction(1)["columns"], "order": None}
    sent = request(*[prediction(1, columns=columns)] * 2)
    write(tmp_path, "predictions-2024-05-01-9", sent, sent)
    assert len(served_in(tmp_path, shop, 1)) == 2


def test_only_the_version_that_is_asked_for_is_read(tmp_path: Path, shop: Contract) -> None:
    others = prediction(2, version=2), prediction(3, model="other")
    write(tmp_path, "predictions-2024-05-01-9", prediction(1), *others)
    assert served_in(tmp_path, shop, 1).outputs.tolist() == [0.01]
    assert served_in(tmp_path, shop, 2).outputs.tolist() == [0.02]


def test_what_was_scored_in_the_shadow_answered_nobody_and_is_not_read(
    tmp_path: Path, shop: Contract
) -> None:
    answered = prediction(1, route="champion"), prediction(2, route="challenger")
    write(tmp_path, "predictions-2024-05-01-9", *answered, prediction(3, route="shadow"))
    assert served_in(tmp_path, shop, 1).outputs.tolist() == [0.01, 0.02]


def test_outcomes_are_joined_by_id_however_late_they_come(tmp_path: Path, shop: Contract) -> None:
    write(tmp_path, "predictions-2024-05-01-9", *(prediction(number) for number in (1, 2, 3)))
    write(tmp_path, "labels-2024-06-30-9", label(1, True), label(3, False), label(99, True))
    labels = served_in(tmp_path, shop, 1).labels
    assert labels[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(labels[1])


def test_the_last_outcome_is_the_last_in_time_whatever_its_process_was_called(
    tmp_path: Path, shop: Contract
) -> None:
    write(tmp_path, "predictions-2024-05-01-9", prediction(1), prediction(2))
    write(tmp_path, "labels-2024-05-01-999", label(1, True, 0), label(2, False, 0))
    write(tmp_path, "labels-2024-05-01-1000", label(1, False, 60), label(2, True, 60))
    assert served_in(tmp_path, shop, 1).labels.tolist() == [0.0, 1.0]


HOSTILE = [
    b'{"request_id": "x", "ro',
    b"[1, 2]",
    b"3",
    b"{}",
    b"\x00\xff\xfe",
    b"[" * 100_000,
    b'{"request_id": ' + b"[" * 100_000,
    b'{"request_id": "x", "time": 5, "version": "1"}',
    json.dumps(request(prediction(9)) | {"version": 2**70}).encode(),
    json.dumps(request(prediction(9)) | {"time": None}).encode(),
    json.dumps(request(prediction(9)) | {"time": "yesterday"}).encode(),
    json.dumps(request(prediction(9)) | {"rows": "o-9"}).encode(),
    json.dumps(request(prediction(9)) | {"rows": None}).encode(),
    json.dumps(request(prediction(9)) | {"rows": []}).encode(),
    json.dumps(request(prediction(9)) | {"rows": [{"price": "dear"}]}).encode(),
    json.dumps(request(prediction(9)) | {"rows": [{"price": {"a": 1}}]}).encode(),
    json.dumps(request(prediction(9)) | {"probability": [None]}).encode(),
    json.dumps(request(prediction(9)) | {"probability": ["high"]}).encode(),
    json.dumps(label(1, False) | {"time": None}).encode(),
    json.dumps(label(1, "maybe")).encode(),
    json.dumps(label(1, None)).encode(),
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_line_that_is_not_ours_is_counted_and_skipped_in_either_log(
    tmp_path: Path, shop: Contract, line: bytes
) -> None:
    write(tmp_path, "predictions-2024-05-01-9", prediction(1), prediction(2))
    write(tmp_path, "labels-2024-05-01-9", label(1, True))
    for path in tmp_path.iterdir():
        path.write_bytes(line + b"\n" + path.read_bytes() + line)
    with logged_in(tmp_path, shop) as (logged, skipped):
        assert (len(logged), skipped) == (2, 4)
    labels = served_in(tmp_path, shop, 1).labels
    assert np.array_equal(labels, [1.0, np.nan], equal_nan=True)


def test_without_a_time_in_the_contract_rows_go_by_when_they_were_answered(
    tmp_path: Path, shop: Contract
) -> None:
    timeless = Contract.model_validate({**shop.model_dump(), "time": None})
    records = [prediction(number) for number in (2, 1)]
    for record in records:
        record["columns"]["at"] = None
    write(tmp_path, "predictions-2024-05-01-9", *records)
    seconds = served_in(tmp_path, timeless, 1).seconds
    assert seconds.tolist() == [int(NOON.timestamp()) + 1, int(NOON.timestamp()) + 2]


def test_the_last_answer_is_the_last_in_time_whatever_its_process_was_called(
    tmp_path: Path, shop: Contract
) -> None:
    later = prediction(1, request_id="r-9", time="2024-05-02T12:00:00+00:00", probability=0.9)
    write(tmp_path, "predictions-2024-05-01-9000", prediction(1))
    write(tmp_path, "predictions-2024-05-01-10000", later)
    assert served_in(tmp_path, shop, 1).outputs.tolist() == [0.9]


def test_without_an_id_in_the_contract_outcomes_are_joined_by_request_and_row(
    tmp_path: Path,
) -> None:
    nameless = shop_of("binary", id=None)
    write(
        tmp_path,
        "predictions-2024-05-01-9",
        request(*(prediction(number, request_id="r") for number in (1, 2, 3))),
        prediction(4, request_id="s"),
    )
    outcomes = [
        {"request_id": "r", "row": 2, "label": True},
        {"request_id": "r", "row": 0, "label": False},
        {"request_id": "r", "label": True},  # the first row, told again
        {"request_id": "s", "row": 0, "label": False},
        {"request_id": "t", "row": 1, "label": True},
    ]
    lines = [
        {**label, "time": (NOON + timedelta(seconds=number)).isoformat()}
        for number, label in enumerate(outcomes)
    ]
    write(tmp_path, "labels-2024-05-01-9", *lines)
    labels = served_in(tmp_path, nameless, 1).labels
    assert np.array_equal(labels, [1.0, np.nan, 1.0, 0.0], equal_nan=True)


OUTPUTS: list[tuple[str, Any, Any, float]] = [
    ("multiclass", [0.2, 0.5, 0.3], "returned", 2.0),
    ("regression", 87.5, 90, 90.0),
]


@pytest.mark.parametrize(("task", "output", "outcome", "encoded"), OUTPUTS)
def test_outputs_and_outcomes_of_each_task_come_back(
    tmp_path: Path, task: str, output: Any, outcome: Any, encoded: float
) -> None:
    contract = shop_of(task)
    records = [prediction(number) for number in (1, 2)]
    for record in records:
        del record["probability"]
        record[task_of(contract).output] = output
    write(tmp_path, "predictions-2024-05-01-9", *records)
    write(tmp_path, "labels-2024-05-01-9", label(2, outcome))
    served = served_in(tmp_path, contract, 1)
    assert served.outputs.tolist() == [output, output]
    assert np.array_equal(served.labels, [np.nan, encoded], equal_nan=True)
    assert served[np.array([1])].outputs.tolist() == [output]
