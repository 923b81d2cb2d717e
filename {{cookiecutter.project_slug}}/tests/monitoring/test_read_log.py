import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ..conftest import shop_of
from .reading import NOON, logged_in, prediction, served_in, write


def label(number: int, value: object, after_s: int = 0) -> dict[str, Any]:
    at = (NOON + timedelta(seconds=after_s)).isoformat()
    return {"request_id": "f", "time": at, "id": f"o-{number}", "label": value}


def test_rows_come_back_as_they_were_sent_in_the_order_of_their_time(
    tmp_path: Path, shop: Contract
) -> None:
    write(tmp_path, "predictions-2024-05-02-9", prediction(3), prediction(1))
    write(tmp_path, "predictions-2024-05-01-9", prediction(2))
    served = served_in(tmp_path, shop, 1)
    assert served.outputs.tolist() == [0.01, 0.02, 0.03]
    inputs = logged_in(tmp_path, shop)[0].inputs(shop)  # as they lie, day by day
    assert inputs.numeric[:, shop.numeric.index("price")].tolist() == [2.0, 3.0, 1.0]
    assert set(inputs.category[:, shop.category.index("city")]) == {"<missing>"}
    expected = [int((NOON + timedelta(hours=hours)).timestamp()) for hours in (1, 2, 3)]
    assert served.seconds.tolist() == expected
    assert np.isnan(served.labels).all()
    for absent in ({"channel", "city"}, {"price", "items", "gift"}):
        values = shop.model_dump()
        values["columns"] = {n: c for n, c in values["columns"].items() if n not in absent}
        contract = Contract.model_validate(values)
        inputs = logged_in(tmp_path, contract)[0].inputs(contract)
        assert inputs.numeric.shape == (3, len(contract.numeric))
        assert inputs.category.shape == (3, len(contract.category))


def test_each_row_counts_once_by_its_id_or_its_place_and_only_as_the_version_answered_it(
    tmp_path: Path, shop: Contract
) -> None:
    nameless = prediction(3, request_id="n", probability=[0.03, 0.03])
    nameless["rows"] = [{**nameless["rows"][0], "order": None}] * 2
    routes = prediction(1, route="champion"), prediction(2, route="challenger")
    others = prediction(4, route="shadow"), prediction(5, version=2), prediction(6, model="other")
    write(tmp_path, "predictions-2024-05-01-9", *routes, *routes, *others, nameless, nameless)
    assert served_in(tmp_path, shop, 1).outputs.tolist() == [0.01, 0.02, 0.03, 0.03]
    assert served_in(tmp_path, shop, 2).outputs.tolist() == [0.05]


def test_the_last_answer_and_the_last_label_count_whatever_their_process_was_called(
    tmp_path: Path, shop: Contract
) -> None:
    later = prediction(1, request_id="r-9", time="2024-05-02T12:00:00+00:00", probability=[0.9])
    write(tmp_path, "predictions-2024-05-01-9000", prediction(1), prediction(2))
    write(tmp_path, "predictions-2024-05-01-10000", later)
    write(tmp_path, "labels-2024-05-01-999", label(1, True, 0), label(2, False, 0))
    write(tmp_path, "labels-2024-06-30-1000", label(1, False, 60), label(2, True, 60))
    served = served_in(tmp_path, shop, 1)
    assert served.outputs.tolist() == [0.9, 0.02]
    assert served.labels.tolist() == [0.0, 1.0]


HOSTILE = [
    b'{"request_id": "x", "ro',
    b"[1, 2]",
    b"{}",
    b"\x00\xff\xfe",
    b'{"request_id": ' + b"[" * 100_000,
    b'{"request_id": "x", "time": 5, "version": "1"}',
    json.dumps(prediction(9) | {"version": 2**70}).encode(),
    json.dumps(prediction(9) | {"time": None}).encode(),
    json.dumps(prediction(9) | {"time": "yesterday"}).encode(),
    json.dumps(prediction(9) | {"rows": "o-9"}).encode(),
    json.dumps(prediction(9) | {"rows": []}).encode(),
    json.dumps(prediction(9) | {"rows": [{"price": "dear"}]}).encode(),
    json.dumps(prediction(9) | {"probability": ["high"]}).encode(),
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
    logged, skipped = logged_in(tmp_path, shop)
    assert (len(logged), skipped) == (2, 4)
    labels = served_in(tmp_path, shop, 1).labels
    assert np.array_equal(labels, [1.0, np.nan], equal_nan=True)


def test_without_an_id_in_the_contract_labels_are_joined_by_request_and_row(
    tmp_path: Path,
) -> None:
    rows = [row for number in (1, 2, 3) for row in prediction(number)["rows"]]
    three = prediction(1, rows=rows, probability=[0.1, 0.2, 0.3])
    write(tmp_path, "predictions-2024-05-01-9", three, prediction(4))
    given = [(1, 2, True), (1, 0, False), (1, None, True), (4, 0, False), (5, 1, True)]
    labels = [
        {**label(0, value, second), "id": None, "request_id": f"r-{number}", "row": row}
        for second, (number, row, value) in enumerate(given)
    ]
    write(tmp_path, "labels-2024-05-01-9", *labels)
    found = served_in(tmp_path, shop_of("binary", id=None), 1).labels
    assert np.array_equal(found, [1.0, np.nan, 1.0, 0.0], equal_nan=True)
