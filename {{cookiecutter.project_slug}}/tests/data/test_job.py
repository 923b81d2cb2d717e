"""From a file of text to a dataset version: where each row goes, and what a failure leaves."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import job
from {{ cookiecutter.__package }}.data.job import describe, key_of
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.storage import read_pointer, write_file

from ..conftest import PACKAGE, shop_of
from .conftest import SPLIT, Shop, changed, orders, text_of, with_source

# who refuses a row, its cells → the reasons
REJECTED: list[tuple[str, dict[str, str], str]] = [
    ("orders", {"price": "12,5"}, "price: not a float"),
    ("orders", {"items": "3.7"}, "items: not an integer"),
    ("orders", {"gift": "maybe", "price": "x"}, "price: not a float; gift: not a boolean"),
    ("contract", {"price": "1000.5"}, "price: above maximum 1000"),
    ("contract", {"channel": "fax"}, "channel: not one of the allowed values"),
    ("contract", {"price": "", "items": "0"}, "price: missing; items: below minimum 1"),
    ("contract", {"order": ""}, "order: missing"),
]


def test_every_row_is_kept_or_counted_and_in_quarantine_with_its_reasons(place: Shop) -> None:
    rows = orders()
    for row, (_, cells, _) in zip(rows[10:], REJECTED, strict=False):
        row |= cells
    rows[5]["returned"] = ""
    rows += [dict(rows[8]), rows[9] | {"price": "7"}]
    place.write(text_of(rows) + '"Person" of old,short\n')
    dataset = place.having(max_rejected_fraction=0.5).run()
    manifest = dataset.manifest
    counts = {"in": 63, "accepted": 58, "rejected": 4, "duplicates": 1}
    assert manifest["source_rows"] == {"orders": counts}
    ends = {"driving": 58, "filtered": 0, "kept": 52, "unlabelled": 1}
    assert manifest["rows"] == ends | {"rejected": 4, "duplicates": 1}
    assert manifest["reasons"]["orders"]["2 fields, and the header has 10"] == 1
    assert manifest["reasons"]["transform"]["order: another row has it"] == 1
    (*untyped, short), (*broken, _) = map(place.quarantined, ("orders", "contract"))
    assert (short["_record"], short["_raw"]) == (63, None)  # it may hold a name
    assert [row["_record"] for row in [*untyped, *broken]] == list(range(11, 18))
    assert [row["_source_row"] for row in broken] == list(range(14, 18))
    assert {row["_file"] for row in [*untyped, *broken]} == {str(place.csv)}
    assert [row["_reasons"] for row in [*untyped, *broken]] == [reason for *_, reason in REJECTED]
    values = [{key: value or None for key, value in row.items()} for row in rows[10:13]]
    assert [json.loads(row["_raw"]) for row in untyped] == [row | {"name": "***"} for row in values]
    assert "name" not in {*dataset.read("train").column_names, *broken[0]}
    assert "Person" not in f"{untyped}{short}{broken}{manifest}"


def test_a_row_of_several_files_is_known_by_its_own(place: Shop) -> None:
    head, *lines = text_of(changed(41, price="-1")).splitlines(keepends=True)
    for name, part in (("orders-1.csv", lines[:30]), ("orders-2.csv", lines[30:])):
        (place.folder / name).write_text("".join([head, *part]))
    pattern = str(place.folder / "orders-*.csv")
    shop = replace(place, contract=with_source(place.contract, csv=pattern))
    assert [row["_source_row"] for row in shop.rows()] == [*range(1, 41), *range(42, 61)]
    (row,) = place.quarantined("contract")
    assert (Path(row["_file"]).name, row["_record"]) == ("orders-2.csv", 11)


def test_too_many_bad_rows_stop_the_run_and_are_kept_for_the_reader(place: Shop) -> None:
    before, rows = place.run().name, orders()
    for row in rows[:4]:
        row["price"] = "dear"
    place.write(rows)
    with pytest.raises(DataError) as caught:
        place.run()
    message = str(caught.value)
    assert "rejected 4 of 60 rows" in message
    assert "data.max_rejected_fraction = 0.05" in message
    assert "price: not a float 4" in message
    assert (Path(message.split("'")[3]) / "orders.parquet").exists()
    assert read_pointer(place.datasets / "current") == before
    assert sorted(path.name for path in place.datasets.iterdir()) == sorted([before, "current"])
    assert place.having(max_rejected_fraction=0.07).run().name != before


def test_what_was_made_once_is_not_made_again(place: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = place.run()
    place.write(changed(1, price="3"))
    second = place.run()
    place.write(orders())
    place.csv.write_bytes(place.csv.read_bytes().replace(b"\n", b"\r\n"))
    assert place.run().name == first.name  # made again, of the same rows
    assert len(list((place.folder / "data" / "runs").iterdir())) == 3
    place.write(orders())
    monkeypatch.delattr(job, "build")
    assert [place.run().name, place.run().name] == [first.name] * 2
    assert read_pointer(place.datasets / "current") == first.name != second.name


def test_all_that_decides_the_rows_makes_another_key(
    place: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(shop: Shop = place) -> str:
        return key_of(describe(shop.contract, shop.config, {"orders": [shop.csv]}))

    before, other = key(), tmp_path / "other.py"
    local = json.loads(place.contract.text) | {"timezone": "Europe/London"}
    assert key(replace(place, contract=Contract.model_validate(local))) != before
    assert key(place.having(split=SPLIT | {"test_from": "2024-03-02"})) != before
    assert key(place.having(max_rejected_fraction=0.1)) != before
    loaded = ("values", "rules", "contract.source", "data.transform", "data.delimited", "data.cast")
    for module in (sys.modules[f"{PACKAGE}.{name}"] for name in loaded):
        other.write_text(f"{Path(str(module.__file__)).read_text()}\n# changed\n")
        with monkeypatch.context() as context:
            context.setattr(module, "__file__", str(other))
            assert key() != before, module
    with monkeypatch.context() as context:
        context.setattr(job, "version", lambda _: "0")
        assert key() != before
    place.write(orders(59))
    assert key() != before


def test_one_run_at_a_time_which_sweeps_what_a_killed_one_left(place: Shop) -> None:
    names = ".etl.x", "datasets/.0123.y", "snapshots/orders/.z", "snapshots/kept", "datasets/kept"
    left = [place.folder / "data" / name for name in names]
    for folder in left:
        folder.mkdir(parents=True)
    write_file(record := place.folder / "data" / "runs" / ".0123.json.y", b"half")
    with FileLock(place.folder / "data" / ".lock"), pytest.raises(DataError, match="another run"):
        place.run()
    place.run()
    assert [path.exists() for path in (record, *left)] == [False] * 4 + [True] * 2


def test_of_rows_with_one_id_the_first_that_breaks_no_rule_stays(place: Shop) -> None:
    rows = changed(1, order="o-1", channel="fax")
    rows += [rows[1] | {"city": "Nice"}, rows[1] | {"city": "Metz", "price": "-1"}]
    place.write([*rows, rows[1] | {"city": "Toul", "returned": ""}])
    assert [row["_source_row"] for row in place.rows() if row["order"] == "o-1"] == [2]
    counts = place.run().manifest["rows"]
    assert (counts["duplicates"], counts["rejected"], counts["unlabelled"]) == (1, 2, 1)
    (other,) = [row for row in place.quarantined("contract") if "another" in row["_reasons"]]
    assert (other["_source_row"], other["_reasons"]) == (61, "order: another row has it")


def with_target(place: Shop, task: str, *texts: str) -> Shop:
    """The shop with another task, whose target has these values in turn."""
    place.write([row | {"returned": texts[n % len(texts)]} for n, row in enumerate(orders())])
    values = json.loads(shop_of(task).text)
    values["sources"] = json.loads(place.contract.text)["sources"]
    return replace(place, contract=Contract.model_validate(values))


@pytest.mark.parametrize(
    ("task", "texts", "shown"),
    [
        ("binary", ["yes", "no"], "(52.4% true, 47.6% false)"),
        ("multiclass", ["kept", "kept", "returned"], "(66.7% kept, 33.3% returned)"),
        ("regression", ["10", "20.5"], "(mean 15)"),
    ],
)
def test_labels_are_counted(
    place: Shop, capsys: pytest.CaptureFixture[str], task: str, texts: list[str], shown: str
) -> None:
    assert with_target(place, task, *texts).run().manifest["splits"]["train"]["rows"] == 21
    assert f"train      21 {shown}" in capsys.readouterr().out.splitlines()


def test_rows_that_teach_nothing_are_told(place: Shop) -> None:
    dates = {"validation_from": "2024-02-01", "test_from": "2025-01-01"}
    with pytest.raises(DataError, match=r"the test split has no rows: change data\.split"):
        place.having(split=dates).run()
    with pytest.raises(DataError, match=r"training rows have 'returned' = False, .*data\.split"):
        with_target(place, "binary", "no").run()
    with pytest.raises(DataError, match=r"'returned' = 12\.5, so there is nothing to learn"):
        with_target(place, "regression", "12.50").run()
    assert read_pointer(place.datasets / "current") is None
