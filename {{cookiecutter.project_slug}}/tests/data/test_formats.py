from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.formats import read
from {{ cookiecutter.__package }}.data.sources import open_source

PARIS = ZoneInfo("Europe/Paris")
WRITTEN = [
    ("%d.%m.%Y", "31.12.2020", datetime(2020, 12, 30, 23, tzinfo=UTC)),
    ("%m/%d/%Y %I:%M:%S %p", "01/31/2020 11:00:00 PM", datetime(2020, 1, 31, 22, tzinfo=UTC)),
    ("%b %d, %Y", " Jul 4, 2020 ", datetime(2020, 7, 3, 22, tzinfo=UTC)),
    ("%Y%m%d", "20200704", datetime(2020, 7, 3, 22, tzinfo=UTC)),
    ("epoch_s", "1600000000", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
    ("epoch_ms", "1600000000000", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
]


@pytest.mark.parametrize(("form", "text", "moment"), WRITTEN)
def test_a_time_is_read_as_its_format_says(form: str, text: str, moment: datetime) -> None:
    assert read(pa.array([text, None]), form, PARIS).to_pylist() == [moment, None]


@pytest.mark.parametrize("form", [form for form, _, _ in WRITTEN])
@pytest.mark.parametrize("text", ["", "soon", "2020-12-31T00:00:00", "31.13.2020", "0x1F", "12"])
def test_what_is_written_otherwise_is_no_time(form: str, text: str) -> None:
    assert read(pa.array([text]), form, PARIS).to_pylist() == [None]


def test_a_source_says_how_its_times_are_written(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("at,y\n31.12.2020 08:30,1\nsoon,0\n")
    source = {"csv": str(path), "formats": {"at": "%d.%m.%Y %H:%M"}}
    contract = Contract.model_validate(
        {
            "name": "visits",
            "task": "binary",
            "target": "y",
            "positive": 1,
            "sources": {"visits": source},
            "columns": {"at": {"type": "timestamp"}, "y": {"type": "integer"}},
        }
    )
    (chunk,) = open_source(contract, "visits", [path]).chunks(path)
    assert chunk.rows["at"].to_pylist() == [datetime(2020, 12, 31, 8, 30, tzinfo=UTC)]
    assert [(one.line, one.reasons) for one in chunk.broken] == [(3, "at: not a timestamp; ")]


def test_a_format_is_for_a_timestamp_of_the_source() -> None:
    with pytest.raises(ValueError, match=r"sources.visits.formats: 'y' is no timestamp"):
        Contract.model_validate(
            {
                "name": "visits",
                "task": "binary",
                "target": "y",
                "positive": 1,
                "sources": {"visits": {"csv": "a.csv", "formats": {"y": "%Y"}}},
                "columns": {"x": {"type": "float"}, "y": {"type": "integer"}},
            }
        )
