"""Rows to scores: what may come in, what comes out, what is refused, and what is left behind."""

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    DataError,
    ModelFailedError,
    ProjectError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.tasks import Task
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.scoring import job
from {{ cookiecutter.__package }}.scoring.job import run

from ..conftest import PACKAGE, TASKS, shop_of
from ..serving.conftest import serve_config
from ..serving.live import add_version
from ..synthesized import synthesize
from .conftest import HEAD, LINE, Place, rows_of


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("key", ["order", None])
def test_scores_have_the_id_or_else_file_and_record(
    tmp_path: Path, task: str, key: str | None
) -> None:
    contract, config = shop_of(task, id=key), serve_config(tmp_path)
    add_version(config.bundles, contract)
    table, path = synthesize(contract, 250), tmp_path / "rows.parquet"
    pq.write_table(table, path)
    run(config, "shop", str(path), tmp_path / "scored.parquet")
    found = pq.read_table(tmp_path / "scored.parquet")
    if key:
        assert found[key].to_pylist() == table[key].to_pylist()
    else:
        assert set(found["_file"].to_pylist()) == {str(path)}
        assert found["_record"].to_pylist() == list(range(1, 251))
    columns = ["value"] if task == "regression" else ["probability", "decision"]
    named = [key] if key else ["_file", "_record"]
    assert found.column_names[: len(named) + len(columns)] == [*named, *columns]


def parquet_with(folder: Path, contract: Contract, cities: pa.Array) -> Path:
    """Equal rows but for their city."""
    table = synthesize(contract, 1).drop_columns(["returned", "refund", "city"])
    table = pa.concat_tables([table] * len(cities)).append_column("city", cities)
    pq.write_table(table, folder / "rows.parquet")
    return folder / "rows.parquet"


@pytest.mark.parametrize(
    "cities",
    [
        pa.array(["1", "true", None, "Lyon"]),
        pa.array(["1", "true", None, "Lyon"]).dictionary_encode(),
        pa.array(["1.0", "TRUE", None, " x "], pa.large_string()),
        pa.array([b"1", b"true", None, b"Lyon"], pa.binary()),
    ],
)
def test_text_is_one_category_however_a_file_holds_it(
    place: Place, shop: Contract, cities: pa.Array
) -> None:
    found = place.scored(parquet_with(place.folder, shop, cities))["probability"].to_pylist()
    assert len({round(p, 6) for p in found}) == 3
    assert found[2] == found[3]


def test_every_format_of_a_folder_is_read_in_the_order_of_names(
    place: Place, shop: Contract
) -> None:
    rows, folder = rows_of(shop, 160), place.folder / "in"
    (folder / "deep").mkdir(parents=True)
    pacsv.write_csv(rows.slice(0, 40), folder / "a.csv")
    (folder / "b.csv.gz").write_bytes(gzip.compress((folder / "a.csv").read_bytes()))
    pq.write_table(rows.slice(80, 40), folder / "deep" / "c.parquet")
    table = rows.slice(120, 40)
    pl.DataFrame(table).write_ndjson(folder / "z.jsonl")
    (folder / "_SUCCESS").touch()
    (folder / ".old.csv").write_text("not rows")
    found = place.scored(folder)["order"].to_pylist()
    names = rows["order"].to_pylist()
    assert found == [*names[:40], *names[:40], *names[80:]]
    assert place.scored(f"{folder}/[ab].csv*", "two.parquet")["order"].to_pylist() == names[:40] * 2


def test_columns_may_come_in_any_order_be_too_many_or_left_out_where_they_may_be_missing(
    place: Place,
) -> None:
    whole = place.write(LINE.replace("Lyon,true", ","), name="a.csv")
    other = place.write(
        '"1, 2",2,12.5,2024-05-01T08:00:00Z,web,o-1\n',
        name="b.csv",
        head="note,items,price,at,channel,order\n",
    )
    found = [place.scored(path, f"{path.name}.parquet") for path in (whole, other)]
    assert found[0].equals(found[1])


def test_a_file_without_the_id_is_scored(place: Place) -> None:
    path = place.write(LINE.partition(",")[2], head=HEAD.partition(",")[2])
    (found,) = place.scored(path).select(["_file", "_record"]).to_pylist()
    assert found == {"_file": str(path), "_record": 1}


REFUSED: list[tuple[bytes, str]] = [
    (b"", "is empty; its first line must name the columns"),
    (HEAD.encode(), "no rows to score"),
    (b"price,items\n1,2\n", "no column 'at', 'channel'"),
    ((HEAD + LINE.replace("12.5", "dear")).encode(), r"1 of 1 rows.*price: not a float 1"),
    ((HEAD + LINE.replace("12.5", "-1")).encode(), r"1 of 1 rows.*price: below minimum 0 1"),
    ((HEAD.replace("city", "price") + LINE).encode(), "price"),
    (b"PAR1 but nothing more", "rows.file"),
    (b"PK\x03\x04 and so on", "is a zip or Excel file"),
    (b"\x00\x01\x02", "rows.file"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_file_that_cannot_be_scored_leaves_what_was_there(
    place: Place, content: bytes, message: str
) -> None:
    place.scored(place.write(LINE))
    (place.folder / "rows.file").write_bytes(content)
    before = (place.folder / "scored.parquet").read_bytes()
    with pytest.raises(DataError, match=message):
        place.run(place.folder / "rows.file")
    assert place.left - {"quarantine"} == {"rows.csv", "rows.file", "scored.parquet"}
    assert (place.folder / "scored.parquet").read_bytes() == before


def test_a_parquet_file_whose_pages_are_damaged_is_refused(place: Place, shop: Contract) -> None:
    path = place.folder / "rows.parquet"
    pq.write_table(synthesize(shop, 500), path)
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows.parquet' cannot be read"):
        place.run(path)
    assert place.left == {"rows.parquet"}


@pytest.mark.parametrize("where", ["empty", "none-*.csv", "none.csv"])
def test_what_is_not_there_is_said(place: Place, where: str) -> None:
    (place.folder / "empty").mkdir()
    with pytest.raises(DataError, match="names no file; name a CSV, Parquet or JSON Lines file"):
        place.run(place.folder / where)
    assert place.left == {"empty"}


def test_a_column_that_only_a_folder_names_is_not_passed_over(place: Place) -> None:
    place.write(LINE.replace(",Lyon", ""), name="city=Lyon/a.csv", head=HEAD.replace(",city", ""))
    with pytest.raises(DataError, match="its folder is city=Lyon; write city as a column, too"):
        place.run(place.folder / "city=Lyon")


def test_what_is_no_score_is_not_replaced(place: Place, shop: Contract) -> None:
    path = place.write(LINE)
    pq.write_table(rows_of(shop, 3), place.folder / "mine.parquet")
    (place.folder / "dir.parquet").mkdir()
    for name in ("mine.parquet", "dir.parquet"):
        with pytest.raises(DataError, match=rf"{name}' exists and holds no scores; name another"):
            place.run(path, name)
    with pytest.raises(DataError, match=r"let --output end in .parquet"):
        place.run(path, "rows.csv")
    (place.folder / "quarantine").mkdir()
    (place.folder / "quarantine" / "scored.parquet").write_text("mine")
    with pytest.raises(DataError, match=r"quarantine/scored.parquet' exists and holds no scores"):
        place.run(path)
    assert path.read_text() == HEAD + LINE


def test_scores_are_replaced_and_say_by_which_model_they_were_made(place: Place) -> None:
    version = Versions(place.config.bundles, "shop").served()
    assert version is not None
    place.run(place.write(LINE, LINE.replace("12.5", "-1")))
    assert place.scored(place.write(LINE, LINE.replace("o-1", "o-2")))["order"].to_pylist() == [
        *("o-1", "o-2")
    ]
    assert place.left == {"rows.csv", "scored.parquet", "quarantine"}
    assert list((place.folder / "quarantine").iterdir()) == []
    metadata = pq.read_metadata(place.folder / "scored.parquet").metadata
    said = {key: metadata[key.encode()].decode() for key in ("model", "version", "bundle")}
    assert said == {"model": "shop", "version": "1", "bundle": version.bundle}


def test_without_a_served_model_the_next_step_is_said(place: Place) -> None:
    with pytest.raises(BundleError, match="make train"):
        run(place.config, "other", "rows.csv", place.folder / "out.parquet")
    with pytest.raises(RegistryError, match="has no version 7"):
        place.run(place.folder / "rows.csv", number=7)
    assert place.left == set()


def test_a_place_where_nothing_can_be_written_is_said(place: Place) -> None:
    path = place.write(LINE)
    (place.folder / "file").touch()
    with pytest.raises(DataError, match=r"file/scored.parquet' stopped: .*run the same command"):
        place.run(path, "file/scored.parquet")


def test_what_the_graph_cannot_answer_is_said_with_its_records(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.write(LINE, LINE)
    monkeypatch.setattr(Task, "valid", lambda _, outputs: len(outputs) < 2)
    with pytest.raises(ModelFailedError, match=r"rows.csv', a row among the records 1 to 2"):
        place.run(path)
    assert place.left == {"rows.csv"}


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_run_that_was_stopped_leaves_what_was_there(
    place: Place, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = place.write(LINE)
    place.run(path)
    before = (place.folder / "scored.parquet").read_bytes()

    def stop(*_: Any) -> None:
        raise error

    monkeypatch.setattr(job, "tally", stop)
    with pytest.raises((ProjectError, KeyboardInterrupt)):
        place.run(path)
    assert place.left == {"rows.csv", "scored.parquet"}
    assert (place.folder / "scored.parquet").read_bytes() == before


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
    assert place.run(path).scored == 200_000
    assert place.left == {"rows.parquet", "scored.parquet"}
