"""Files as they come: quotes, newlines, encodings, delimiters, and what is no table at all."""

import json
from dataclasses import replace

import pytest

from {{ cookiecutter.__package }}.atomic import pointed
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.errors import (
    DataError,
)

from .conftest import Shop, changed, orders, text_of, with_source


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


@pytest.mark.parametrize("line", [10, 30_000])
def test_an_open_quote_that_swallows_rows_is_told_and_changes_nothing(
    place: Shop, line: int
) -> None:
    before = place.with_dataset()
    lines = text_of(orders(60_000)).splitlines(keepends=True)
    lines[line] = lines[line].replace("Person ", "\"5' pipe ")
    place.write("".join(lines))
    with pytest.raises(DataError, match=r"lines are in no record.*double the quotes"):
        place.run()
    assert pointed(place.datasets / "current") == before


def test_rows_that_differ_in_a_column_nobody_declared_are_no_duplicates(place: Shop) -> None:
    rows = [dict(row, price="5", note=str(number)) for number, row in enumerate(orders())]
    place.write(rows)
    assert place.run().manifest["source_rows"]["orders"]["duplicates"] == 0
