"""Rows are cut at local midnights."""

from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend

from {{ cookiecutter.__package }}.config import SplitConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import by_date
from {{ cookiecutter.__package }}.errors import ConfigError

CUT = SplitConfig.model_validate({"validation_from": "2024-03-01", "test_from": "2024-04-01"})
# the shop is in Paris: an hour before UTC in winter, two in summer
MOMENTS = [
    ("2024-02-29T22:59:59", "train"),
    ("2024-02-29T23:00:00", "validation"),
    ("2024-03-31T21:59:59", "validation"),
    ("2024-03-31T22:00:00", "test"),
    ("1970-01-01T00:00:00", "train"),
    ("2124-01-01T00:00:00", "test"),
]


def test_a_row_belongs_to_the_split_of_its_local_day(engine: Backend, shop: Contract) -> None:
    at = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text, _ in MOMENTS]
    table = ibis.memtable(pa.table({"at": at, "n": list(range(len(at)))}))
    split = table.mutate(split=by_date(table, shop, CUT)).order_by("n")
    assert engine.to_pyarrow(split)["split"].to_pylist() == [expected for _, expected in MOMENTS]


def test_without_a_time_there_is_no_split_by_date(shop: Contract) -> None:
    timeless = shop.model_copy(update={"time": None})
    table = ibis.memtable(pa.table({"at": [datetime(2024, 1, 1, tzinfo=UTC)]}))
    with pytest.raises(ConfigError, match=r"time: in contract\.yaml"):
        by_date(table, timeless, CUT)
