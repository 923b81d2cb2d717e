import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import History, Judged

WINDOW = Judged(
    model="shop",
    version=2,
    length="7 days",
    name="2024-01-01",
    first="2024-01-01",
    last="2024-01-07",
    begin_s=0,
    rows=400,
    labelled=40,
    complete=True,
    fingerprint="a",
    judged=datetime(2024, 1, 9, tzinfo=UTC),
)
NEXT = replace(WINDOW, name="2024-01-08", first="2024-01-08", last="2024-01-14")
PRICE = Finding(
    kind="data_drift", subject="price", measure="psi", value=0.3, low=0.2, limit=0.1, rows=400
)
AUC = Finding(kind="quality", subject="auc", part="city = Bern", measure="auc", value=0.7, rows=40)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "kept" / "monitoring.sqlite")


def test_what_was_judged_is_read_back_in_the_order_of_time(history: History) -> None:
    history.keep(NEXT, [AUC])
    history.keep(WINDOW, [PRICE, AUC])
    assert history.windows("shop", 2) == [WINDOW, NEXT]
    assert history.findings("shop", 2) == {"2024-01-01": [PRICE, AUC], "2024-01-08": [AUC]}
    assert history.findings("shop", 2, window="2024-01-08") == {"2024-01-08": [AUC]}
    assert history.windows("shop", 3) == history.windows("other") == []


def test_a_window_judged_again_takes_the_place_of_the_first(history: History) -> None:
    history.keep(WINDOW, [PRICE, AUC])
    again = replace(WINDOW, labelled=90, fingerprint="b")
    history.keep(again, [replace(AUC, value=0.8)])
    assert history.windows("shop") == [again]
    assert history.findings("shop", 2) == {"2024-01-01": [replace(AUC, value=0.8)]}


def test_any_tool_can_query_the_file(history: History) -> None:
    history.keep(WINDOW, [replace(PRICE, breach=True)])
    with closing(sqlite3.connect(history.path)) as other:
        query = "SELECT name, json_extract(value, '$.subject') FROM history, json_each(findings)"
        assert other.execute(query).fetchall() == [("2024-01-01", "price")]
