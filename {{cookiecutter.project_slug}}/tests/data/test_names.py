"""Column names that are hard on SQL, through the whole data job."""

from pathlib import Path

import ibis
import pytest

from {{ cookiecutter.__package }}.config import DataConfig, HashSplit
from {{ cookiecutter.__package }}.contract import Contract, told_apart
from {{ cookiecutter.__package }}.data import job, transform

AWKWARD = (
    *("age", "Age", "AGE", "age_2", "select", "a b", "a.b", "it's", 'say "so"', "größe", "日本"),
    *("_x", "class", "index", "model_config", "source_row", "{x}", "100%", "a;b", "\\n"),
)


def test_names_keep_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "transform", lambda sources: next(iter(sources.values())))
    fields = ['"' + name.replace('"', '""') + '"' for name in (*AWKWARD, "y")]
    lines = [
        ",".join([*(str(place * 100 + row) for place in range(len(AWKWARD))), str(row % 2)])
        for row in range(100)
    ]
    (tmp_path / "rows.csv").write_text("\n".join([",".join(fields), *lines]) + "\n")
    columns = {name: {"type": "integer"} for name in (*AWKWARD, "y")}
    contract = Contract.model_validate(
        {
            "name": "awkward",
            "task": "binary",
            "target": "y",
            "positive": 1,
            "sources": {"rows": {"csv": str(tmp_path / "rows.csv")}},
            "columns": columns,
        }
    )
    split = HashSplit(by="hash")
    config = DataConfig(directory=tmp_path / "data", driving="rows", split=split)
    dataset = job.run(contract, config)
    assert dataset.manifest["rows"]["kept"] == 100
    for name in ("train", "validation", "test"):
        for row in dataset.read(name).to_pylist():
            number = row.pop("_source_row") - 1
            assert row.pop("y") == number % 2
            assert row == {name: place * 100 + number for place, name in enumerate(AWKWARD)}


def test_engines_know_each_of_names_that_differ_in_case() -> None:
    known = told_apart(["age", "Age", "AGE", "age_2", "other"])
    assert known == {
        "age": "age_4",
        "Age": "Age_3",
        "AGE": "AGE",
        "age_2": "age_2",
        "other": "other",
    }
    assert told_apart(["b", "a"]) == {"b": "b", "a": "a"}


def test_a_transform_sees_them_by_the_names_that_engines_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(sources: dict[str, ibis.Table]) -> ibis.Table:
        (rows,) = sources.values()
        return rows.mutate(Age=rows.age_2, age_2=rows.Age)

    monkeypatch.setattr(transform, "transform", swapped)
    lines = "".join(f"{row},{-row},{row % 2}\n" for row in range(100))
    (tmp_path / "rows.csv").write_text(f"age,Age,y\n{lines}")
    contract = Contract.model_validate(
        {
            "name": "awkward",
            "task": "binary",
            "target": "y",
            "positive": 1,
            "sources": {"rows": {"csv": str(tmp_path / "rows.csv")}},
            "columns": {name: {"type": "integer"} for name in ("age", "Age", "y")},
        }
    )
    config = DataConfig(directory=tmp_path / "data", driving="rows", split=HashSplit(by="hash"))
    rows = job.run(contract, config).read("train").to_pylist()
    assert all(row["Age"] == -row["age"] == row["_source_row"] - 1 for row in rows)
