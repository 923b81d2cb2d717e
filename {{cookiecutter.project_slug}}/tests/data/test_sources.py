"""Sources of one file or many: which files, which columns, in which order."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.chunks import LINE
from {{ cookiecutter.__package }}.data.sources import files, open_source
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Shop, changed


def small(tagged: Sequence[str] = (), **source: Any) -> Contract:
    """A contract of one source with an integer ``n`` and a category ``c``; others are personal."""
    return Contract.model_validate(
        {
            "name": "small",
            "task": "binary",
            "target": "y",
            "sources": {"s": {"columns": {"n": "integer", "c": "category"}, **source}},
            "columns": {
                "c": {"type": "category"},
                "y": {"type": "boolean"},
                **{name: {"type": "string", "pii": True} for name in tagged},
            },
        }
    )


def rows(contract: Contract, folder: Path) -> list[dict[str, Any]]:
    """Every row of the source, with its file's name."""
    opened = open_source(contract, "s", files(contract, "s", folder))
    found: list[dict[str, Any]] = []
    for path in opened.files:
        for chunk in opened.chunks(path):
            assert chunk.file == str(path)
            assert chunk.rows.schema.names == [*opened.layout.schema.names, LINE]
            found += [row | {"file": path.name} for row in chunk.rows.to_pylist()]
    return found


def test_files_of_a_pattern_may_have_their_columns_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("n,c\n1,x\n")
    (tmp_path / "2.csv").write_text("\ufeffc,note,n\r\ny,p,2\r\n")
    (tmp_path / "3.csv").write_text("other,n,,c\nq,3,r,z\n")
    none = {"_other_0": None, "_other_1": None, "_other_2": None, LINE: 2}
    assert rows(small(csv=str(tmp_path / "*.csv")), tmp_path) == [
        {"n": 1, "c": "x", "file": "1.csv", **none},
        {"n": 2, "c": "y", "file": "2.csv", **none, "_other_0": "p"},
        {"n": 3, "c": "z", "file": "3.csv", **none, "_other_1": "q", "_other_2": "r"},
    ]


def test_parquet_files_of_a_pattern_may_have_their_columns_in_any_order(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1], "c": ["x"]}), tmp_path / "1.parquet")
    more = {"note": [1.5], "c": pa.array(["1.0"]).dictionary_encode(), "n": ["2"]}
    pq.write_table(pa.table(more), tmp_path / "2.parquet")
    assert rows(small(parquet=str(tmp_path / "*.parquet")), tmp_path) == [
        {"n": 1, "c": "x", "_other_0": None, LINE: 1, "file": "1.parquet"},
        {"n": 2, "c": "1", "_other_0": "1.5", LINE: 1, "file": "2.parquet"},
    ]


def test_where_repeats_are_kept_undeclared_columns_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,n,b,c,\n5,1,6,x,7\n")
    pq.write_table(pa.table({"a": [[1]], "n": [1], "c": ["x"]}), tmp_path / "1.parquet")
    expected = {"n": 1, "c": "x"}
    (row,) = rows(small(csv=str(tmp_path / "1.csv"), repeats="keep"), tmp_path)
    assert row == expected | {LINE: 2, "file": "1.csv"}
    (row,) = rows(small(parquet=str(tmp_path / "1.parquet"), repeats="keep"), tmp_path)
    assert row == expected | {LINE: 1, "file": "1.parquet"}


ABSENT = [
    ("c\nx\n", "has no column 'n'; its columns are c"),
    ("n o , c\n1,x\n", "has no column 'n'; its columns are n o, c"),
    ("n;c\n1;x\n", "has no column 'n', 'c'; its columns are n;c"),
    ("N,c\n1;x\n", "has no column 'n'; its columns are N, c"),
    ('"n,c"\n', "has no column 'n', 'c'; its columns are n,c"),
]


@pytest.mark.parametrize(("content", "message"), ABSENT)
def test_every_file_must_have_every_declared_column(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "1.csv").write_text("n,c\n1,x\n")
    (tmp_path / "2.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        rows(small(csv=str(tmp_path / "*.csv")), tmp_path)
    assert f"2.csv' {message}" in str(caught.value)


def test_a_parquet_file_must_have_every_declared_column_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1]}), tmp_path / "1.parquet")
    with pytest.raises(DataError, match=r"1\.parquet' has no column 'c'; its columns are n"):
        rows(small(parquet=str(tmp_path / "1.parquet")), tmp_path)


def test_a_first_line_that_may_be_personal_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("Ann,12\nBob,13\n")
    for contract in (small(csv="1.csv", pii=("name",)), small(["name"], csv="1.csv")):
        with pytest.raises(DataError, match="its first line must name the columns") as caught:
            open_source(contract, "s", [tmp_path / "1.csv"])
        assert "Ann" not in str(caught.value)
    (tmp_path / "1.csv").write_text("c,name\n")
    with pytest.raises(DataError, match="its columns are c, name"):
        open_source(small(["name"], csv="1.csv"), "s", [tmp_path / "1.csv"])


def test_a_layout_says_what_the_contract_says_of_a_source(shop: Contract, place: Shop) -> None:
    layout = open_source(place.contract, "orders", [place.csv]).layout
    assert dict(layout.types) == {name: column.type for name, column in shop.columns.items()}
    assert set(layout.modes.values()) == {"reject"}
    assert layout.personal == {"name"}
    assert (layout.zone.key, layout.drop) == ("Europe/Paris", True)


def test_personal_columns_are_those_of_source_and_contract_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("n,c,note,name\n")
    contract = small(["name", "phone"], csv=str(tmp_path / "1.csv"), pii=("note", "gone"))
    layout = open_source(contract, "s", files(contract, "s", tmp_path)).layout
    assert layout.personal == {"note", "name"}
    assert layout.others == ("note", "name")


def test_a_source_that_is_not_there_is_named(place: Shop) -> None:
    place.csv.unlink()
    with pytest.raises(DataError, match=r"orders\.csv' does not exist; put it there"):
        place.run()


def test_sources_may_have_any_plain_names(place: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["rows", "made", "checked", "contract_", "select", "A-1"]
    monkeypatch.setattr(transform, "transform", lambda sources: sources["rows"])
    place.write(changed(2, items="x"))
    values = json.loads(place.contract.text)
    values["sources"] = dict.fromkeys(names, values["sources"]["orders"])
    contract = Contract.model_validate(values)
    there = replace(place, contract=contract, settings={"driving": "rows"})
    assert there.run().manifest["rows"]["kept"] == 59
    for name in names:
        assert [row["_line"] for row in place.quarantined(name)] == [3]
