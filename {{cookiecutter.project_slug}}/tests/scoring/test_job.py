"""Rows to scores: what may come in, what comes out, what is rejected, and what is left behind."""

import gzip
import os
import subprocess
import sys
import time
from typing import Any

import polars as pl
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    DataError,
    ModelFailedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.tasks import Task
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.scoring import job
from {{ cookiecutter.__package }}.scoring.job import run
from {{ cookiecutter.__package }}.scoring.source import open_source

from ..conftest import PACKAGE
from .conftest import HEAD, LINE, Place, rows_of


def test_each_format_is_read_and_files_of_a_folder_or_pattern_in_the_order_of_names(
    place: Place, shop: Contract
) -> None:
    rows, folder = rows_of(shop, 80), place.folder / "in"
    (folder / "deep").mkdir(parents=True)
    pacsv.write_csv(rows.slice(0, 40), folder / "a.csv")
    (folder / "deep" / "b.csv.gz").write_bytes(gzip.compress((folder / "a.csv").read_bytes()))
    pacsv.write_csv(rows.slice(40, 40), folder / "c.csv")
    pq.write_table(rows, folder / "all.parquet")
    pl.DataFrame(rows).write_ndjson(folder / "all.jsonl")
    names = rows["order"].to_pylist()
    for where, found in (
        ("all.parquet", names),
        ("all.jsonl", names),
        ("**/*.csv*", [*names, *names[:40]]),
        ("deep", names[:40]),
    ):
        assert place.scored(folder / where)["order"].to_pylist() == found, where
    with pytest.raises(DataError, match="name files of one kind"):
        place.run(folder)


def test_columns_may_come_in_any_order_be_too_many_or_left_out_where_they_may_be_missing(
    place: Place,
) -> None:
    whole = place.write(LINE.replace("Lyon,true", ","), name="a.csv")
    head = "note,items,price,at,channel,order\n"
    other = place.write('"1, 2",2,12.5,2024-05-01T08:00:00Z,web,o-1\n', name="b.csv", head=head)
    scores = [place.scored(path, f"{path.name}.parquet") for path in (whole, other)]
    assert scores[0].equals(scores[1])
    path = place.write(LINE.partition(",")[2], head=HEAD.partition(",")[2])
    (row,) = place.scored(path).select(["_file", "_record"]).to_pylist()
    assert row == {"_file": str(path), "_record": 1}


REFUSED: list[tuple[str, bytes, str]] = [
    ("a.csv", b"", "is empty; its first line must name the columns"),
    ("a.csv", HEAD.encode(), "no rows to score"),
    ("a.csv", b"price,items\n1,2\n", "no column 'at', 'channel'"),
    ("a.csv", (HEAD + LINE.replace("12.5", "dear")).encode(), r"1 of 1 rows.*price: not a float"),
    ("a.parquet", b"PAR1 but nothing more", "a.parquet' cannot be read"),
    ("a.xlsx", b"PK\x03\x04 and so on", r"is an Excel workbook .* save it as CSV"),
]


@pytest.mark.parametrize(("name", "content", "message"), REFUSED)
def test_a_file_that_cannot_be_scored_leaves_what_was_there(
    place: Place, name: str, content: bytes, message: str
) -> None:
    place.scored(place.write(LINE))
    (place.folder / name).write_bytes(content)
    before = (place.folder / "scored.parquet").read_bytes()
    with pytest.raises(DataError, match=message):
        place.run(place.folder / name)
    assert place.left == {"rows.csv", name, "scored.parquet", "quarantine"}
    assert (place.folder / "scored.parquet").read_bytes() == before


def test_what_is_not_there_is_said(place: Place) -> None:
    (place.folder / "empty").mkdir()
    for where in ("empty", "none-*.csv", "none.csv"):
        with pytest.raises(DataError, match=r"holds no file to score|does not exist"):
            place.run(place.folder / where)
    with pytest.raises(BundleError, match="make train"):
        run(place.config, "other", "rows.csv", place.folder / "out.parquet")
    with pytest.raises(RegistryError, match="has no version 7"):
        place.run(place.folder / "rows.csv", number=7)
    assert place.left == {"empty"}


def test_what_is_no_score_is_not_replaced(place: Place, shop: Contract) -> None:
    path = place.write(LINE)
    pq.write_table(rows_of(shop, 3), place.folder / "mine.parquet")
    (place.folder / "dir.parquet").mkdir()
    place.write("mine", name="quarantine/scored.parquet")
    for name, what in (("mine", "mine"), ("dir", "dir"), ("scored", "quarantine/scored")):
        with pytest.raises(DataError, match=rf"{what}.parquet' exists and holds no scores; name"):
            place.run(path, f"{name}.parquet")
    with pytest.raises(DataError, match=r"let --output end in .parquet"):
        place.run(path, "rows.csv")
    with pytest.raises(DataError, match=r"rows.csv/out.parquet' stopped: .*run the same command"):
        place.run(path, "rows.csv/out.parquet")
    assert path.read_text() == HEAD + LINE


def test_scores_are_replaced_and_say_by_which_model_they_were_made(place: Place) -> None:
    version = Versions(place.config.bundles, "shop").served()
    assert version is not None
    place.run(place.write(LINE, LINE.replace("12.5", "-1")))
    scores = place.scored(place.write(LINE, LINE.replace("o-1", "o-2")))
    assert scores["order"].to_pylist() == ["o-1", "o-2"]
    assert place.left == {"rows.csv", "scored.parquet", "quarantine"}
    assert place.quarantine() == []
    metadata = pq.read_metadata(place.folder / "scored.parquet").metadata
    stamp = {key: metadata[key.encode()].decode() for key in ("model", "version", "bundle")}
    assert stamp == {"model": "shop", "version": "1", "bundle": version.bundle}


def test_what_the_graph_cannot_answer_is_said_with_its_records(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.write(LINE, LINE)
    monkeypatch.setattr(Task, "valid", lambda _, outputs: len(outputs) < 2)
    with pytest.raises(ModelFailedError, match=r"rows.csv', a row among the records 1 to 2"):
        place.run(path)
    assert place.left == {"rows.csv"}


def test_of_two_runs_into_one_output_the_second_leaves_the_first_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is no pattern: it matches no other run's folder."""
    path = place.write(LINE)

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(job, "open_source", open_source)
        with pytest.raises(DataError, match=r"another run scores into .*scored.parquet'; wait"):
            place.run(path)
        place.run(path, "[s]cored.parquet")
        return open_source(*arguments)

    monkeypatch.setattr(job, "open_source", meanwhile)
    assert place.run(path) == (1, 0)
    assert place.left == {"rows.csv", "quarantine", "scored.parquet", "[s]cored.parquet"}


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_killed_run_leaves_nothing_half_written_and_the_next_one_sweeps(
    place: Place, shop: Contract
) -> None:
    path = place.folder / "rows.parquet"
    pq.write_table(rows_of(shop, 200_000), path, row_group_size=1_000)
    script = (
        f"from {PACKAGE}.config import ServeConfig; from {PACKAGE}.scoring.job import run;"
        "import sys; from pathlib import Path; config = ServeConfig.model_validate_json(sys.argv[1]);"
        "run(config, 'shop', sys.argv[2], Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", script, place.config.model_dump_json(), str(path)]
    target = place.folder / "scored.parquet"
    with subprocess.Popen([*command, str(target)], stdout=subprocess.DEVNULL) as process:
        while not any(place.folder.glob(".scored.parquet.*/scores")):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert not target.exists()
    assert place.run(path) == (200_000, 0)
    assert place.left == {"rows.parquet", "scored.parquet", "quarantine"}


def test_each_rejected_row_is_in_quarantine_with_its_number_and_its_reasons(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        LINE,
        LINE.replace("12.5", "dear"),
        "\n",
        LINE.replace("12.5", "1001"),
        LINE.replace("o-1", '"o\n2"').replace("12.5,2,web", "-1,0,shop"),
        "o-3,2024-05-01T08:00:00Z,1\n",
        LINE.replace("o-1", ""),
    ]
    named = [line.replace(",2024", ",Ada Lovelace,2024") for line in lines]
    path = place.write(*named, head=HEAD.replace("order,", "order,name,"))
    assert place.run(path, max_rejected_fraction=1.0) == (1, 5)
    three = "price: below minimum 0; items: below minimum 1; channel: not one of the allowed values"
    assert place.quarantine() == [
        ("rows.csv", 2, "price: not a float"),
        ("rows.csv", 3, "price: above maximum 1000"),
        ("rows.csv", 4, three),
        ("rows.csv", 5, "4 fields, and the header has 8"),
        ("rows.csv", 6, "order: missing"),
    ]
    assert "rejected  5 of 6 rows: " in capsys.readouterr().out
    kept = pq.read_table(place.folder / "quarantine" / "scored.parquet")["_raw"].to_pylist()
    assert ["Lyon" in str(row) for row in kept] == [True, True, True, False, True]
    assert "Ada" not in str(kept)


def test_too_many_rejected_rows_give_no_output(place: Place) -> None:
    path = place.write(LINE, LINE.replace("12.5", "-1"), LINE.replace("12.5", "x"))
    limit = r"scoring rejected 2 of 3 rows, more than data.max_rejected_fraction = 0.5"
    with pytest.raises(DataError, match=limit):
        place.run(path)
    assert len(place.quarantine()) == 2
    assert "scored.parquet" not in place.left
    assert place.run(path, max_rejected_fraction=0.7) == (1, 2)
