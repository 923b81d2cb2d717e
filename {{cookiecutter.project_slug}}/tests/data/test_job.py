"""From a file of text to a dataset version: where each row goes, and what a failure leaves."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import pytest

from {{ cookiecutter.__package }}.atomic import pointed
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import job, transform
from {{ cookiecutter.__package }}.errors import (
    DataError,
    TooManyRejectedError,
)

from ..conftest import PACKAGE
from .conftest import Rows, Shop, orders, text_of, with_source


def changed(row: int, **cells: str) -> Rows:
    """Good orders but for the cells of one row, counted from 1."""
    rows = orders()
    rows[row - 1] |= cells
    return rows


def test_good_rows_all_become_rows_of_the_dataset(place: Shop) -> None:
    dataset = place.run()
    assert dataset.manifest["source_rows"]["orders"] == dict(
        accepted=60, duplicates=0, rejected=0, **{"in": 60}
    )
    rows = dataset.manifest["rows"]
    assert (rows["driving"], rows["kept"]) == (60, 60)
    assert {n: s["rows"] for n, s in dataset.manifest["splits"].items()} == {
        "train": 21,
        "validation": 19,
        "test": 20,
    }
    assert [row["_source_row"] for row in place.rows()] == list(range(1, 61))
    assert pointed(place.datasets / "current") == dataset.name


def test_cells_have_the_contracts_types_and_values(place: Shop) -> None:
    row = place.rows()[2]
    assert row["price"] == 2.5
    assert row["items"] == 3
    assert row["channel"] == "web"
    assert row["city"] == "Caen"
    assert row["gift"] is None
    assert row["returned"] is False
    assert row["at"].isoformat() == "2024-01-04T11:00:00+00:00"  # noon in Paris, in winter


# text of a cell → what the reason says
PLANTED = [
    ({"price": "12,5"}, "price: not a float; "),
    ({"items": "3.7"}, "items: not an integer; "),
    ({"gift": "maybe", "price": "x"}, "price: not a float; gift: not a boolean; "),
    ({"at": "01/02/2024"}, "at: not a timestamp; "),
    ({"returned": "perhaps"}, "returned: not a boolean; "),
]


def test_rows_that_are_not_of_their_types_are_quarantined_as_they_stood(place: Shop) -> None:
    rows = orders()
    for number, (cells, _) in enumerate(PLANTED):
        rows[16 + number] |= cells
    place.write(rows)
    dataset = replace(place, settings={"max_rejected_fraction": 0.5}).run()
    counts = dataset.manifest["source_rows"]["orders"]
    assert (counts["accepted"], counts["rejected"]) == (60 - len(PLANTED), len(PLANTED))
    found = place.quarantined("orders.unread")
    assert [row.pop("_source_row") for row in found] == [17, 18, 19, 20, 21]
    assert [row.pop("_reasons") for row in found] == [reason for _, reason in PLANTED]
    assert found == [{name: text or None for name, text in row.items()} for row in rows[16:21]]


BROKEN = [
    ({"price": "1000.5"}, "price: above maximum 1000; "),
    ({"price": "-1"}, "price: below minimum 0; "),
    ({"items": "0"}, "items: below minimum 1; "),
    ({"channel": "fax"}, "channel: not one of the allowed values; "),
    ({"price": "", "items": ""}, "price: missing; items: missing; "),
    ({"order": ""}, "order: missing; "),
    ({"at": ""}, "at: missing; "),
]


def test_rows_that_break_the_contract_are_quarantined(place: Shop) -> None:
    rows = orders()
    for number, (cells, _) in enumerate(BROKEN):
        rows[30 + number] |= cells
    place.write(rows)
    dataset = replace(place, settings={"max_rejected_fraction": 0.5}).run()
    counts = dataset.manifest["rows"]
    assert (counts["kept"], counts["rejected"]) == (60 - len(BROKEN), len(BROKEN))
    found = place.quarantined("contract")
    assert [row["_source_row"] for row in found] == list(range(31, 31 + len(BROKEN)))
    assert [row["_reasons"] for row in found] == [reason for _, reason in BROKEN]


def test_every_row_of_a_bad_file_is_accounted_for(place: Shop) -> None:
    rows = orders()
    rows[3]["items"] = "many"
    rows[4]["channel"] = "fax"
    rows[5]["returned"] = ""
    rows.append(dict(rows[8]))
    rows.append(rows[9] | {"price": "7"})
    place.write(text_of(rows) + "too,short\n")
    manifest = place.run().manifest
    assert manifest["source_rows"]["orders"] == dict(
        accepted=60, rejected=2, duplicates=1, **{"in": 63}
    )
    assert manifest["rows"] == {
        "driving": 60,
        "kept": 57,
        "filtered": 0,
        "unlabelled": 1,
        "rejected": 1,
        "duplicates": 1,
    }
    (short,) = place.quarantined("orders.malformed")
    assert short["line"] == 64
    assert short["text"] == "too,short"
    assert "Found: 2" in short["reasons"]


def test_of_rows_with_one_id_the_first_stays(place: Shop) -> None:
    place.write([*orders(), orders()[0] | {"price": "999"}])
    assert place.rows()[0]["price"] == 0.5
    assert place.run().manifest["rows"]["duplicates"] == 1


def test_a_row_that_repeats_is_a_duplicate_even_with_blank_cells(place: Shop) -> None:
    repeated = orders()[5] | {"city": "", "gift": ""}
    place.write([*orders(), repeated, repeated, repeated])
    counts = place.run().manifest
    assert counts["source_rows"]["orders"]["duplicates"] == 2
    assert counts["rows"]["duplicates"] == 1


def test_an_open_quote_is_one_record_and_the_rows_after_it_are_kept(place: Shop) -> None:
    lines = text_of(orders()).splitlines(keepends=True)
    lines[10] = lines[10].replace("Person 9", '"Person 9')
    lines[11] = lines[11].replace("Person 10", 'Person "10')
    place.write("".join(lines))
    counts = place.run().manifest["source_rows"]["orders"]
    assert (counts["in"], counts["accepted"], counts["rejected"]) == (59, 58, 1)
    (record,) = place.quarantined("orders.malformed")
    assert record["line"] == 11
    assert record["text"].startswith("o-9,")


def test_a_quote_that_never_closes_is_told_and_changes_nothing(place: Shop) -> None:
    before = place.with_dataset()
    lines = text_of(orders()).splitlines(keepends=True)
    lines[10] = lines[10].replace("Person 9", '"Person 9')
    place.write("".join(lines))
    # one record holds all that followed: too few rows are left for a test split
    with pytest.raises(DataError):
        place.run()
    assert pointed(place.datasets / "current") == before


def test_the_same_rows_written_otherwise_have_the_same_content(place: Shop) -> None:
    expected = place.run()
    more = [{"": "7"} | row | {"PRICE": "x"} for row in orders()]
    place.write("\ufeff" + text_of(more, sorted(more[0], reverse=True), newline="\r\n"))
    dataset = place.run()
    assert dataset.name != expected.name
    assert dataset.manifest["content_hash"] == expected.manifest["content_hash"]


REFUSED = [
    (b"", ["orders.csv", "is empty"]),
    (b"\n\n", ["orders.csv", "is empty"]),
    (b"order,at\no-1,2024-01-01\n", ["no column", "'price'", "its columns are order, at"]),
    (b"order,at,order\n", ["'order'", "more than once"]),
    ("commande,prix d'unité\n".encode("latin-1"), ["not utf-8", "encoding"]),
    (text_of(orders()).split("\n")[0].encode(), ["'orders'", "no row"]),
    (text_of(orders()).encode("utf-16"), ["not utf-8", "encoding"]),
    (b"a" * 200_000, ["first line", "delimiter"]),
    (text_of(orders()).replace("\n", "\r\n", 30).encode(), ["orders.csv", "line ending"]),
]


@pytest.mark.parametrize(("content", "words"), REFUSED)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(
    place: Shop, content: bytes, words: list[str]
) -> None:
    before = place.with_dataset()
    place.write(content)
    with pytest.raises(DataError) as caught:
        place.run()
    assert [word for word in words if word not in str(caught.value)] == []
    assert pointed(place.datasets / "current") == before


def test_a_missing_file_is_named(place: Shop) -> None:
    place.csv.unlink()
    with pytest.raises(DataError, match=r"orders\.csv does not exist"):
        place.run()


def test_a_driving_source_that_is_not_in_the_contract_is_told(place: Shop) -> None:
    with pytest.raises(DataError, match=r"'sales'.*sources are orders"):
        replace(place, settings={"driving": "sales"}).run()


def test_bytes_that_are_not_of_the_encoding_cost_their_row_only(place: Shop) -> None:
    place.write(text_of(changed(5, name="Renée")).encode("latin-1"))
    counts = place.run().manifest["source_rows"]["orders"]
    assert (counts["in"], counts["accepted"], counts["rejected"]) == (60, 59, 1)
    (record,) = place.quarantined("orders.malformed")
    assert record["line"] == 6
    assert "unicode" in record["reasons"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_a_declared_encoding_is_read(place: Shop, encoding: str) -> None:
    rows = changed(5, city="Orléans")
    place.write(text_of(rows).encode(encoding))
    there = replace(place, contract=with_source(place.contract, encoding=encoding))
    assert there.rows()[4]["city"] == "Orléans"


def test_another_delimiter_and_other_missing_texts_are_read(place: Shop) -> None:
    place.write(text_of(changed(4, refund="n/a", city="NA"), delimiter="\t"))
    source = with_source(place.contract, delimiter="\t", missing=("n/a", ""))
    row = replace(place, contract=source).rows()[3]
    assert (row["refund"], row["city"]) == (None, "NA")


def test_delimiters_newlines_and_quotes_inside_quotes_are_text(place: Shop) -> None:
    city = 'Saint-"Jean",\nPied\r\nde-Port'
    place.write(changed(4, city=city))
    assert place.rows()[3]["city"] == city


def test_sources_may_have_any_plain_names(place: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["rows", "made", "checked", "contract", "select", "A-1"]
    monkeypatch.setattr(transform, "transform", lambda sources: sources["rows"])
    place.write(changed(2, items="x"))
    values = json.loads(place.contract.text)
    values["sources"] = dict.fromkeys(names, values["sources"]["orders"])
    contract = Contract.model_validate(values)
    there = replace(place, contract=contract, settings={"driving": "rows"})
    assert there.run().manifest["rows"]["kept"] == 59
    for name in names:
        assert [row["_source_row"] for row in place.quarantined(f"{name}.unread")] == [2]
    assert place.quarantined("contract") == []


def test_too_many_bad_rows_stop_the_run_and_are_kept_for_the_reader(place: Shop) -> None:
    before = place.with_dataset()
    rows = orders()
    for row in rows[:4]:
        row["price"] = "dear"
    place.write(rows)
    with pytest.raises(TooManyRejectedError) as caught:
        place.run()
    message = str(caught.value)
    assert "rejected 4 of 60 rows" in message
    assert "data.max_rejected_fraction = 0.05" in message
    folder = Path(message.split("'")[3])
    assert (folder / "orders.unread.parquet").exists()
    assert pointed(place.datasets / "current") == before
    assert sorted(path.name for path in place.datasets.iterdir()) == sorted([before, "current"])
    assert replace(place, settings={"max_rejected_fraction": 0.07}).run().name != before


def test_too_many_rows_that_break_the_contract_stop_the_run(place: Shop) -> None:
    place.write([row | {"channel": "fax"} for row in orders()])
    with pytest.raises(TooManyRejectedError, match="the contract rejected 60 of 60"):
        place.run()
    assert len(place.quarantined("contract")) == 60
    assert pointed(place.datasets / "current") is None


def test_a_split_without_both_classes_is_told(place: Shop) -> None:
    place.write([row | {"returned": "no"} for row in orders()])
    with pytest.raises(DataError, match=r"train split .* 0 are positive.*data\.split"):
        place.run()


def test_the_same_input_does_no_work(place: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = place.run()
    written = {path: path.stat().st_mtime_ns for path in first.path.iterdir()}
    monkeypatch.delattr(job, "build")
    assert place.run().name == first.name
    assert {path: path.stat().st_mtime_ns for path in first.path.iterdir()} == written


def test_an_older_input_gets_its_own_version_back(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place.run()
    place.write(changed(1, price="3"))
    assert place.run().name != first.name
    place.write(orders())
    monkeypatch.delattr(job, "build")
    assert place.run().name == first.name
    assert pointed(place.datasets / "current") == first.name


DIFFERENT: list[dict[str, Any]] = [
    {"timezone": "Europe/London"},
    {"positive": False},
    {"target": "gift"},
]


@pytest.mark.parametrize("change", DIFFERENT)
def test_what_decides_the_rows_decides_the_name(place: Shop, change: dict[str, Any]) -> None:
    values = json.loads(place.contract.text) | change
    other = Contract.model_validate(values)
    assert job.describe(other, place.config) != job.describe(place.contract, place.config)


def test_another_split_or_another_transform_is_another_version(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = job.describe(place.contract, place.config)
    split = {"validation_from": "2024-02-02", "test_from": "2024-03-01"}
    other = replace(place, settings={"split": split})
    assert job.describe(other.contract, other.config) != first
    monkeypatch.setattr(transform, "__file__", str(place.csv))
    assert job.describe(place.contract, place.config) != first


def test_personal_columns_reach_no_dataset_and_no_reason(place: Shop) -> None:
    rows = changed(7, name="Secretive, Sam", price="x")
    rows[11] |= {"name": "Secretive, Sam", "channel": "fax"}
    place.write(text_of(rows) + '"Secretive, Sam",1\n"Secretive" Sam,1\n')
    dataset = place.run()
    for path in dataset.path.iterdir():
        assert b"Secretive" not in path.read_bytes()
    assert "name" not in dataset.read("train").column_names
    reasons = [row["_reasons"] for row in place.quarantined("orders.unread")]
    reasons += [row["_reasons"] for row in place.quarantined("contract")]
    reasons += [row["reasons"] for row in place.quarantined("orders.malformed")]
    assert len(reasons) == 4
    assert "Secretive" not in "".join(reasons)


def lose(rows: ibis.Table) -> ibis.Table:
    return rows.drop("price")


def repeat(rows: ibis.Table) -> ibis.Table:
    return rows.union(rows)


def invent(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(_source_row=rows["_source_row"] + 1000)


def forget(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(_source_row=ibis.null("int64"))


def untrack(rows: ibis.Table) -> ibis.Table:
    return rows.drop("_source_row")


def mistype(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(price=rows.channel)


def halve(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(items=rows.items / 2)


TRANSFORMS = [
    (lose, ["no column 'price'", "data/transform.py"]),
    (repeat, ["repeats 60", "'orders'", "data/transform.py"]),
    (invent, ["invents 60", "'orders'"]),
    (forget, ["invents 60", "'orders'"]),
    (untrack, ["no column '_source_row'", "data/transform.py"]),
    (mistype, ["types", "data/transform.py"]),
    (halve, ["'items'", "float", "integer", "data/transform.py"]),
]


@pytest.mark.parametrize(("function", "words"), TRANSFORMS, ids=[f.__name__ for f, _ in TRANSFORMS])
def test_a_transform_that_loses_the_thread_is_told_how(
    place: Shop,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[ibis.Table], ibis.Table],
    words: list[str],
) -> None:
    before = place.with_dataset()
    monkeypatch.setattr(transform, "transform", lambda sources: function(sources["orders"]))
    place.write(changed(1, price="3"))
    with pytest.raises(DataError) as caught:
        place.run()
    assert [word for word in words if word not in str(caught.value)] == []
    assert pointed(place.datasets / "current") == before


def test_rows_that_a_transform_filters_are_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheap(sources: dict[str, ibis.Table]) -> ibis.Table:
        rows = sources["orders"]
        return rows.filter(rows.items < 3)

    monkeypatch.setattr(transform, "transform", cheap)
    rows = place.run().manifest["rows"]
    assert (rows["driving"], rows["kept"], rows["filtered"]) == (60, 40, 20)


def test_numbers_that_a_transform_makes_infinite_are_missing(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(sources: dict[str, ibis.Table]) -> ibis.Table:
        rows = sources["orders"]
        odd = ibis.cases((rows.items == 3, float("nan")), else_=float("inf"))
        return rows.mutate(refund=(rows.items == 1).ifelse(1.0, odd))

    monkeypatch.setattr(transform, "transform", divide)
    assert {row["items"]: row["refund"] for row in place.rows()} == {1: 1.0, 2: None, 3: None}


def test_a_second_source_is_joined_and_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "cities.csv").write_text("id,town\no-0,Nice\no-1,Brest\no-1,Brest\n")

    def join(sources: dict[str, ibis.Table]) -> ibis.Table:
        rows, towns = sources["orders"], sources["towns"]
        joined = rows.left_join(towns.drop("_source_row"), rows.order == towns.id)
        return joined.mutate(city=joined.town)

    monkeypatch.setattr(transform, "transform", join)
    towns = {
        "csv": str(place.folder / "cities.csv"),
        "columns": {"id": "string", "town": "category"},
    }
    raw = json.loads(place.contract.text)
    raw["sources"]["towns"] = towns
    there = replace(place, contract=Contract.model_validate(raw))
    assert [row["city"] for row in there.rows()][:3] == ["Nice", "Brest", None]
    assert there.run().manifest["source_rows"]["towns"] == dict(
        accepted=2, rejected=0, duplicates=1, **{"in": 3}
    )


SCRIPT = f"""
import os, signal, sys
from pathlib import Path
from {PACKAGE}.config import DataConfig
from {PACKAGE}.contract import Contract
from {PACKAGE}.data import job, transform

def stop(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

contract, config = sys.argv[1:3]
transform.transform = lambda sources: sources["orders"]
for step in sys.argv[3:]:
    child = os.fork()
    if not child:
        settings = DataConfig.model_validate_json(config)
        place = settings.model_copy(update=dict(directory=settings.directory / step))
        setattr(job, step, stop)
        job.run(Contract.model_validate_json(contract), place)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""
# the step at which the job is killed → whether its dataset is whole by then
STEPS = {"shape": False, "content_hash": False, "point": True}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.slow
def test_a_killed_run_leaves_the_old_dataset_whole_and_can_be_repeated(place: Shop) -> None:
    clean = place.run()
    root = place.folder / "killed"
    for step in STEPS:
        shutil.copytree(place.folder / "data", root / step)
    place.write(changed(1, price="3", items="2"))
    config = place.config.model_copy(update={"directory": root}).model_dump_json()
    command = [sys.executable, "-c", SCRIPT, place.contract.text, config, *STEPS]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert killed.returncode == 0, killed.stderr
    expected = place.run()
    for step, whole in STEPS.items():
        datasets = root / step / "datasets"
        assert pointed(datasets / "current") == clean.name
        seen = {path.name for path in datasets.glob("[!.]*")}
        assert seen == {clean.name, "current"} | ({expected.name} if whole else set())
        again = job.run(place.contract, place.config.model_copy(update={"directory": root / step}))
        assert pointed(datasets / "current") == again.name
        assert again.manifest == expected.manifest
