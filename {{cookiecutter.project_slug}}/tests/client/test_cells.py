"""What a value of Python, numpy or pandas is on its way."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from {{ cookiecutter.__package }}.client import Client
from {{ cookiecutter.__package }}.values import json_value

from .faulty import GOOD, answers, faulty

NOON = datetime(2024, 7, 1, 12, 30, 15, 250_000)
PARIS = timezone(timedelta(hours=2))
CELLS = [
    (None, None),
    (float("nan"), None),
    (np.float32("nan"), None),
    (np.datetime64("NaT", "ns"), None),
    (pd.NaT, None),
    (pd.NA, None),
    (True, True),
    (np.bool_(True), True),
    (7, 7),
    (np.int64(2**62), 2**62),
    (0.1, 0.1),
    (np.float64(0.1), 0.1),
    (np.float32(0.5), 0.5),
    ("größe\u2028", "größe\u2028"),
    (np.str_("web"), "web"),
    (NOON, "2024-07-01T12:30:15.250000Z"),
    (NOON.replace(tzinfo=UTC), "2024-07-01T12:30:15.250000Z"),
    (NOON.replace(tzinfo=PARIS), "2024-07-01T12:30:15.250000+02:00"),
    (pd.Timestamp(NOON, tz=PARIS), "2024-07-01T12:30:15.250000+02:00"),
    (np.datetime64(NOON, "ns"), "2024-07-01T12:30:15.250000Z"),
    (np.datetime64("2024-07-01"), "2024-07-01T00:00:00Z"),
]


ACCEPTED = answers({"accepted": 1, "request_id": "r"})


def test_cells_arrive_as_json_in_rows_and_labels() -> None:
    given, expected = (list(side) for side in zip(*CELLS, strict=True))
    names = [f"{value!r} of {type(value).__name__}" for value in given]
    with faulty(GOOD, ACCEPTED) as server, Client(server.url) as client:
        client.predict(iter([dict(zip(names, given, strict=True))]))
        client.feedback({"id": "o-1", "label": value} for value in given)
    rows, labels = (json.loads(asked.body) for asked in server.asked)
    assert rows == {"rows": [dict(zip(names, expected, strict=True))]}
    assert labels == {"labels": [{"id": "o-1", "label": value} for value in expected]}


def test_a_cell_is_what_it_is_to_the_project_itself() -> None:
    plain = [
        (value, expected)
        for value, expected in CELLS
        if type(value) in {type(None), float, bool, int, str, datetime}
    ]
    assert len(plain) > 7
    assert [json_value(value) for value, _ in plain] == [expected for _, expected in plain]


@pytest.mark.parametrize("value", [{1}, b"x", object()])
def test_a_value_that_is_no_cell_is_told_and_not_sent(value: Any) -> None:
    with faulty(GOOD) as server, Client(server.url) as client:
        with pytest.raises(TypeError, match=f"{type(value).__name__}; a cell may be None"):
            client.predict([{"a": value}])
        assert server.asked == []
