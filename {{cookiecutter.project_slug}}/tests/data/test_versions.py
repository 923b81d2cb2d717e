"""Which versions there are, and what is told to differ between two of them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.data.versions import (
    find,
    show,
    show_difference,
    show_versions,
    versions,
)
from {{ cookiecutter.__package }}.errors import DataError

from ..conftest import PACKAGE
from .conftest import Shop, identity, orders, with_source

Said = Callable[[], list[str]]
Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Made:
    """The versions of one shop, the first of which the others differ from in one thing each."""

    shop: Shop
    first: Dataset
    others: dict[str, Dataset]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Made:
    folder = tmp_path_factory.mktemp("versions")
    place = Shop(folder=folder, contract=with_source(shop, csv=str(folder / "orders.csv")))
    contract = json.loads(place.contract.text)
    contract["columns"]["price"] |= {"maximum": 5000, "leaks": False}
    contract["columns"]["weight"] = {"type": "float", "nullable": True}
    del contract["columns"]["gift"]
    split = {"validation_from": "2024-02-10", "test_from": "2024-03-01"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            transform, "transform", lambda s: identity(s).mutate(weight=s["orders"].price)
        )
        place.write(orders())
        first = place.run()
        others = {
            "contract": replace(place, contract=with_columns(contract)).run(),
            "split": replace(place, settings={"split": split}).run(),
            "keep": replace(place, settings={"keep": "last"}).run(),
        }
        patch.setattr(transform, "__file__", str(place.csv))
        others["transform"] = place.run()
        patch.undo()
        patch.setattr(transform, "transform", identity)
        place.write([row | {"price": f"{n}.75", "city": ("", "Caen")[n % 2]} for n, row in dear()])
        others["source"] = place.run()
    return Made(shop=place, first=first, others=others)


def dear() -> list[tuple[int, dict[str, str]]]:
    """Another 40 orders, at prices from 100 on."""
    return list(enumerate(orders(40), start=100))


def with_columns(contract: dict[str, Any]) -> Contract:
    """The contract, whose source has the columns that orders have."""
    columns = {name: column["type"] for name, column in contract["columns"].items()}
    del columns["weight"]
    contract["sources"]["orders"]["columns"] = columns
    return Contract.model_validate(contract)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """The lines that were printed since, their words parted by one space."""
    capsys.readouterr()
    return lambda: [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_versions_are_listed_from_the_oldest_to_the_newest(made: Made, said: Said) -> None:
    directory = made.shop.config.directory
    found = [dataset.name for dataset in versions(directory)]
    assert found == [made.first.name, *(other.name for other in made.others.values())]
    show_versions(directory)
    lines = said()
    rows = [line for line in lines if line.split(" ")[0] in found]
    assert [row.split(" ")[0] for row in rows] == found
    assert ["current" in row for row in rows] == [False] * 5 + [True]
    assert "21 19 20" in rows[0]
    assert "27 13 20" in rows[2]
    assert rows[0].endswith(made.first.manifest["content_hash"][:12])


def test_a_version_is_shown_with_its_sources_and_columns(made: Made, said: Said) -> None:
    show(made.first)
    lines = said()
    assert f"sources of {made.first.name}" in lines
    assert "orders orders.csv 60 60 0 0" in lines
    assert "price 0.0% 0.5 29.5 59.5" in lines
    assert "at 0.0% 2024-01-01 11:00 2024-02-13 23:00 2024-03-29 23:00" in lines
    assert "city 33.3% Caen 50%, Lyon 50%" in lines
    assert "channel 0.0% store 50%, web 50%" in lines
    assert "order 0.0%" in lines
    assert not any(line.startswith("name ") for line in lines)
    assert lines[-1] == f"content {made.first.manifest['content_hash']}"


DIFFERENCES: dict[str, list[str]] = {
    "source": [
        "source orders orders.csv changed",
        "driving 60 40",
        "kept 60 40",
        "price median 29.5 119.75",
        "city gaps 33.3% 50.0%",
        "city share of Lyon 50.0% 0.0%",
        "different the rows differ",
    ],
    "contract": [
        "contract columns.price.maximum 1000 became 5000: more values are valid",
        "contract columns.weight is new; may be left out",
        "contract columns.gift is gone; requests that send it are refused",
        "contract sources.orders is read differently; the row is the same",
        "weight column – there",
        "gift column there –",
        "different the rows differ",
    ],
    "split": ["train 21 27", "validation 19 13", "different the rows differ"],
    "keep": ["data.keep first became last", "equal the rows are the same"],
    "transform": ["data/transform.py changed", "equal the rows are the same"],
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_what_changed_between_two_versions_is_told(made: Made, said: Said, what: str) -> None:
    show_difference(made.first, made.others[what])
    lines = said()
    assert [line for line in DIFFERENCES[what] if line not in lines] == []
    made_of = [line.split(" ")[0] for line in lines if line.startswith(("source", "data", "contr"))]
    kinds = {"keep": "data.keep", "split": "data.split", "transform": "data/transform.py"}
    assert set(made_of) == {kinds.get(what, what)}


def test_a_version_equals_itself(made: Made, said: Said) -> None:
    show_difference(made.first, made.first)
    assert said() == ["equal the rows are the same"]


def edited(made: Made, folder: Path, edit: Edit) -> Dataset:
    """The first version as if its manifest said something else."""
    copy = Dataset(path=shutil.copytree(made.first.path, folder / "edited"))
    manifest = json.loads(json.dumps(made.first.manifest))
    edit(manifest)
    (copy.path / "manifest.json").write_text(json.dumps(manifest))
    return copy


def test_a_new_pipeline_a_new_file_and_another_driving_source_are_told(
    made: Made, tmp_path: Path, said: Said
) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        manifest["code"] = []
        manifest["driving"] = "others"
        manifest["sources"] = {"orders": [["new.csv", "1"]], "others": [["other.csv", "2"]]}

    show_difference(made.first, edited(made, tmp_path, edit))
    assert said()[4:9] == [
        "source orders orders.csv is gone",
        "source orders new.csv is new",
        "source others other.csv is new",
        "data.driving orders became others",
        "the pipeline's code changed",
    ]


def test_a_column_of_another_type_is_told(made: Made, tmp_path: Path, said: Said) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        columns = manifest["columns"]
        columns["at"], columns["price"] = columns["price"], columns["at"]
        columns["items"] = columns["city"]

    show_difference(made.first, edited(made, tmp_path, edit))
    lines = said()
    assert "at median 2024-02-13 23:00 29.5" in lines
    assert "price median 29.5 2024-02-13 23:00" in lines
    assert "items gaps 0.0% 33.3%" in lines


def test_a_value_that_is_no_longer_among_the_most_frequent_is_not_said_to_be_gone(
    made: Made, tmp_path: Path, said: Said
) -> None:
    def with_tenth(town: str) -> Dataset:
        def edit(manifest: dict[str, Any]) -> None:
            shares = dict.fromkeys((f"town-{place}" for place in range(9)), 0.08) | {town: 0.079}
            manifest["columns"]["city"] = {"nulls": 0.0, "distinct": 12, "top": shares}

        return edited(made, tmp_path / town, edit)

    show_difference(with_tenth("Lyon"), with_tenth("Caen"))
    assert said() == ["equal the rows are the same"]


@pytest.fixture
def named(tmp_path: Path) -> Path:
    for name in ("abc1", "abd2", "b", ".abc1.half"):
        (tmp_path / "datasets" / name).mkdir(parents=True)
    (tmp_path / "datasets" / "current").write_text("abd2\n")
    return tmp_path


def test_a_version_is_found_by_the_beginning_of_its_name(named: Path) -> None:
    found = {name: find(named, name).name for name in ("abc1", "abc", "abd", "b", None)}
    assert found == {"abc1": "abc1", "abc": "abc1", "abd": "abd2", "b": "b", None: "abd2"}


# the beginning of a name → what the message says
UNKNOWN = [
    ("ab", ["several datasets begin with 'ab'", "abc1", "abd2"]),
    ("", ["several datasets begin with ''"]),
    ("c", ["no dataset begins with 'c'", "valid are", "abc1", "abd2", "b"]),
    ("ABC", ["no dataset begins with 'ABC'"]),
    ("current", ["no dataset begins with 'current'"]),
    (".abc1", ["no dataset begins with '.abc1'"]),
    ("../datasets/b", ["no dataset begins with '../datasets/b'"]),
]


@pytest.mark.parametrize(("name", "words"), UNKNOWN)
def test_a_name_that_is_nobodys_or_several_ones_is_told(
    named: Path, name: str, words: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        find(named, name)
    assert [word for word in words if word not in str(caught.value)] == []
    assert ("b" in str(caught.value).split("valid are ")[1].split(", ")) == (name != "ab")


def test_where_no_dataset_is_the_command_that_makes_one_is_told(tmp_path: Path, said: Said) -> None:
    with pytest.raises(DataError, match="make data"):
        find(tmp_path, None)
    with pytest.raises(DataError, match="none yet"):
        find(tmp_path, "abc")
    show_versions(tmp_path)
    assert any("datasets below" in line for line in said())


def test_versions_are_looked_at_from_the_command_line(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def typed(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(
            "sys.argv", [PACKAGE, "dataset", *arguments, "--configs", str(tmp_path)]
        )
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return int(caught.value.code or 0), *capsys.readouterr()

    settings = made.shop.config.model_dump(mode="json")
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(settings))
    first, current = made.first.name, made.others["source"].name
    code, shown, _ = typed("list")
    assert (code, first in shown, current in shown) == (0, True, True)
    assert f"sources of {current}" in typed("show")[1]
    assert f"sources of {first}" in typed("show", first[:8])[1]
    assert "orders.csv changed" in typed("diff", first)[1]
    assert "the rows are the same" in typed("diff", first, made.others["keep"].name)[1]
    code, _, error = typed("diff", first, "nobody")
    assert code == 3
    assert error.startswith("error: no dataset begins with 'nobody'; valid are ")
