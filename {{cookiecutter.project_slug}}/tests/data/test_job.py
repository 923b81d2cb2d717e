"""From a file of text to a dataset version: where each row goes, and what a failure leaves."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.data import job
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.errors import (
    DataError,
    TooManyRejectedError,
)
from {{ cookiecutter.__package }}.storage import read_pointer

from .conftest import Shop, changed, orders, text_of, with_rules


def source_rows(dataset: Dataset) -> dict[str, int]:
    """The counts of the shop's only file."""
    return dict(dataset.manifest["source_rows"]["orders"])


def test_good_rows_all_become_rows_of_the_dataset(place: Shop) -> None:
    dataset = place.run()
    assert source_rows(dataset) == {"in": 60, "accepted": 60, "rejected": 0, "duplicates": 0}
    rows = dataset.manifest["rows"]
    assert (rows["driving"], rows["kept"]) == (60, 60)
    assert {n: s["rows"] for n, s in dataset.manifest["splits"].items()} == {
        "train": 21,
        "validation": 19,
        "test": 20,
    }
    assert [row["_source_row"] for row in place.rows()] == list(range(1, 61))
    assert read_pointer(place.datasets / "current") == dataset.name


# text of a cell → what the reason says
PLANTED = [
    ({"price": "12,5"}, "price: not a float"),
    ({"items": "3.7"}, "items: not an integer"),
    ({"gift": "maybe", "price": "x"}, "price: not a float; gift: not a boolean"),
    ({"at": "01/02/2024"}, "at: not a timestamp"),
    ({"returned": "perhaps"}, "returned: not a boolean"),
]


def test_rows_that_are_not_of_their_types_are_quarantined_as_they_stood(place: Shop) -> None:
    rows = orders()
    for number, (cells, _) in enumerate(PLANTED):
        rows[16 + number] |= cells
    place.write(rows)
    dataset = replace(place, settings={"max_rejected_fraction": 0.5}).run()
    counts = source_rows(dataset)
    assert (counts["accepted"], counts["rejected"]) == (60 - len(PLANTED), len(PLANTED))
    found = place.quarantined("orders")
    assert [row["_record"] for row in found] == [17, 18, 19, 20, 21]
    assert {row["_file"] for row in found} == {str(place.csv)}
    assert [row["_reasons"] for row in found] == [reason for _, reason in PLANTED]
    texts = [{key: value or None for key, value in row.items()} for row in rows[16:21]]
    assert [json.loads(row["_raw"]) for row in found] == [row | {"name": "***"} for row in texts]


BROKEN = [
    ({"price": "1000.5"}, "price: above maximum 1000"),
    ({"price": "-1"}, "price: below minimum 0"),
    ({"items": "0"}, "items: below minimum 1"),
    ({"channel": "fax"}, "channel: not one of the allowed values"),
    ({"price": "", "items": ""}, "price: missing; items: missing"),
    ({"order": ""}, "order: missing"),
    ({"at": ""}, "at: missing"),
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
    assert [row["_record"] for row in found] == list(range(31, 31 + len(BROKEN)))
    assert [row["_reasons"] for row in found] == [reason for _, reason in BROKEN]


def test_every_row_of_a_bad_file_is_accounted_for(place: Shop) -> None:
    rows = orders()
    rows[3]["items"] = "many"
    rows[4]["channel"] = "fax"
    rows[5]["returned"] = ""
    rows.append(dict(rows[8]))
    rows.append(rows[9] | {"price": "7"})
    place.write(text_of(rows) + "too,short\n")
    dataset = place.run()
    assert source_rows(dataset) == {"in": 63, "accepted": 60, "rejected": 2, "duplicates": 1}
    assert dataset.manifest["rows"] == {
        "driving": 60,
        "filtered": 0,
        "kept": 57,
        "unlabelled": 1,
        "rejected": 1,
        "duplicates": 1,
    }
    assert dataset.manifest["reasons"] == {
        "orders": {"items: not an integer": 1, "2 fields, and the header has 10": 1},
        "contract": {"channel: not one of the allowed values": 1, "order: another row has it": 1},
    }
    many, short = place.quarantined("orders")
    assert (many["_record"], short["_record"]) == (4, 63)
    assert short["_raw"] is None  # whose name may be in it cannot be told


def test_a_row_that_repeats_is_a_duplicate_even_with_blank_cells(place: Shop) -> None:
    repeated = orders()[5] | {"city": "", "gift": ""}
    place.write([*orders(), repeated, repeated, repeated])
    dataset = place.run()
    assert source_rows(dataset)["duplicates"] == 2
    assert dataset.manifest["rows"]["duplicates"] == 1


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
    assert "price: not a float 4" in message
    folder = Path(message.split("'")[3])
    assert (folder / "orders.parquet").exists()
    assert read_pointer(place.datasets / "current") == before
    assert sorted(path.name for path in place.datasets.iterdir()) == sorted([before, "current"])
    assert replace(place, settings={"max_rejected_fraction": 0.07}).run().name != before


def test_too_many_rows_that_break_the_contract_stop_the_run(place: Shop) -> None:
    place.write([row | {"channel": "fax"} for row in orders()])
    with pytest.raises(TooManyRejectedError, match="the contract rejected 60 of 60"):
        place.run()
    assert len(place.quarantined("contract")) == 60
    assert read_pointer(place.datasets / "current") is None


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
    assert read_pointer(place.datasets / "current") == first.name


def test_personal_columns_reach_no_dataset_and_no_reason(place: Shop) -> None:
    rows = changed(7, name="Secretive, Sam", price="x")
    rows[11] |= {"name": "Secretive, Sam", "channel": "fax"}
    place.write(text_of(rows) + '"Secretive, Sam",1\n"Secretive" Sam,1\n')
    dataset = place.run()
    for path in dataset.path.iterdir():
        assert b"Secretive" not in path.read_bytes()
    assert "name" not in dataset.read("train").column_names
    found = [*place.quarantined("orders"), *place.quarantined("contract")]
    assert len(found) == 4
    assert "Secretive" not in str(found)


def test_two_runs_at_once_are_one_after_the_other(place: Shop) -> None:
    (place.folder / "data").mkdir()
    with FileLock(place.folder / "data" / ".lock"), pytest.raises(DataError, match="another run"):
        place.run()
    place.run()


def test_what_a_killed_run_left_behind_is_swept(place: Shop) -> None:
    left = [place.folder / "data" / ".etl.x", place.datasets / ".0123.y", place.datasets / "kept"]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "file").write_text("")
    place.run()
    assert [folder.exists() for folder in left] == [False, False, True]


# of rows 1, 2, 61 and 62, which have one id and of which 1 and 62 break a rule, the one that stays
@pytest.mark.parametrize(("keep", "stays"), [("first", 2), ("last", 61)])
def test_of_rows_with_one_id_the_first_or_last_that_breaks_no_rule_stays(
    place: Shop, keep: str, stays: int
) -> None:
    rows = changed(1, order="o-1", channel="fax")
    rows += [rows[1] | {"city": "Nice"}, rows[1] | {"city": "Metz", "price": "-1"}]
    place.write([*rows, rows[1] | {"city": "Toul", "returned": ""}])
    settled = replace(place, settings={"keep": keep})
    found = [row["_source_row"] for row in settled.rows() if row["order"] == "o-1"]
    assert found == [stays]
    counts = settled.run().manifest["rows"]
    assert (counts["duplicates"], counts["rejected"], counts["unlabelled"]) == (1, 2, 1)
    (other,) = [row for row in place.quarantined("contract") if "another" in row["_reasons"]]
    assert (other["_source_row"], other["_reasons"]) == (63 - stays, "order: another row has it")


def test_rows_with_one_id_fail_the_run_where_the_contract_says_so(place: Shop) -> None:
    place.write([*orders(), orders()[3] | {"price": "7"}])
    strict = with_rules(place, order={"on_violation": "fail"})
    with pytest.raises(DataError, match=r"order: another row has it, .*is fail .*record 61"):
        strict.run()
    assert read_pointer(place.datasets / "current") is None
