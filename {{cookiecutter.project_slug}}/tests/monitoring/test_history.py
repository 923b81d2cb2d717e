import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.monitoring.drift import Shape
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    Judged,
    keep_window,
    read_windows,
)

WINDOW = Judged(
    model="shop",
    version=2,
    length="7 days",
    name="2024-01-01",
    number=3,
    first=date(2024, 1, 1),
    last=date(2024, 1, 7),
    begin_s=0,
    newest_s=9,
    rows=400,
    labelled=40,
    complete=True,
    fingerprint="a",
    judged=datetime(2024, 1, 9, tzinfo=UTC),
)
NEXT = replace(WINDOW, name="2024-01-08", first=date(2024, 1, 8), last=date(2024, 1, 14))
PRICE = Finding(
    kind="data_drift", subject="price", measure="psi", value=0.3, low=0.2, limit=0.1, rows=400
)
AUC = Finding(kind="quality", subject="auc", part="city = Bern", measure="auc", value=0.7, rows=40)


SHAPE = Shape(column="price", edges=(1.0,), values=(), training=(0.4, 0.6), window=(0.5, 0.5))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "monitoring.sqlite"


def test_what_was_judged_is_read_back_in_the_order_of_time(path: Path) -> None:
    first, second = replace(WINDOW, findings=(PRICE, AUC), shapes=(SHAPE,)), NEXT
    keep_window(path, second)
    keep_window(path, first)
    assert read_windows(path, "shop", 2) == read_windows(path, "shop") == [first, second]
    assert read_windows(path, "shop", 3) == read_windows(path, "other") == []


def test_a_window_judged_again_takes_the_place_of_the_first(path: Path) -> None:
    keep_window(path, replace(WINDOW, findings=(PRICE, AUC)))
    again = replace(WINDOW, labelled=90, fingerprint="b", findings=(replace(AUC, value=0.8),))
    keep_window(path, again)
    assert read_windows(path, "shop") == [again]


def test_any_tool_can_query_the_file(path: Path) -> None:
    keep_window(path, replace(WINDOW, findings=(PRICE,)))
    query = (
        "SELECT name, json_extract(value, '$.subject')"
        " FROM history, json_each(judged, '$.findings')"
    )
    with closing(sqlite3.connect(path)) as other:
        assert other.execute(query).fetchall() == [("2024-01-01", "price")]
